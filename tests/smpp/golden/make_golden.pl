#!/usr/bin/perl
# Writes net-smpp.txt: each case of cases.json as Net::SMPP encodes it, one line of hex a case, "-" where it cannot.
# Run (Debian: libnet-smpp-perl, libjson-perl): perl make_golden.pl > net-smpp.txt
use strict;
use warnings;
use FindBin;
use IO::Socket::UNIX;
use JSON;
use Net::SMPP;
use Socket;

open my $in, '<', "$FindBin::Bin/cases.json" or die $!;
my $cases = decode_json(do { local $/; <$in> });

# Net::SMPP encodes straight into its socket: one end of a pair, ours is the other.
socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die $!;
bless $theirs, 'Net::SMPP';
${*$theirs}{$_} = Net::SMPP::Default->{$_} for keys %{Net::SMPP::Default()};
$theirs->set_version(0x34);
$theirs->autoflush(1);

# Names that v3.4 spells otherwise.
my %tlv_name = (dest_port => 'destination_port');

# Lists are given to Net::SMPP as one array a field.
sub columns {
    my ($entries) = @_;
    my %columns;
    for my $entry (@$entries) {
        push @{$columns{dest_flag}}, $entry->{dest_flag} if exists $entry->{dest_flag};
        push @{$columns{dest_addr_ton}}, $entry->{dest_addr_ton} // 0;
        push @{$columns{dest_addr_npi}}, $entry->{dest_addr_npi} // 0;
        push @{$columns{destination_addr}}, $entry->{destination_addr} // $entry->{dl_name};
        push @{$columns{error_status_code}}, $entry->{error_status_code} if exists $entry->{error_status_code};
    }
    return %columns;
}

for my $case (@$cases) {
    my $command = $case->{command};
    my @arguments = (async => 1, seq => $case->{sequence});
    push @arguments, status => $case->{status} if $command =~ /_resp$|^generic_nack$/;
    for my $name (sort keys %{$case->{fields}}) {
        my $value = $case->{fields}{$name};
        if (ref $value eq 'ARRAY') { push @arguments, columns($value); }
        elsif (ref $value eq 'HASH') { push @arguments, $name => pack('H*', $value->{hex}); }
        else { push @arguments, $name => $value; }
    }
    push @arguments, ($tlv_name{$_} // $_) => pack('H*', $case->{tlvs}{$_}) for sort keys %{$case->{tlvs}};

    # It knows no broadcasts, and no answers whose body is left out.
    my $known = $theirs->can($command) && !($case->{status} && !%{$case->{fields}} && $command ne 'generic_nack');
    if ($known && eval { $theirs->$command(@arguments); 1 }) {
        sysread $ours, my $octets, 65536;
        print unpack('H*', $octets), "\n";
    } else {
        print STDERR "$command: ", $@ || "not known\n";
        print "-\n";
    }
}

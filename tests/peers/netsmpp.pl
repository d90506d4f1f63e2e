#!/usr/bin/perl
# A customer written with Net::SMPP: a transmitter and a receiver of their own, one message to a number that can be
# reached, one to a number that cannot. Prints one line "step value..." for each thing it learns; netsmpp.test.mjs
# judges.
use strict;
use warnings;
use Net::SMPP;

$| = 1;
my ($port, $system_id, $password, $reachable, $unreachable) = @ARGV;
my @login = ('127.0.0.1', port => $port, system_id => $system_id, password => $password, smpp_version => 0x34);
my $sender = '46700000001';

sub bound {
    my ($step, $smpp, $answer) = @_;
    die "$step: no answer\n" unless $smpp && $answer;
    printf "%s %d\n", $step, $answer->status;
    return $smpp;
}

my $tx = bound('bind_transmitter', Net::SMPP->new_transmitter(@login));
my $rx = bound('bind_receiver', Net::SMPP->new_receiver(@login));

sub submit {
    my ($step, $number) = @_;
    my $answer = $tx->submit_sm(
        source_addr => $sender, destination_addr => $number,
        registered_delivery => 1, data_coding => 0, short_message => "from perl to $number",
    ) or die "$step: no answer\n";
    printf "%s %d %s\n", $step, $answer->status, $answer->{message_id};
    return $answer->{message_id};
}

sub query {
    my ($step, $id) = @_;
    my $answer = $tx->query_sm(message_id => $id, source_addr => $sender) or die "$step: no answer\n";
    printf "%s %d %d %s\n", $step, $answer->status, $answer->{message_state}, $answer->{message_id};
}

sub receipt {
    my ($step) = @_;
    while (my $pdu = $rx->read_pdu) {
        if ($pdu->cmd == Net::SMPP::CMD_enquire_link) { $rx->enquire_link_resp(seq => $pdu->seq); next }
        $rx->deliver_sm_resp(seq => $pdu->seq, message_id => '', status => 0);
        my ($id, $stat) = $pdu->{short_message} =~ /\bid:(\S+).*\bstat:(\S+)/;
        printf "%s %d %s %s\n", $step, $pdu->{esm_class}, $id, $stat;
        return;
    }
    die "$step: the receiver lost its connection\n";
}

submit('submit_reachable', $reachable);
receipt('receipt_reachable');

my $waiting = submit('submit_unreachable', $unreachable);
query('query_waiting', $waiting);
printf "cancel %d\n", $tx->cancel_sm(
    message_id => $waiting, source_addr => $sender, destination_addr => $unreachable)->status;
query('query_cancelled', $waiting);
receipt('receipt_cancelled');
printf "cancel_again %d\n", $tx->cancel_sm(
    message_id => $waiting, source_addr => $sender, destination_addr => $unreachable)->status;

printf "unbind_transmitter %d\n", $tx->unbind->status;
printf "unbind_receiver %d\n", $rx->unbind->status;

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstring>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

#include "codecs/smpp/dump.hpp"
#include "codecs/smpp/hex.hpp"
#include "codecs/smpp/mask.hpp"
#include "engine/admin/settings.hpp"
#include "tools/capture.hpp"
#include "tools/command.hpp"
#include "tools/tcp_stream.hpp"

namespace sluice::tools {
namespace {

struct DumpArguments {
    std::string file = "-";
    std::set<std::uint16_t> ports;
    bool hex = false, brief = false, passwords = false;
    std::string config;
    std::vector<smpp::NamedTlv> tlvs;  ///< that the configuration names
    Privacy privacy;                   ///< the configuration's, and what the options ask for
    std::string mask_numbers;
    bool mask_text = false;
};

/// PDUs out of streams of octets, shown as they come.
class Dumper {
public:
    explicit Dumper(const DumpArguments& arguments) {
        options_.octets = !arguments.brief;
        options_.secrets = arguments.passwords;
        options_.tlvs = arguments.tlvs;
        privacy_ = arguments.privacy;
    }

    /// Shows what is whole at the front of `octets` and returns how many octets that was. A length that no PDU can have
    /// ends the stream: everything counts as seen.
    std::size_t show(ByteView octets, const std::string& heading) {
        std::size_t seen = 0;
        for (;;) {
            const smpp::Frame frame = smpp::frame(octets.subspan(seen));
            if (frame.kind == smpp::Frame::Kind::incomplete) return seen;
            const bool broken = frame.kind == smpp::Frame::Kind::bad_length;
            show_pdu(broken ? octets.subspan(seen) : octets.subspan(seen, frame.size), heading);
            if (broken) return octets.size();
            seen += frame.size;
        }
    }

    /// Octets that are no whole PDU.
    void show_rest(ByteView octets, const std::string& heading) {
        if (!octets.empty()) show_pdu(octets, heading);
    }

    void trouble(const std::string& text) {
        fmt::print("! {}\n\n", text);
        ++malformed_;
    }

    std::size_t pdus() const { return pdus_; }
    std::size_t malformed() const { return malformed_; }

private:
    void show_pdu(ByteView pdu, const std::string& heading) {
        const std::string text = smpp::dump(smpp::masked(pdu, privacy_), options_);
        fmt::print("{}{}\n", heading, text);
        ++pdus_;
        if (text.starts_with('!') || text.find("\n!") != text.npos) ++malformed_;
    }

    smpp::DumpOptions options_;
    Privacy privacy_;
    std::size_t pdus_ = 0, malformed_ = 0;
};

/// The TCP connections of a capture that carry SMPP.
class CaptureDump {
public:
    CaptureDump(const DumpArguments& arguments, Dumper& dumper) : ports_(arguments.ports), dumper_(dumper) {}

    void add(const TcpSegment& segment) {
        if (!ports_.empty() && !ports_.contains(segment.from.port) && !ports_.contains(segment.to.port)) return;
        const std::string name = segment.from.to_string() + " -> " + segment.to.to_string();
        Direction& direction = directions_[name];
        if (direction.ignored) return;
        direction.stream.add(segment.sequence, segment.syn, segment.data);
        const auto second = std::chrono::floor<seconds>(segment.at);
        show(direction, fmt::format("{:%F %T}.{:06}  {}\n", second, (segment.at - second).count(), name));
        if (direction.stream.kept() > max_kept) skip_gap(direction, name);
    }

    void finish() {
        for (auto& [name, direction] : directions_) {
            while (!direction.ignored && direction.stream.kept() > 0) skip_gap(direction, name);
            if (!direction.ignored) dumper_.show_rest(direction.stream.ready(), name + ", cut off\n");
        }
    }

private:
    struct Direction {
        TcpStream stream;
        bool recognised = false;
        bool ignored = false;  ///< it is something else
    };
    /// Octets kept behind a gap before it is given up: more than a receive window.
    static constexpr std::size_t max_kept = 4 * 1024 * 1024;

    /// Without --port only what begins like SMPP is taken.
    static bool is_smpp(ByteView beginning) {
        const smpp::Frame frame = smpp::frame(beginning);
        return frame.kind != smpp::Frame::Kind::bad_length && smpp::known(frame.header.id);
    }

    void show(Direction& direction, const std::string& heading) {
        const ByteView ready = direction.stream.ready();
        if (!direction.recognised && ports_.empty()) {
            if (ready.size() < smpp::header_size) return;
            direction.ignored = !is_smpp(ready);
            if (direction.ignored) return direction.stream.consume(ready.size());
        }
        direction.recognised = true;
        direction.stream.consume(dumper_.show(ready, heading));
    }

    void skip_gap(Direction& direction, const std::string& name) {
        if (direction.recognised) dumper_.trouble(name + ": octets are missing in the capture");
        direction.stream.skip_gap();
        show(direction, name + ", after a gap\n");
    }

    const std::set<std::uint16_t>& ports_;
    Dumper& dumper_;
    std::map<std::string, Direction> directions_;
};

Result<void> dump_capture(std::FILE* file, const DumpArguments& arguments, Dumper& dumper) {
    CaptureDump dump(arguments, dumper);
    auto read = read_capture(file, [&](const TcpSegment& segment) { dump.add(segment); });
    dump.finish();
    return read;
}

Result<void> dump_hex(const std::string& text, Dumper& dumper) {
    const auto octets = smpp::parse_hex(text);
    if (!octets) return fail("neither a capture (pcap, pcapng) nor hex digits");
    const std::size_t seen = dumper.show(*octets, "");
    dumper.show_rest(ByteView(*octets).subspan(seen), "");
    return {};
}

std::string read_all(std::FILE* file) {
    std::string text;
    char buffer[65536];
    while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, file)) text.append(buffer, size);
    return text;
}

Result<void> dump_file(const DumpArguments& arguments, Dumper& dumper) {
    std::FILE* file = arguments.file == "-" ? stdin : std::fopen(arguments.file.c_str(), "rb");
    if (file == nullptr) return fail(arguments.file + ": " + std::strerror(errno));
    std::uint8_t beginning[4];
    const std::size_t size = std::fread(beginning, 1, sizeof beginning, file);
    std::string text(as_text({beginning, size}));
    const bool capture = !arguments.hex && is_capture({beginning, size});
    if (capture && std::fseek(file, 0, SEEK_SET) == 0) return dump_capture(file, arguments, dumper);
    text += read_all(file);
    if (file != stdin) std::fclose(file);
    if (!capture) return dump_hex(text, dumper);
    // A pipe cannot be rewound.
    return dump_capture(fmemopen(text.data(), text.size(), "rb"), arguments, dumper);
}

/// Names of TLVs from the providers' profiles, and masks. Of a tag that two providers name the first counts.
Result<void> read_settings(DumpArguments& arguments) {
    if (arguments.config.empty()) return {};
    const auto settings = admin::load_settings(arguments.config);
    if (!settings) return std::unexpected(settings.error());
    for (const routing::Provider& provider : settings->providers)
        for (const routing::VendorTlv& vendor : provider.tlvs) arguments.tlvs.push_back(vendor.tlv);
    arguments.privacy = settings->privacy;
    return {};
}

int dump(DumpArguments& arguments) {
    if (const auto read = read_settings(arguments); !read) return failure(read.error().message);
    using Numbers = Privacy::Numbers;
    if (!arguments.mask_numbers.empty())
        arguments.privacy.numbers = arguments.mask_numbers == "none"    ? Numbers::none
                                    : arguments.mask_numbers == "last4" ? Numbers::last4
                                                                        : Numbers::all;
    arguments.privacy.text = arguments.privacy.text || arguments.mask_text;
    Dumper dumper(arguments);
    const auto done = dump_file(arguments, dumper);
    if (!done) return failure(done.error().message);
    fmt::print("{} PDUs, {} malformed\n", dumper.pdus(), dumper.malformed());
    return dumper.malformed() == 0 ? exit_ok : exit_failed;
}

}  // namespace

void add_dump_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<DumpArguments>();
    CLI::App* command = app.add_subcommand("dump", "Show PDUs of a capture, or of hex digits, in words");
    command->footer(
        "Reads pcap and pcapng, puts TCP streams together, and marks what is malformed with \"!\".\n\n"
        "Examples:\n"
        "  sluice dump trace.pcap\n"
        "  sluice dump --port 2775 --brief trace.pcapng\n"
        "  sluice dump --config sluice.toml trace.pcap\n"
        "  sluice dump --mask-numbers last4 --mask-text trace.pcap      to be passed on\n"
        "  echo 00000010000000150000000000000001 | sluice dump\n"
        "  tcpdump -i lo -w - port 2775 | sluice dump -\n\n"
        "Exit codes: 0 all well-formed; 1 something is malformed, or cannot be read; 2 usage.");
    command->add_option("file", arguments->file, "Capture or hex text; - is standard input")->type_name("FILE|-");
    command->add_option("--port", arguments->ports, "Only this TCP port; without it, whatever looks like SMPP")
        ->expected(1)->allow_extra_args(false)->take_all();
    command->add_flag("--hex", arguments->hex, "The input is hex digits, whatever it looks like");
    command->add_flag("--brief", arguments->brief, "No octets");
    command->add_flag("--passwords", arguments->passwords, "Show them");
    command->add_option("--config", arguments->config,
                        "Take names and types of TLVs from its providers' [[provider.tlvs]], and masks from [privacy]")
        ->type_name("FILE");
    command->add_option("--mask-numbers", arguments->mask_numbers,
                        "Write the digits of addresses as *: all, all but the last four")
        ->check(CLI::IsMember({"none", "last4", "all"}));
    command->add_flag("--mask-text", arguments->mask_text, "Write texts as *");
    command->callback([arguments, &exit_code] { exit_code = dump(*arguments); });
}

}  // namespace sluice::tools

// Whatever a script calls the library with, and whatever its look-ups are answered with: an error or a result, within
// the bounds, and the message stays one that can be sent.

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/check.hpp"
#include "engine/script/vm.hpp"

namespace {

using namespace sluice;
using namespace sluice::script;

class Quiet final : public Host {
    void log(char, std::string_view, std::string_view text) override { SLUICE_CHECK(text.size() <= 1000); }
    WallTime now() override { return {}; }
};

/// The input, spent from the front; zeros when it is used up.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
    bool empty() const { return left_ == 0; }
    std::uint8_t octet() {
        if (left_ == 0) return 0;
        --left_;
        return *data_++;
    }
    std::uint64_t word() {
        std::uint64_t value = 0;
        for (int i = 0; i < 8; ++i) value = value << 8 | octet();
        return value;
    }
    std::string text() {
        std::string value;
        for (std::size_t size = octet(); size > 0 && left_ > 0; --size) value += static_cast<char>(octet());
        return value;
    }

private:
    const std::uint8_t* data_;
    std::size_t left_;
};

constexpr const char* functions[] = {
    "it.accept", "it.reject", "it.drop", "it.keep", "it.hold", "it.fail", "it.tlv", "it.set_tlv", "it.candidates",
    "it.set_candidates", "it.owners", "it.set_owners", "sluice.log", "sluice.warn", "sluice.send", "sluice.deliver",
    "sql.query", "sql.execute", "http.get", "http.post", "print", "string.byte", "string.char", "string.find",
    "string.format", "string.gmatch", "string.gsub", "string.len", "string.lower", "string.match", "string.rep",
    "string.reverse", "string.sub", "string.upper", "table.concat", "table.insert", "table.move", "table.pack",
    "table.remove", "table.sort", "table.unpack", "math.floor", "math.fmod", "math.random", "math.tointeger",
    "utf8.char", "utf8.codepoint", "utf8.len", "utf8.offset", "utf8.codes", "os.time", "os.date", "tostring",
    "tonumber", "select", "next", "pairs", "ipairs", "type", "rawget", "rawset", "rawlen", "rawequal", "setmetatable",
    "getmetatable", "error", "assert", "pcall", "xpcall", "collectgarbage", "get", "set"};

std::string literal_of(std::string_view text) {
    std::string made = "\"";
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        made += '\\';
        made += static_cast<char>('0' + octet / 100);
        made += static_cast<char>('0' + octet / 10 % 10);
        made += static_cast<char>('0' + octet % 10);
    }
    return made + '"';
}

std::string value(Input& input, int depth) {
    switch (input.octet() % 16) {
        case 0: return "nil";
        case 1: return "true";
        case 2: return "false";
        case 3: return std::to_string(static_cast<std::int8_t>(input.octet()));
        case 4: return "(" + std::to_string(input.word() >> 1) + ")";
        case 5: return "math.mininteger";
        case 6: return "(0/0)";
        case 7: return "1e300";
        case 8: return "0.5";
        case 9: return "it";
        case 10: return functions[input.octet() % std::size(functions)];
        case 11: return literal_of(find_field("text")->name);
        case 12: return literal_of(field_rows()[input.octet() % field_count].name);
        case 13:
        case 14: {
            if (depth == 0) return "{}";
            static constexpr const char* keys[] = {"account", "source_addr", "destination_addr", "text", "provider",
                                                   "timeout", "headers", "registered_delivery", "dest_addr_ton",
                                                   "year", "month", "day"};
            std::string table = "{";
            for (int count = input.octet() % 8; count > 0; --count) {
                const std::uint8_t key = input.octet();
                if (key >= 192) table += value(input, 0) == "nil" ? "1," : "2,";
                else table += std::string(keys[key % std::size(keys)]) + " = " + value(input, depth - 1) + ",";
            }
            return table + "}";
        }
        default: return literal_of(input.text());
    }
}

std::string script_of(Input& input, Event event) {
    std::string text =
        "local function get(it, name) return it[name] end local function set(it, name, v) it[name] = v end\n"
        "function on_" + std::string(name_of(event)) + "(it)\nlocal ok, got\n";
    for (int calls = 0; calls < 32 && !input.empty(); ++calls) {
        const std::uint8_t which = input.octet();
        const std::string function =
            which >= 192 ? (which % 2 == 0 ? "set" : "get") : functions[which % std::size(functions)];
        const bool method = function.starts_with("it.") || function == "get" || function == "set";
        text += "ok, got = pcall(" + function;
        if (method && input.octet() % 16 != 0) text += ", it";
        for (int arguments = input.octet() % 6; arguments > 0; --arguments)
            text += "," + (input.octet() % 8 == 0 ? std::string("got") : value(input, 2));
        text += ")\n";
    }
    return text + "end";
}

LookUpResult answer_to(const LookUp& wanted, Input& input) {
    LookUpResult result;
    if (input.octet() % 4 == 0) result.error = input.text() + "!";
    result.changed = static_cast<std::int64_t>(input.word());
    result.status = input.octet();
    if (wanted.kind == LookUp::Kind::http) result.body = input.text();
    for (int columns = input.octet() % 4; columns > 0; --columns) result.columns.push_back(input.text());
    for (int rows = input.octet() % 4; rows > 0; --rows) {
        auto& row = result.rows.emplace_back(result.columns.size());
        for (Value& cell : row) {
            cell.kind = static_cast<ValueView::Kind>(input.octet() % 5);
            cell.integer = static_cast<std::int64_t>(input.word());
            if (cell.kind == ValueView::Kind::text) cell.text = input.text();
        }
    }
    return result;
}

void check_wanted(const LookUp& wanted) {
    std::size_t octets = wanted.body.size();
    for (const Value& parameter : wanted.parameters) octets += parameter.text.size();
    for (const auto& [name, text] : wanted.headers) {
        octets += name.size() + text.size();
        SLUICE_CHECK((name + text).find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    }
    SLUICE_CHECK(octets <= max_asked_octets && wanted.parameters.size() <= 64);
    if (wanted.kind != LookUp::Kind::http) return;
    SLUICE_CHECK(wanted.text.starts_with("http://") || wanted.text.starts_with("https://"));
    SLUICE_CHECK(wanted.timeout > milliseconds(0) && wanted.timeout <= seconds(60));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    const Event event = static_cast<Event>(input.octet() % event_count);
    Limits limits;
    limits.instructions = 20'000;
    limits.memory = 1024 * 1024;
    Quiet host;
    Vm vm(limits, host, 1);
    const auto script = vm.load("fuzz.lua", script_of(input, event));
    SLUICE_CHECK(script.has_value());

    Subject subject;
    subject.begin(event);
    static const routing::TextProfile profile;
    smpp::MessageBody body;
    body.source_addr = "1000";
    body.destination_addr = "447700900123";
    body.short_message = as_bytes("Hello");
    if (event != Event::bind && event != Event::session_closed) subject.message(body, profile);
    subject.fact(FieldId::account, "shop");
    subject.candidates() = {"north", "south"};
    subject.settle();

    Outcome outcome = vm.call(*script, subject);
    unsigned look_ups = 0;
    while (outcome.kind == Outcome::Kind::suspended) {
        SLUICE_CHECK(++look_ups <= limits.look_ups);
        subject.keep();
        check_wanted(vm.wanted(outcome.run));
        if (input.octet() == 255) {
            vm.abandon(outcome.run);
            break;
        }
        outcome = vm.resume(outcome.run, answer_to(vm.wanted(outcome.run), input));
    }
    SLUICE_CHECK(vm.suspended() == 0);
    SLUICE_CHECK(outcome.sendings.size() <= limits.sends);
    SLUICE_CHECK((outcome.kind == Outcome::Kind::failed) == !outcome.error.empty());
    SLUICE_CHECK(subject.candidates().size() <= Subject::max_candidates);
    const smpp::MessageBody& made = subject.body();
    SLUICE_CHECK(made.source_addr.size() <= 20 && made.destination_addr.size() <= 20 && made.service_type.size() <= 5);
    SLUICE_CHECK(made.short_message.size() <= 255);
    return 0;
}

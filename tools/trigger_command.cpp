#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/script/program.hpp"
#include "engine/script/templates.hpp"
#include "tools/command.hpp"

namespace sluice::tools {
namespace {

using Json = nlohmann::ordered_json;
using script::Event;
using script::ValueView;

std::string_view first_line(std::string_view text) {
    text.remove_prefix(3);  // "-- "
    return text.substr(0, text.find('\n'));
}

int list() {
    for (const script::Template& its : script::templates()) fmt::print("{:<26}{}\n", its.name, first_line(its.text));
    return exit_ok;
}

int make(const std::string& name, const std::string& file, bool force) {
    for (const script::Template& its : script::templates()) {
        if (its.name != name) continue;
        if (file.empty()) {
            fmt::print("{}", its.text);
            return exit_ok;
        }
        std::FILE* const out = std::fopen(file.c_str(), force ? "we" : "wxe");
        if (out == nullptr && errno == EEXIST) return failure(file + " exists already; --force replaces it");
        if (out == nullptr) return failure(file + ": " + std::strerror(errno));
        const bool written = std::fwrite(its.text.data(), 1, its.text.size(), out) == its.text.size();
        if (std::fclose(out) != 0 || !written) return failure(file + ": " + std::strerror(errno));
        return exit_ok;
    }
    failure("there is no template '" + name + "'; `sluice trigger list` shows them");
    return exit_usage;
}

struct TestArguments {
    std::string script, event, message, look_ups;
    std::vector<std::string> fields;
    script::Limits limits;
};

/// Prints what a script says.
class TriggerHost final : public script::Host {
public:
    void log(char level, std::string_view, std::string_view text) override {
        fmt::print("{:<13}{}\n", level == 'W' ? "warning" : "log", text);
    }
    WallTime now() override { return SystemClock().wall(); }
};

/// A message to begin with; its octets are constants.
void sample(script::Subject& subject, Event event) {
    subject.begin(event);
    const script::EventMask of_sessions = script::bit(Event::bind) | script::bit(Event::session_closed);
    if ((of_sessions & script::bit(event)) == 0) {
        smpp::MessageBody body;
        body.source_addr = event == Event::originated ? "447700900123" : "Sluice";
        body.source_addr_ton = event == Event::originated ? 1 : 5;
        body.destination_addr = event == Event::originated ? "12345" : "447700900123";
        body.dest_addr_ton = 1;
        body.dest_addr_npi = 1;
        body.registered_delivery = 1;
        body.short_message = as_bytes("Hello");
        subject.message(body, {});
    }
    using script::FieldId;
    subject.fact(FieldId::account, "demo");
    if (event != Event::submit) subject.fact(FieldId::provider, "mc");
    subject.fact(FieldId::id, "1");
    subject.fact(FieldId::provider_id, "1");
    subject.fact(FieldId::state, "DELIVERED");
    subject.fact(FieldId::error, "000");
    subject.fact(FieldId::status, std::int64_t{0});
    subject.fact(FieldId::attempts, std::int64_t{0});
    subject.fact(FieldId::address, "192.0.2.1");
    subject.fact(FieldId::bind_type, "bind_transceiver");
    subject.fact(FieldId::system_type, "");
    subject.fact(FieldId::interface_version, std::int64_t{0x34});
    subject.fact(FieldId::tls, std::int64_t{0});
    subject.fact(FieldId::reason, "the peer unbound");
    subject.fact(FieldId::duration, std::int64_t{60});
    if (event == Event::route) subject.candidates() = {"mc", "other"};
    if (event == Event::originated) subject.owners() = {"demo"};
}

/// The error is for people.
Result<void> put(script::Subject& subject, const std::string& name, const Json& value) {
    const script::FieldRow* const row = script::find_field(name);
    if (row == nullptr || (row->read & script::bit(subject.event())) == 0)
        return fail(fmt::format("on_{} has no field '{}'", script::name_of(subject.event()), name));
    const bool right = row->kind == ValueView::Kind::text      ? value.is_string()
                       : row->kind == ValueView::Kind::boolean ? value.is_boolean()
                                                               : value.is_number_unsigned();
    if (!right) return fail(fmt::format("'{}' is not what {} is", value.dump(), name));
    const std::string text = value.is_string() ? value.get<std::string>() : std::string();
    const std::int64_t number =
        value.is_number() ? value.get<std::int64_t>() : value.is_boolean() ? value.get<bool>() : 0;
    if (row->id > script::FieldId::text) {
        if (value.is_string()) subject.fact(row->id, text);
        else subject.fact(row->id, number);
        return {};
    }
    script::FieldRow writable = *row;  // what a sample says is free, whatever the event lets scripts change
    writable.write = script::bit(subject.event());
    if (!subject.set(writable, value.is_string() ? ValueView::of(std::string_view(text)) : ValueView::of(number)))
        return fail(subject.complaint());
    return {};
}

/// "a=b": a number or a boolean where it reads like one and the field is one.
Json field_value(const std::string& name, const std::string& text) {
    const script::FieldRow* const row = script::find_field(name);
    if (row == nullptr || row->kind == ValueView::Kind::text) return text;
    const Json parsed = Json::parse(text, nullptr, false);
    return parsed.is_discarded() ? Json(text) : parsed;
}

/// The error is for people.
Result<void> check_answers(const Json& answers) {
    const auto is_object = [](const Json& json) { return json.is_object(); };
    if (!answers.is_array()) return fail("--answers takes a JSON array of objects");
    for (const Json& its : answers) {
        const std::string text = its.dump(-1, ' ', false, Json::error_handler_t::replace);
        if (!its.is_object()) return fail("the answer " + text + " is no JSON object");
        for (const auto& [name, value] : its.items()) {
            const bool right = name == "error" || name == "body"       ? value.is_string()
                               : name == "status" || name == "changed" ? value.is_number_integer()
                               : name == "rows" ? value.is_array() && std::ranges::all_of(value, is_object)
                                                : false;
            if (!right)
                return fail("the answer " + text + " has a wrong '" + name + "'; there are error and body (texts), "
                            "status and changed (whole numbers), and rows (objects)");
        }
    }
    return {};
}

script::Value value_of(const Json& json) {
    script::Value made;
    if (json.is_string()) {
        made = script::Value(ValueView::of(std::string_view(json.get_ref<const std::string&>())));
    } else if (json.is_number_integer()) {
        made = script::Value(ValueView::of(json.get<std::int64_t>()));
    } else if (json.is_number()) {
        made.kind = ValueView::Kind::number;
        made.number = json.get<double>();
    } else if (json.is_boolean()) {
        made = script::Value(ValueView::of(json.get<bool>()));
    }
    return made;
}

/// `answers` are checked.
script::LookUpResult answer_of(const Json& answers, const script::LookUp& wanted, std::size_t number) {
    script::LookUpResult result;
    if (number >= answers.size()) {
        result.error = "the test has no answer (--answers)";
        return result;
    }
    const Json& its = answers[number];
    if (its.contains("error")) result.error = its["error"].get<std::string>();
    if (wanted.kind == script::LookUp::Kind::http) {
        result.status = its.value("status", 200);
        result.body = its.value("body", "");
    }
    result.changed = its.value("changed", 0);
    if (!its.contains("rows")) return result;
    for (const Json& row : its["rows"])
        for (const auto& [name, value] : row.items())
            if (std::ranges::find(result.columns, name) == result.columns.end()) result.columns.push_back(name);
    for (const Json& row : its["rows"]) {
        auto& values = result.rows.emplace_back();
        for (const std::string& column : result.columns)
            values.push_back(row.contains(column) ? value_of(row[column]) : script::Value());
    }
    return result;
}

void print_look_up(const script::LookUp& wanted) {
    if (wanted.kind == script::LookUp::Kind::http)
        return fmt::print("{:<13}{} {}\n", "http", wanted.method, wanted.text);
    std::string parameters;
    for (const script::Value& value : wanted.parameters)
        parameters += (parameters.empty() ? "" : ", ") +
                      (value.kind == ValueView::Kind::text ? value.text : std::to_string(value.integer));
    fmt::print("{:<13}{}: {} [{}]\n", "sql", wanted.database, wanted.text, parameters);
}

void print_fields(script::Subject& subject) {
    for (const script::FieldRow& row : script::field_rows()) {
        if (!subject.changed(row.id) ||
            (row.id == script::FieldId::short_message && subject.changed(script::FieldId::text)))
            continue;
        ValueView value;
        script::FieldRow readable = row;
        readable.read = script::bit(subject.event());
        if (!subject.get(readable, value)) continue;
        if (row.kind == ValueView::Kind::text) fmt::print("{:<13}{} = \"{}\"\n", "changed", row.name, value.text);
        else fmt::print("{:<13}{} = {}\n", "changed", row.name, value.integer);
    }
    if (subject.event() == Event::originated && subject.changed(script::FieldId::account))
        fmt::print("{:<13}{}\n", "owners", fmt::join(subject.owners(), ", "));
    if (subject.event() == Event::route) fmt::print("{:<13}{}\n", "candidates", fmt::join(subject.candidates(), ", "));
}

void print_verdict(const script::Verdict& verdict) {
    using Kind = script::Verdict::Kind;
    const std::string why = verdict.text.empty() ? "" : ": " + verdict.text;
    switch (verdict.kind) {
        case Kind::none: fmt::print("{:<13}goes on\n", "verdict"); break;
        case Kind::reject: {
            const std::string_view name = smpp::name_of(verdict.status);
            fmt::print("{:<13}rejected with {}{}\n", "verdict",
                       name.empty() ? fmt::format("{:#x}", static_cast<std::uint32_t>(verdict.status))
                                    : std::string(name),
                       why);
            break;
        }
        case Kind::drop: fmt::print("{:<13}dropped{}\n", "verdict", why); break;
        case Kind::keep: fmt::print("{:<13}kept as nobody's{}\n", "verdict", why); break;
        case Kind::hold: fmt::print("{:<13}held for {} s\n", "verdict", verdict.seconds); break;
        case Kind::fail: fmt::print("{:<13}undeliverable{}\n", "verdict", why); break;
    }
}

/// The event that a script has a function for; nothing when there is not exactly one.
std::optional<Event> only_event(const script::Vm& vm, std::size_t number) {
    std::optional<Event> found;
    for (std::size_t i = 0; i < script::event_count; ++i) {
        if (!vm.handles(number, static_cast<Event>(i))) continue;
        if (found) return std::nullopt;
        found = static_cast<Event>(i);
    }
    return found;
}

int test(const TestArguments& arguments) {
    std::ifstream in(arguments.script, std::ios::binary);
    std::ostringstream text;
    if (!in || !(text << in.rdbuf())) return failure(arguments.script + " cannot be read, or is empty");
    TriggerHost host;
    script::Vm vm(arguments.limits, host, 1, 1);
    const auto loaded = vm.load(arguments.script, text.str());
    if (!loaded) return failure(loaded.error().message);
    const auto event = arguments.event.empty() ? only_event(vm, *loaded) : script::event_named(arguments.event);
    if (!event) {
        failure("--event must say which of its functions is meant");
        return exit_usage;
    }
    if (!vm.handles(*loaded, *event))
        return failure(fmt::format("{}: has no function on_{}", arguments.script, script::name_of(*event)));

    script::Subject subject;
    sample(subject, *event);
    const Json message = arguments.message.empty() ? Json::object() : Json::parse(arguments.message, nullptr, false);
    const Json answers = arguments.look_ups.empty() ? Json::array() : Json::parse(arguments.look_ups, nullptr, false);
    if (!message.is_object()) {
        failure("--message takes a JSON object");
        return exit_usage;
    }
    if (const auto good = check_answers(answers); !good) {
        failure(good.error().message);
        return exit_usage;
    }
    std::vector<std::pair<std::string, Json>> fields;
    for (const auto& [name, value] : message.items()) fields.emplace_back(name, value);
    for (const std::string& field : arguments.fields) {
        const std::size_t equals = field.find('=');
        if (equals == std::string::npos) {
            failure("'" + field + "' is not NAME=VALUE");
            return exit_usage;
        }
        fields.emplace_back(field.substr(0, equals), field_value(field.substr(0, equals), field.substr(equals + 1)));
    }
    for (const auto& [name, value] : fields)
        if (const auto done = put(subject, name, value); !done) {
            failure(done.error().message);
            return exit_usage;
        }
    subject.settle();

    auto outcome = vm.call(*loaded, subject);
    for (std::size_t number = 0; outcome.kind == script::Outcome::Kind::suspended; ++number) {
        print_look_up(vm.wanted(outcome.run));
        outcome = vm.resume(outcome.run, answer_of(answers, vm.wanted(outcome.run), number));
    }
    if (outcome.kind == script::Outcome::Kind::failed) {
        fmt::print("{:<13}{}\n", "error", outcome.error);
    } else {
        print_fields(subject);
        for (const script::Sending& its : outcome.sendings)
            fmt::print("{:<13}{} to {} as {}: \"{}\"\n", its.to_account ? "delivers" : "sends", its.source_addr,
                       its.destination_addr, its.account, its.text);
        print_verdict(subject.verdict());
    }
    fmt::print("{:<13}{}\n{:<13}{} KiB\n", "instructions", outcome.instructions, "memory", vm.most_memory() / 1024);
    return outcome.kind == script::Outcome::Kind::failed ? exit_failed : exit_ok;
}

}  // namespace

void add_trigger_command(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("trigger", "Begin a trigger's script from a template, or try one out");
    command->require_subcommand(1);
    command->footer("Examples:\n"
                    "  sluice trigger list\n"
                    "  sluice trigger new auto-reply -o reply.lua\n"
                    "  sluice trigger test reply.lua --field text=help\n"
                    "  sluice trigger test query.lua --answers '[{\"rows\": [{\"name\": \"Ann\"}]}]'\n\n"
                    "Exit codes: 0 done; 1 the script failed; 2 usage.");
    CLI::App* shown = command->add_subcommand("list", "List the templates");
    shown->callback([&exit_code] { exit_code = list(); });

    struct NewArguments {
        std::string name, file;
        bool force = false;
    };
    auto made = std::make_shared<NewArguments>();
    CLI::App* fresh = command->add_subcommand("new", "Write a script from a template");
    fresh->add_option("template", made->name, "Which one, see `sluice trigger list`")->required();
    fresh->add_option("-o,--output", made->file, "The file to write; without it: standard output")->type_name("FILE");
    fresh->add_flag("--force", made->force, "Replace the file if it exists");
    fresh->callback([made, &exit_code] { exit_code = make(made->name, made->file, made->force); });

    auto tried = std::make_shared<TestArguments>();
    CLI::App* run = command->add_subcommand("test", "Run a script on a sample message, without a gateway");
    run->add_option("script", tried->script, "The script")->required()->type_name("FILE");
    run->add_option("--event", tried->event, "The event, where the script has functions for several")
        ->check(CLI::IsMember(std::vector<std::string>(script::event_names.begin(), script::event_names.end())));
    run->add_option("--message", tried->message, "Fields of the message, as a JSON object")->type_name("JSON");
    run->add_option("--field", tried->fields, "One field as NAME=VALUE; may be repeated")
        ->expected(1)->allow_extra_args(false)->take_all();
    run->add_option("--answers", tried->look_ups,
                    "What look-ups are answered with, in order: a JSON array of objects with rows, changed, status, "
                    "body or error")->type_name("JSON");
    run->add_option("--instructions", tried->limits.instructions, "The bound on instructions")->capture_default_str();
    run->callback([tried, &exit_code] { exit_code = test(*tried); });
}

}  // namespace sluice::tools

#pragma once

#include <string>
#include <vector>

#include "engine/script/vm.hpp"

namespace sluice::script {

/// A VM with what surrounds it, and a message to try scripts on.
class Box : public Host {
public:
    explicit Box(Limits limits = {}, int step = 100) : vm(limits, *this, 1, step) { sample(); }

    void log(char level, std::string_view, std::string_view text) override {
        lines.push_back(std::string(1, level) + " " + std::string(text));
    }
    WallTime now() override { return WallTime(seconds(1'700'000'000)); }

    void sample(Event event = Event::submit) {
        subject.begin(event);
        smpp::MessageBody body;
        body.source_addr = "1000";
        body.destination_addr = "447700900123";
        body.dest_addr_ton = 1;
        body.short_message = as_bytes("Hello");
        subject.message(body, {});
        subject.fact(FieldId::account, "shop");
    }
    /// Loads a script whose on_submit has this body, and calls it.
    Outcome run(std::string_view code) {
        const auto loaded = vm.load("t.lua", "function on_submit(message)\n" + std::string(code) + "\nend");
        if (!loaded) {
            Outcome outcome;
            outcome.kind = Outcome::Kind::failed;
            outcome.error = "load: " + loaded.error().message;
            return outcome;
        }
        sample();
        return vm.call(*loaded, subject);
    }
    /// The value of an expression, as tostring shows it, or the error.
    std::string value(std::string_view expression) {
        const Outcome outcome =
            run("local function show(...) local t = table.pack(...) for i = 1, t.n do t[i] = tostring(t[i]) end "
                "return table.concat(t, ',') end message.text = show(" + std::string(expression) + ")");
        if (outcome.kind != Outcome::Kind::done) return outcome.error;
        ValueView text;
        subject.get(*find_field("text"), text);
        return std::string(text.text);
    }

    std::vector<std::string> lines;
    Subject subject;
    Vm vm;
};

}  // namespace sluice::script

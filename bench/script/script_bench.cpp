// What one call of a trigger's script costs, from the event's facts to
// its verdict, and what a look-up adds. Items are calls.

#include <benchmark/benchmark.h>

#include <string>

#include "engine/base/check.hpp"
#include "engine/script/vm.hpp"

namespace {

using namespace sluice;
using namespace sluice::script;

class Quiet final : public Host {
    void log(char, std::string_view, std::string_view) override {}
    WallTime now() override { return {}; }
};

void begin(Subject& subject) {
    static const routing::TextProfile profile;
    smpp::MessageBody body;
    body.source_addr = "1000";
    body.destination_addr = "447700900123";
    body.dest_addr_ton = 1;
    body.short_message = as_bytes("Your code is 123456, do not tell it to anybody.");
    subject.begin(Event::submit);
    subject.message(body, profile);
    subject.fact(FieldId::account, "shop");
}

void call(benchmark::State& state, const char* code) {
    Quiet host;
    Vm vm({}, host, 1);
    const auto script = vm.load("bench.lua", "function on_submit(message)\n" + std::string(code) + "\nend");
    SLUICE_CHECK(script.has_value());
    Subject subject;
    LookUpResult rows;
    rows.columns = {"name"};
    rows.rows = {{Value(ValueView::of(std::string_view("Ann")))}};
    std::uint64_t instructions = 0;
    for (auto _ : state) {
        begin(subject);
        subject.checkpoint();
        Outcome outcome = vm.call(*script, subject);
        while (outcome.kind == Outcome::Kind::suspended) {
            subject.keep();
            outcome = vm.resume(outcome.run, rows);
        }
        SLUICE_CHECK(outcome.kind == Outcome::Kind::done);
        instructions = outcome.instructions;
        benchmark::DoNotOptimize(subject.changed());
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["instructions"] = static_cast<double>(instructions);
    state.counters["kib"] = static_cast<double>(vm.most_memory()) / 1024;
}

/// Without a script: what preparing the subject costs.
void subject_alone(benchmark::State& state) {
    Subject subject;
    for (auto _ : state) {
        begin(subject);
        subject.checkpoint();
        benchmark::DoNotOptimize(subject.changed());
    }
    state.SetItemsProcessed(state.iterations());
}

void load(benchmark::State& state) {
    Quiet host;
    for (auto _ : state) {
        Vm vm({}, host, 1);
        benchmark::DoNotOptimize(vm.load("bench.lua", "function on_submit(message) message.text = 'x' end"));
        state.counters["kib"] = static_cast<double>(vm.memory()) / 1024;
    }
}

BENCHMARK(subject_alone);
BENCHMARK_CAPTURE(call, nothing, "");
BENCHMARK_CAPTURE(call, one_field, "if message.destination_addr == '1' then message:reject(8) end");
BENCHMARK_CAPTURE(call, set_text, "message.text = message.text .. ' Bye.'");
BENCHMARK_CAPTURE(call, pattern, "if message.text:find('code is (%d+)') then message.source_addr = 'Code' end");
BENCHMARK_CAPTURE(call, send, "sluice.send{account = 'shop', destination_addr = '447700900124', text = 'Hello'}");
BENCHMARK_CAPTURE(call, look_up,
                  "local rows = sql.query('db', 'SELECT name FROM t WHERE number = ?', message.destination_addr) "
                  "message.text = rows[1].name");
BENCHMARK(load);

}  // namespace

BENCHMARK_MAIN();

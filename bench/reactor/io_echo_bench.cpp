// Measures the network layer alone: a server thread answers PDUs of 100 octets, length-prefixed and otherwise not
// looked at, with PDUs of 16 octets; a client thread of the same backend keeps `window` of them unanswered on each of
// `links` links over loopback. Time is real time an answered PDU; `server_ns` is CPU time of the server's thread an
// answered PDU, kernel included: the figure that compares backends.

#include <benchmark/benchmark.h>

#include <atomic>
#include <ctime>
#include <thread>

#include "engine/io/make_io.hpp"

namespace sluice::io {
namespace {

constexpr std::size_t request_octets = 100, answer_octets = 16;

std::int64_t thread_cpu_ns() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

class Side : public LinkEvents {
public:
    Side(BackendChoice backend, std::size_t incoming_octets) : io(*make_io(backend)), incoming_(incoming_octets) {}

    void on_accept(LinkId, ListenerId, const Endpoint&) override {}
    void on_connect(LinkId link, std::error_code) override { connected.push_back(link); }
    std::size_t on_data(LinkId link, ByteView data) override {
        const std::size_t whole = data.size() / incoming_;
        answer(io->out(link), whole);
        pdus += whole;
        return whole * incoming_;
    }
    void on_drained(LinkId) override {}
    void on_close(LinkId, std::error_code) override {}

    void answer(OutBuffer& out, std::size_t count) {
        const std::size_t octets = count * (request_octets + answer_octets - incoming_);
        std::memset(out.reserve(octets), 0, octets);
        out.commit(octets);
    }

    std::unique_ptr<Io> io;
    std::vector<LinkId> connected;
    std::uint64_t pdus = 0;

private:
    std::size_t incoming_;
};

void Echo(benchmark::State& state, BackendChoice backend) {
    const auto links = static_cast<std::size_t>(state.range(0));
    const auto window = static_cast<std::size_t>(state.range(1));

    Side client(backend, answer_octets);
    std::atomic<bool> stop = false;
    std::atomic<std::int64_t> cpu = 0;
    std::atomic<std::uint64_t> turns = 0;
    Side server(backend, request_octets);
    const ListenerId listener = *server.io->listen(*Endpoint::parse("127.0.0.1:0"), {.backlog = 4096});
    const Endpoint at = server.io->local_endpoint(listener);
    std::thread thread([&] {
        while (!stop.load(std::memory_order_relaxed)) {
            server.io->turn(server, milliseconds(100));
            turns.fetch_add(1, std::memory_order_relaxed);
            cpu.store(thread_cpu_ns(), std::memory_order_relaxed);
        }
    });

    for (std::size_t i = 0; i < links; ++i) client.io->connect(at);
    while (client.connected.size() < links) client.io->turn(client, milliseconds(100));
    for (const LinkId link : client.connected) {
        client.answer(client.io->out(link), window);
        client.io->touch(link);
    }
    const auto run = [&](std::uint64_t pdus) {
        const std::uint64_t until = client.pdus + pdus;
        while (client.pdus < until) client.io->turn(client, milliseconds(100));
    };
    run(links * window * 2);

    const std::uint64_t pdus_before = client.pdus, turns_before = turns;
    const std::int64_t cpu_before = cpu;
    while (state.KeepRunningBatch(1000)) run(1000);
    const auto pdus = static_cast<double>(client.pdus - pdus_before);
    state.counters["server_ns"] = static_cast<double>(cpu - cpu_before) / pdus;
    state.counters["pdus_per_turn"] = pdus / static_cast<double>(turns - turns_before);
    stop = true;
    server.io->wake();
    thread.join();
}

void shapes(benchmark::internal::Benchmark* bench) {
    bench->ArgNames({"links", "window"})->UseRealTime()->MinTime(1);
    for (const auto& [links, window] : {std::pair{1, 1}, {10, 10}, {100, 10}, {100, 100}, {1000, 1}, {1000, 10}})
        bench->Args({links, window});
}

BENCHMARK_CAPTURE(Echo, epoll, BackendChoice::epoll)->Apply(shapes);
BENCHMARK_CAPTURE(Echo, io_uring, BackendChoice::io_uring)->Apply(shapes);

}  // namespace
}  // namespace sluice::io

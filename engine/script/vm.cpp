#include "engine/script/vm.hpp"

#include <fmt/format.h>
#include <lua.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "engine/base/check.hpp"
#include "engine/script/library.hpp"

namespace sluice::script {
namespace {

/// Hook calls between two looks at the CPU clock, which costs a system call.
constexpr std::uint32_t counts_per_clock = 16;

std::uint64_t cpu_now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(time.tv_nsec) + 1;
}

/// Returns (whether it went well, the error): errors end here and not at the thread's end, where
/// the closing of variables would run without the hook.
int finish_entry(lua_State* state, int status, lua_KContext) {
    lua_pushboolean(state, status == LUA_OK || status == LUA_YIELD);
    lua_insert(state, 1);
    return lua_gettop(state);
}

/// The bottom of every thread: calls what it is given.
int entry(lua_State* state) {
    return finish_entry(state, lua_pcallk(state, lua_gettop(state) - 1, 0, 0, 0, finish_entry), 0);
}

int panic(lua_State*) {
    SLUICE_CHECK(!"an error of Lua outside of a protected call");
    return 0;
}

}  // namespace

Vm& Vm::of(lua_State* state) { return **static_cast<Vm**>(lua_getextraspace(state)); }

Vm::Vm(const Limits& limits, Host& host, std::uint64_t seed, int step) : limits_(limits), host_(host), step_(step) {
    state_ = lua_newstate(&Vm::allocate, this);
    SLUICE_CHECK(state_ != nullptr);
    *static_cast<Vm**>(lua_getextraspace(state_)) = this;
    lua_atpanic(state_, panic);
    library::open(state_);
    // The generator has its seed from here, so that what happens once happens again.
    lua_getfield(state_, -1, "math");
    lua_getfield(state_, -1, "randomseed");
    lua_pushinteger(state_, static_cast<lua_Integer>(seed));
    lua_call(state_, 1, 0);
    lua_pop(state_, 1);
    lua_setfield(state_, LUA_REGISTRYINDEX, "sluice.base");
}

Vm::~Vm() {
    exempt_ = true;
    lua_close(state_);
}

void* Vm::allocate(void* self, void* block, std::size_t old_size, std::size_t size) {
    return static_cast<Vm*>(self)->allocate(block, old_size, size);
}

void* Vm::allocate(void* block, std::size_t old_size, std::size_t size) {
    const std::size_t before = block != nullptr ? old_size : 0;
    if (size == 0) {
        std::free(block);
        memory_ -= before;
        return nullptr;
    }
    if (size > before && !exempt_) {
        const bool long_string = block == nullptr && old_size == LUA_TSTRING && size > max_string + 64;
        if (long_string || memory_ - before + size > limits_.memory) {
            // Lua collects all garbage now and asks again; that is work, and there is none that could count it.
            used_ += memory_ / 64;
            return nullptr;
        }
    }
    void* const moved = std::realloc(block, size);
    if (moved == nullptr) return nullptr;
    memory_ += size - before;
    most_memory_ = std::max(most_memory_, memory_);
    return moved;
}

void Vm::count(lua_State* state, lua_Debug* where) {
    Vm& vm = of(state);
    vm.used_ += static_cast<std::uint64_t>(vm.step_);
    if (vm.counted_++ % counts_per_clock == 0) {
        const std::uint64_t now = cpu_now();
        if (vm.cpu_begun_ == 0) vm.cpu_begun_ = now;
        vm.too_long_ = now - vm.cpu_begun_ > static_cast<std::uint64_t>(nanoseconds(longest_run).count());
    }
    if (vm.used_ <= vm.limits_.instructions && !vm.too_long_) return;
    vm.spent_ = true;
    lua_sethook(state, &Vm::count, LUA_MASKCOUNT, 1);  // whoever catches this gets it again at once
    lua_getinfo(state, "Sl", where);
    const char* const what = vm.too_long_ ? "too long a time" : "too many instructions";
    lua_pushfstring(
        state, "%s:%d: the script took %s (limit %I)", where->short_src, where->currentline, what,
        static_cast<LUAI_UACINT>(vm.too_long_ ? longest_run.count() : static_cast<long>(vm.limits_.instructions)));
    lua_error(state);
}

void Vm::charge(lua_State* state, std::uint64_t instructions) {
    if (running_ == nullptr) return;
    used_ += std::min<std::uint64_t>(instructions, limits_.instructions + 1);
    if (used_ > limits_.instructions) out_of_budget(state);
}

void Vm::out_of_budget(lua_State* state) {
    spent_ = true;
    used_ = std::max(used_, limits_.instructions + 1);
    lua_sethook(state, &Vm::count, LUA_MASKCOUNT, 1);
    luaL_error(state, "the script took too many instructions (limit %I)",
               static_cast<LUAI_UACINT>(limits_.instructions));
    std::abort();  // luaL_error does not return
}

Vm::Thread Vm::take_thread() {
    if (!free_threads_.empty()) {
        const Thread thread = free_threads_.back();
        free_threads_.pop_back();
        return thread;
    }
    Thread thread;
    thread.state = lua_newthread(state_);
    thread.reference = luaL_ref(state_, LUA_REGISTRYINDEX);
    return thread;
}

void Vm::give_back(Thread thread) {
    lua_settop(thread.state, 0);
    free_threads_.push_back(thread);
}

Result<std::size_t> Vm::load(std::string_view name, std::string_view text) {
    const Exempt exempt(*this);
    const std::string chunk = fmt::format("@{}", name);
    const Thread thread = take_thread();
    lua_pushcfunction(thread.state, entry);
    if (luaL_loadbufferx(thread.state, text.data(), text.size(), chunk.c_str(), "t") != LUA_OK) {
        std::string error = library::error_text(thread.state);
        give_back(thread);
        return fail(std::move(error));
    }
    // Each script has globals of its own, over what all share.
    lua_newtable(state_);
    lua_newtable(state_);
    lua_getfield(state_, LUA_REGISTRYINDEX, "sluice.base");
    lua_setfield(state_, -2, "__index");
    lua_pushboolean(state_, 0);
    lua_setfield(state_, -2, "__metatable");
    lua_setmetatable(state_, -2);
    lua_pushvalue(state_, -1);
    lua_xmove(state_, thread.state, 1);
    if (lua_setupvalue(thread.state, -2, 1) == nullptr) lua_pop(thread.state, 1);  // a script that has no globals

    scripts_.push_back({std::string(name), {}});
    Run run;
    run.thread = thread.state;
    run.reference = thread.reference;
    run.script = scripts_.size() - 1;
    const Outcome outcome = enter(run, 1);
    if (outcome.kind != Outcome::Kind::done) {
        lua_pop(state_, 1);
        scripts_.pop_back();
        return fail(outcome.error);
    }
    Script& script = scripts_.back();
    for (std::size_t i = 0; i < event_count; ++i) {
        lua_pushstring(state_, fmt::format("on_{}", event_names[i]).c_str());
        lua_rawget(state_, -2);
        if (lua_isfunction(state_, -1)) script.functions[i] = luaL_ref(state_, LUA_REGISTRYINDEX);
        else lua_pop(state_, 1);
    }
    lua_pop(state_, 1);
    return scripts_.size() - 1;
}

bool Vm::handles(std::size_t script, Event event) const {
    return scripts_[script].functions[static_cast<std::size_t>(event)] != 0;
}

Outcome Vm::call(std::size_t script, Subject& subject) {
    const Exempt exempt(*this);
    Run run;
    const Thread thread = take_thread();
    run.thread = thread.state;
    run.reference = thread.reference;
    run.serial = next_serial_++;
    run.script = script;
    run.subject = &subject;
    lua_pushcfunction(run.thread, entry);
    lua_rawgeti(run.thread, LUA_REGISTRYINDEX, scripts_[script].functions[static_cast<std::size_t>(subject.event())]);
    library::push_subject(run.thread, run.serial);
    return enter(run, 2);
}

/// Runs on from what is on the thread's stack. `run` is moved away when it is suspended.
Outcome Vm::enter(Run& run, int arguments) {
    Outcome outcome;
    used_ = run.used;
    counted_ = 0;
    cpu_begun_ = 0;
    spent_ = too_long_ = false;
    running_ = &run;
    lua_sethook(run.thread, &Vm::count, LUA_MASKCOUNT, step_);
    exempt_ = false;
    int results = 0;
    const auto begun = std::chrono::steady_clock::now();
    const int status = lua_resume(run.thread, state_, arguments, &results);
    outcome.time = run.time += std::chrono::steady_clock::now() - begun;
    exempt_ = true;
    running_ = nullptr;
    outcome.instructions = run.used = used_;
    if (status == LUA_YIELD) {
        lua_pop(run.thread, results);
        outcome.kind = Outcome::Kind::suspended;
        outcome.run = runs_.emplace(std::move(run));
        return outcome;
    }
    const bool well = status == LUA_OK && lua_toboolean(run.thread, 1) != 0;
    if (!well) {
        outcome.kind = Outcome::Kind::failed;
        outcome.error = library::error_text(run.thread);
    } else {
        outcome.sendings = std::move(run.sendings);
    }
    if (status == LUA_OK) {
        give_back({run.thread, run.reference});
    } else {  // it cannot be used again
        luaL_unref(state_, LUA_REGISTRYINDEX, run.reference);
    }
    return outcome;
}

const LookUp& Vm::wanted(RunId id) {
    Run* const run = runs_.find(id);
    SLUICE_CHECK(run != nullptr);
    return run->wanted;
}

Outcome Vm::resume(RunId id, const LookUpResult& result) {
    const Exempt exempt(*this);
    Run* const waiting = runs_.find(id);
    SLUICE_CHECK(waiting != nullptr);
    Run run = std::move(*waiting);
    runs_.erase(id);
    const int values = library::push_result(run.thread, run.wanted, result);
    return enter(run, values);
}

void Vm::abandon(RunId id) {
    const Exempt exempt(*this);
    Run* const run = runs_.find(id);
    if (run == nullptr) return;
    luaL_unref(state_, LUA_REGISTRYINDEX, run->reference);  // never run again: the collector takes it
    runs_.erase(id);
}

}  // namespace sluice::script

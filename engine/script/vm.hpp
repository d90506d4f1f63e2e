#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/slab.hpp"
#include "engine/base/time.hpp"
#include "engine/script/event.hpp"
#include "engine/script/look_up.hpp"
#include "engine/script/subject.hpp"

struct lua_State;
struct lua_Debug;

/// Lua 5.4 in a box: no files, no processes, no loading of code, no debug library, no coroutines; a bound on
/// instructions, on memory and on the work of every library function. docs/triggers.md has what a script may call.
namespace sluice::script {

struct Limits {
    std::uint64_t instructions = 100'000;     ///< of one call of a script, and of loading it
    std::size_t memory = 8 * 1024 * 1024;     ///< octets of a whole VM
    std::uint32_t sends = 4;                  ///< messages that one event may send
    std::uint32_t look_ups = 16;              ///< SQL and HTTP look-ups that one event may make
    std::uint32_t suspended = 1000;           ///< scripts that wait for a look-up, in one VM
    friend bool operator==(const Limits&, const Limits&) = default;
};

/// The longest string that a script can make, in octets.
inline constexpr std::size_t max_string = 128 * 1024;
/// CPU time after which a script is ended whatever it counts: a backstop for single operations that are slow.
inline constexpr milliseconds longest_run{200};

/// A message that a script wants to send, once it has ended well.
struct Sending {
    bool to_account = false;  ///< as from a provider, for the account; else as submitted by the account
    std::string account, source_addr, destination_addr, text;
    std::int64_t source_addr_ton = -1, source_addr_npi = -1, dest_addr_ton = -1, dest_addr_npi = -1;
    std::int64_t registered_delivery = 0;
    std::string provider;  ///< empty: as routed
};

/// What surrounds the scripts.
class Host {
public:
    virtual ~Host() = default;
    virtual void log(char level, std::string_view script, std::string_view text) = 0;
    virtual WallTime now() = 0;
};

using RunId = Handle;

/// How a call of a script went.
struct Outcome {
    enum class Kind : std::uint8_t {
        done,
        failed,     ///< `error` says why
        suspended,  ///< it waits for `Vm::wanted(run)`; `resume` it with the answer, or `abandon` it
    };
    Kind kind = Kind::done;
    std::uint64_t instructions = 0;  ///< so far
    nanoseconds time{};              ///< that it ran, so far; without what it waited
    std::string error;               ///< "FILE:LINE: what went wrong"
    RunId run;
    std::vector<Sending> sendings;   ///< when it is done
};

/// Scripts of one shard, and the Lua state that they share. One thread.
class Vm {
public:
    /// `host` outlives it. `step`: every how many instructions they are counted; 1 is exact and slow.
    Vm(const Limits& limits, Host& host, std::uint64_t seed, int step = 100);
    ~Vm();
    Vm(const Vm&) = delete;
    Vm& operator=(const Vm&) = delete;

    /// Compiles a script and runs it once, so that it defines its functions. `name` is the file, for messages. Returns
    /// its number; the error is "FILE:LINE: what is wrong".
    Result<std::size_t> load(std::string_view name, std::string_view text);
    /// Does the script define a function for the event?
    bool handles(std::size_t script, Event event) const;

    /// Calls the script's function for the subject's event. `subject` stays where it is until the run is over; when it
    /// is suspended the caller calls Subject::keep before what it points to goes.
    Outcome call(std::size_t script, Subject& subject);
    const LookUp& wanted(RunId run);
    Outcome resume(RunId run, const LookUpResult& result);
    /// Ends a run that waits.
    void abandon(RunId run);

    std::size_t suspended() const { return runs_.size(); }
    std::size_t memory() const { return memory_; }
    std::size_t most_memory() const { return most_memory_; }

    // ---- for the library functions, inside a call
    struct Run {
        lua_State* thread = nullptr;
        int reference = 0;
        std::uint64_t serial = 0;
        std::size_t script = 0;
        Subject* subject = nullptr;
        std::uint64_t used = 0;
        nanoseconds time{};
        std::uint32_t look_ups = 0;
        unsigned protected_calls = 0;  ///< pcalls that are inside of each other
        std::vector<Sending> sendings;
        LookUp wanted;
    };
    static Vm& of(lua_State* state);
    /// Counts work that the hook does not see; raises an error when it is too much.
    void charge(lua_State* state, std::uint64_t instructions);
    /// What is left of the budget.
    std::uint64_t left() const { return used_ < limits_.instructions ? limits_.instructions - used_ : 0; }
    [[noreturn]] void out_of_budget(lua_State* state);
    /// The run may not be caught by pcall: it is out of instructions, or memory.
    bool spent() const { return spent_; }
    void out_of_memory() { spent_ = true; }
    Run* running() { return running_; }
    Host& host() { return host_; }
    const Limits& limits() const { return limits_; }
    std::string_view name_of(std::size_t script) const { return scripts_[script].name; }

private:
    struct Thread {
        lua_State* state = nullptr;
        int reference = 0;
    };
    struct Script {
        std::string name;
        std::array<int, event_count> functions{};  ///< registry references; 0: none
    };
    /// While it lives the host works on the state itself: its allocations are not refused, since an error could not be
    /// caught there.
    class Exempt {
    public:
        explicit Exempt(Vm& vm) : vm_(vm), before_(vm.exempt_) { vm.exempt_ = true; }
        ~Exempt() { vm_.exempt_ = before_; }
        Exempt(const Exempt&) = delete;
        Exempt& operator=(const Exempt&) = delete;

    private:
        Vm& vm_;
        bool before_;
    };

    static void* allocate(void* self, void* block, std::size_t old_size, std::size_t size);
    static void count(lua_State* state, lua_Debug* where);
    void* allocate(void* block, std::size_t old_size, std::size_t size);
    Thread take_thread();
    void give_back(Thread thread);
    Outcome enter(Run& run, int arguments);

    Limits limits_;
    Host& host_;
    int step_;
    lua_State* state_ = nullptr;
    std::size_t memory_ = 0, most_memory_ = 0;
    bool exempt_ = true;
    bool spent_ = false;
    bool too_long_ = false;
    std::uint64_t used_ = 0;
    std::uint64_t cpu_begun_ = 0;  ///< nanoseconds of this thread's CPU; 0: not looked at
    std::uint32_t counted_ = 0;    ///< calls of the hook in this run
    std::uint64_t next_serial_ = 1;
    Run* running_ = nullptr;
    std::vector<Script> scripts_;
    std::vector<Thread> free_threads_;
    Slab<Run> runs_;  ///< those that are suspended
};

}  // namespace sluice::script

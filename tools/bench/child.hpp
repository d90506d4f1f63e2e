#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/time.hpp"

namespace sluice::bench {

/// A program that is started and ended with everything in its process group. What it says goes to files.
class Child {
public:
    /// `arguments[0]` is the program. Its standard output and error go to `output` and `errors`.
    static Result<std::unique_ptr<Child>> start(const std::vector<std::string>& arguments, std::string output,
                                                std::string errors);
    /// Kills what is left of it.
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// Waits for a line of its output that begins with `prefix` and returns the rest of it. An error quotes what the
    /// program said when it ended, or `limit` has passed, without one.
    Result<std::string> wait_for_line(std::string_view prefix, nanoseconds limit);
    bool running();
    /// SIGTERM, and SIGKILL to the whole group after `patience`.
    void stop(nanoseconds patience);
    /// SIGKILL.
    void kill();

    /// What it printed last, as the end of a sentence.
    std::string last_words() const;
    pid_t pid() const { return pid_; }

private:
    Child(pid_t pid, std::string output, std::string errors)
        : pid_(pid), output_(std::move(output)), errors_(std::move(errors)) {}


    pid_t pid_;
    std::string output_, errors_;
    bool ended_ = false;
};

}  // namespace sluice::bench

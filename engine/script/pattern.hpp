#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::script {

/// Lua's patterns (reference manual §6.4.1) with a bound on the work: Lua's own matcher cannot be stopped, and a
/// pattern such as "(.-)(.-)(.-)x" takes a time that grows with the cube of the text's length.
class Matcher {
public:
    static constexpr std::size_t max_captures = 32;
    static constexpr std::size_t no_match = SIZE_MAX;

    enum class Fault : std::uint8_t {
        none,
        too_much_work,  ///< more than the steps it was given
        too_complex,    ///< nested deeper than `max_depth`
        malformed,      ///< see `fault_text`
    };
    struct Capture {
        std::size_t begin = 0;
        std::size_t length = 0;
        bool position = false;  ///< "()": `begin` is all there is
        bool open = false;
    };

    /// `steps`: comparisons of a character that it may make; counted down.
    Matcher(std::string_view subject, std::string_view pattern, std::uint64_t& steps)
        : subject_(subject), pattern_(pattern), steps_(steps) {}

    /// Where a match that begins at `at` ends, or `no_match`. Look at `fault` then.
    std::size_t match(std::size_t at);

    Fault fault() const { return fault_; }
    const char* fault_text() const { return fault_text_; }
    std::size_t captures() const { return captures_; }
    const Capture& capture(std::size_t i) const { return capture_[i]; }

private:
    static constexpr unsigned max_depth = 200;

    std::size_t follow(std::size_t s, std::size_t p);
    std::size_t single_end(std::size_t p);
    bool single(std::size_t s, std::size_t p, std::size_t end);
    bool in_set(unsigned char c, std::size_t p, std::size_t end) const;
    std::size_t most(std::size_t s, std::size_t p, std::size_t end);
    std::size_t least(std::size_t s, std::size_t p, std::size_t end);
    std::size_t balance(std::size_t s, std::size_t p);
    std::size_t frontier(std::size_t s, std::size_t p, std::size_t& next);
    std::size_t back_reference(std::size_t s, std::size_t p);
    std::size_t open_capture(std::size_t s, std::size_t p, bool position);
    std::size_t close_capture(std::size_t s, std::size_t p);
    std::size_t wrong(const char* text);
    bool step(std::uint64_t count = 1);

    std::string_view subject_, pattern_;
    std::uint64_t& steps_;
    std::array<Capture, max_captures> capture_{};
    std::size_t captures_ = 0;
    unsigned depth_ = 0;
    Fault fault_ = Fault::none;
    const char* fault_text_ = "";
};

}  // namespace sluice::script

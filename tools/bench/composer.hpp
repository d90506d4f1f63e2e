#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codecs/smpp/bodies.hpp"
#include "engine/base/random.hpp"
#include "engine/base/result.hpp"

namespace sluice::bench {

/// How texts are coded. `longer` is a text in three parts with user data headers, each a message of its own.
enum class TextKind : std::uint8_t { gsm7, latin1, ucs2, longer };

/// Shares of kinds, of any sum.
struct TextMix {
    std::array<std::uint32_t, 4> shares{1, 0, 0, 0};  ///< by TextKind
    std::uint32_t share(TextKind kind) const { return shares[static_cast<std::size_t>(kind)]; }
};

/// short_message in octets; uniformly drawn.
struct SizeRange {
    std::uint32_t min = 140, max = 140;
};

/// "gsm7:80,ucs2:15,long:5"; the kinds are gsm7, latin1, ucs2 and long.
Result<TextMix> parse_text_mix(std::string_view text);
/// "140" or "20-160".
Result<SizeRange> parse_size_range(std::string_view text);
/// Whether texts of these sizes can carry what makes a message known again.
Result<void> check_sizes(const TextMix& mix, const SizeRange& sizes);

/// Writes texts, each with a tag that makes its message known wherever it turns up: the run and the message's number.
class Composer {
public:
    Composer(const TextMix& mix, const SizeRange& sizes, std::uint16_t run, std::uint64_t seed);

    /// Where a session is in a text of several parts; they follow one another on the same session.
    struct Part {
        std::uint8_t reference = 0;
        std::uint8_t next = 0;  ///< 0: in none
    };

    /// Sets data_coding, esm_class and short_message, which is good until the next call.
    void compose(std::uint32_t message, Part& part, smpp::SubmitSm& pdu);

    /// The message's number in a text as it arrived; nothing when it is not of this run.
    static std::optional<std::uint32_t> read(std::uint16_t run, std::uint8_t esm_class, ByteView text);

    static constexpr std::size_t tag_size = 12;  ///< characters

private:
    TextKind draw();

    TextMix mix_;
    std::uint32_t total_ = 0;
    SizeRange sizes_;
    std::uint16_t run_;
    Random random_;
    std::array<std::uint8_t, 160> text_;
};

}  // namespace sluice::bench

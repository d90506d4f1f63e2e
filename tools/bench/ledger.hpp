#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "engine/base/result.hpp"
#include "engine/base/time.hpp"

namespace sluice::bench {

/// What became of a submit_sm on the customer's side.
enum class Answer : std::uint8_t { never_sent, none_yet, accepted, refused, unanswered };

/// What the ledger says when everything is over. Every message that was sent is in exactly one of accepted, refused
/// and unanswered.
struct Account {
    std::uint64_t sent = 0;
    std::uint64_t accepted = 0;    ///< submit_sm_resp with ESME_ROK
    std::uint64_t refused = 0;     ///< any other answer
    std::uint64_t unanswered = 0;  ///< no answer: it may have been accepted
    std::uint64_t delivered = 0;   ///< messages that the provider got, however often
    std::uint64_t receipted = 0;   ///< messages whose receipt came home, however often
    std::uint64_t lost = 0;        ///< accepted, and the provider never got it
    std::uint64_t duplicated = 0;  ///< deliveries beyond the first
    std::uint64_t receipts_lost = 0;  ///< delivered, and its receipt never came home
    std::uint64_t delivered_though_refused = 0;
};

/// One line for every message of a run: who sent it when, and what came of it. Lines are written by the thread that
/// sends and by the one that is the provider, without locks; each field has one writer.
class Ledger {
public:
    /// Messages a run may have.
    static constexpr std::uint32_t capacity = 1u << 28;
    /// Lines are dealt to threads in blocks.
    static constexpr std::uint32_t block = 256;

    static Result<std::unique_ptr<Ledger>> create();
    ~Ledger();
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    /// The first of `block` lines for the calling thread; nothing when the run has become too long.
    std::optional<std::uint32_t> take_block();

    // ---- the customer
    /// `due` is when it should have been sent: what latencies count from.
    void sent(std::uint32_t message, std::uint32_t session, MonoTime due);
    void answered(std::uint32_t message, Answer answer) { store(lines_[message].answer, answer); }
    /// False when it is not the first receipt.
    bool receipted(std::uint32_t message) { return count(lines_[message].receipts); }

    // ---- the provider
    /// Whether a message of this number was sent; numbers that come back from outside may be any.
    bool known(std::uint32_t message) const {
        return message < capacity && load(lines_[message].answer) != Answer::never_sent;
    }
    /// False when it is not the first delivery.
    bool delivered(std::uint32_t message) { return count(lines_[message].deliveries); }

    MonoTime due(std::uint32_t message) const { return MonoTime(nanoseconds(load(lines_[message].due))); }
    std::uint32_t session(std::uint32_t message) const { return load(lines_[message].session); }

    /// Adds it all up, once nobody writes any more. `receipts`: whether every message had asked for one.
    Account close(bool receipts) const;

private:
    struct Line {
        std::int64_t due;
        std::uint32_t session;
        Answer answer;
        std::uint8_t deliveries, receipts;  ///< up to 255
    };
    static_assert(sizeof(Line) == 16);

    explicit Ledger(Line* lines) : lines_(lines) {}

    template <class Value>
    static Value load(Value& field) {
        return std::atomic_ref<Value>(field).load(std::memory_order_relaxed);
    }
    template <class Value>
    static void store(Value& field, Value value) {
        std::atomic_ref<Value>(field).store(value, std::memory_order_relaxed);
    }
    static bool count(std::uint8_t& field) {
        const std::uint8_t before = load(field);
        if (before < UINT8_MAX) store(field, static_cast<std::uint8_t>(before + 1));
        return before == 0;
    }

    Line* lines_;  ///< zeroed by the kernel, page by page as they are written
    std::atomic<std::uint32_t> next_{0};
};

}  // namespace sluice::bench

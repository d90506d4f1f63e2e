#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "codecs/smpp/status.hpp"
#include "codecs/smpp/values.hpp"
#include "engine/base/counters.hpp"
#include "engine/base/random.hpp"
#include "engine/base/result.hpp"
#include "engine/base/time.hpp"
#include "engine/io/make_io.hpp"
#include "engine/session/session.hpp"
#include "engine/tls/context.hpp"

/// The built-in message centre: takes submit_sm, answers, sends receipts, and can be made to misbehave in the ways real
/// ones do. Behind the embedded default of `sluice run`, behind `sluice mc`, and in tests.
namespace sluice::app {

/// What happens how often; what the shares leave over to 100 percent is `rest`.
template <class Value>
struct Mix {
    struct Share {
        Value value;
        double percent = 0;
    };
    Value rest{};
    std::vector<Share> shares;

    Value draw(Random& random) const {
        if (shares.empty()) return rest;
        double at = static_cast<double>(random.below(100'000'000)) / 1e6;
        for (const Share& share : shares)
            if ((at -= share.percent) < 0) return share.value;
        return rest;
    }
};

/// Uniform from `min` to `max`, both included.
struct DelayRange {
    nanoseconds min{};
    nanoseconds max{};

    nanoseconds draw(Random& random) const {
        return min + nanoseconds(random.below(static_cast<std::uint64_t>((max - min).count()) + 1));
    }
};

/// How a message_id is written.
struct IdStyle {
    enum class Base : std::uint8_t { decimal, hex, hex_upper };
    Base base = Base::decimal;
    std::uint8_t width = 0;  ///< zeros fill it up to this many characters, at most 64
};

enum class ReceiptText : std::uint8_t {
    full,   ///< v3.4 appendix B
    brief,  ///< id and stat alone
    none,   ///< TLVs alone; where the peer's version allows none, `full`
};

/// Messages that subscribers send. Nothing is sent while nobody is bound to receive.
struct MobileOriginated {
    std::uint32_t per_second = 0;  ///< 0: none
    std::string from, to;
    std::uint8_t from_ton = 0, from_npi = 0, to_ton = 0, to_npi = 0;
    std::vector<std::uint8_t> text;  ///< at most 254 octets
    std::uint8_t data_coding = 0;
};

struct MessageCentreOptions {
    io::Endpoint listen;  ///< port 0: any that is free
    io::BackendChoice io = io::BackendChoice::automatic;
    std::shared_ptr<const tls::Context> tls;  ///< a server's; none: in clear
    std::string system_id, password;  ///< that ESMEs must bind with; empty: any

    DelayRange latency;            ///< of answers; out of order where it varies
    std::uint32_t rate = 0;        ///< submits a second, all sessions together; 0: unlimited
    bool slow_down = false;        ///< beyond the rate: answers later, instead of ESME_RTHROTTLED
    Mix<smpp::CommandStatus> errors{smpp::CommandStatus::ESME_ROK, {}};
    double never_answer = 0;       ///< percent of submits that get lost without an answer
    std::uint64_t close_after = 0; ///< submits on one connection, which is then cut without an answer; 0: never

    IdStyle response_id, receipt_id;
    std::uint64_t first_id = 0;    ///< 0: from the clock, so that ids are not repeated after a restart

    DelayRange receipt_delay;      ///< after the answer
    Mix<smpp::MessageState> outcomes{smpp::MessageState::delivered, {}};
    ReceiptText receipt_text = ReceiptText::full;
    bool receipt_tlvs = true;      ///< receipted_message_id, message_state
    double receipt_first = 0;      ///< percent of receipts that come before the answer, without delay (interop R4)
    double receipt_twice = 0;      ///< percent of receipts that come twice (R13)
    double receipt_lost = 0;       ///< percent of receipts that never come

    MobileOriginated mobile_originated;

    std::uint32_t window = 100;    ///< deliver_sm unanswered per session, 1 to 65535
    std::uint32_t max_pending = 1'000'000;  ///< answers, and deliver_sm, not over yet; beyond: ESME_RMSGQFUL
    std::uint64_t seed = 1;        ///< decides everything that is drawn
    session::Timers timers;
};

/// Written by the message centre's thread, readable from any.
struct MessageCentreCounters {
    Counter submits;             ///< submit_sm and data_sm received
    Counter accepted;            ///< answered ESME_ROK
    Counter refused;             ///< answered with another status
    Counter unanswered;          ///< lost on purpose
    Counter receipts_sent;       ///< repetitions included
    Counter receipts_acked;
    Counter originated_sent;     ///< mobile-originated deliver_sm, repetitions included
    Counter originated_acked;
    Counter deliveries_refused;  ///< deliver_sm answered with an error; temporary ones are tried again
    Gauge sessions;              ///< bound
    Gauge pending;               ///< deliver_sm not acknowledged yet
};

class Simulation;

class MessageCentre {
public:
    /// Listens and returns with its thread running. Errors are for people.
    static Result<std::unique_ptr<MessageCentre>> start(const MessageCentreOptions& options);
    /// As `stop` with no patience, if that was not called.
    ~MessageCentre();

    /// Unbinds everybody and ends the thread; waits up to `patience` for the goodbyes. What is pending is forgotten.
    void stop(nanoseconds patience);

    const io::Endpoint& listening() const { return listening_; }
    io::Backend backend() const { return backend_; }
    const MessageCentreCounters& counters() const;

private:
    MessageCentre() = default;

    SystemClock clock_;
    std::unique_ptr<Simulation> simulation_;
    io::Endpoint listening_;
    io::Backend backend_{};
    std::thread thread_;
};

}  // namespace sluice::app

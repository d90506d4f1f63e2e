#pragma once

#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/app/client.hpp"
#include "tools/message_text.hpp"
#include "tools/values.hpp"

namespace sluice::tools {

/// What `sluice send` is to send.
struct SendOrder {
    TypedAddress from;
    std::vector<TypedAddress> to;
    std::uint32_t count = 1;  ///< messages to each
    MessageText text;
    std::string validity, schedule;  ///< as SMPP writes them; may be empty
    bool receipts = true;
};

/// Hands the messages to a client, keeps account of what becomes of each, and says so on standard output: line by line
/// when they are few, else in a summary.
class SendJob final : public app::ClientEvents {
public:
    explicit SendJob(const SendOrder& order);

    void attach(app::Client& client) { client_ = &client; }

    bool all_answered() const { return answered_ == total(); }
    bool all_receipted() const { return receipts_ == awaited_; }
    /// Everything accepted, and every receipt that was asked for says delivered.
    bool successful() const { return all_answered() && accepted_ == total() && all_receipted() && failed_ == 0; }

    std::string progress() const;
    void print_summary() const;
    /// More than are shown one by one.
    bool many() const { return total() > 20; }
    const std::string& last_trouble() const { return last_trouble_; }

    // ---- ClientEvents
    const smpp::SubmitSm* next(std::uint64_t& cookie) override;
    void on_answer(std::uint64_t cookie, smpp::CommandStatus status, std::string_view message_id) override;
    void on_unanswered(std::uint64_t cookie) override;
    smpp::CommandStatus on_deliver(const smpp::DeliverSm& pdu) override;
    void on_down(std::string reason) override;

private:
    /// A short message whose receipt is awaited.
    struct Sent {
        std::uint64_t index = 0;
        MonoTime at{};
    };
    struct Outcome {
        smpp::MessageState state{};
        std::string err;
    };

    std::uint64_t total() const { return std::uint64_t{order_.count} * order_.to.size() * order_.text.parts.size(); }
    const TypedAddress& destination(std::uint64_t index) const {
        return order_.to[index / order_.text.parts.size() % order_.to.size()];
    }
    /// "447700900123", with the part's number where there are several.
    std::string label(std::uint64_t index) const;
    void settle(const Sent& sent, const std::string& id, const Outcome& outcome);
    std::vector<std::uint8_t> body_of(std::uint64_t index) const;

    SendOrder order_;
    app::Client* client_ = nullptr;
    std::uint8_t reference_;  ///< of the first long message
    std::uint64_t next_ = 0;
    std::vector<std::uint8_t> body_;
    smpp::SubmitSm pdu_;
    std::unordered_map<std::uint64_t, MonoTime> in_flight_;      ///< bounded by the windows
    std::unordered_map<std::string, Sent> without_receipt_;      ///< by message_id
    std::unordered_map<std::string, Outcome> early_;             ///< receipts that came before the answer
    std::vector<nanoseconds> latencies_;
    std::map<std::string, std::uint64_t> refusals_, states_;     ///< how many of each
    std::uint64_t answered_ = 0, accepted_ = 0, unanswered_ = 0, awaited_ = 0, receipts_ = 0, failed_ = 0;
    std::uint64_t originated_ = 0;
    MonoTime first_{}, last_{};
    std::string last_trouble_;
};

}  // namespace sluice::tools

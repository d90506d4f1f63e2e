#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/smpp/bodies.hpp"
#include "codecs/smpp/status.hpp"
#include "engine/routing/account.hpp"
#include "engine/script/event.hpp"
#include "engine/script/value.hpp"

namespace sluice::script {

/// The fields that scripts see, under the specification's names where it has one. `field_rows` says what each is.
enum class FieldId : std::uint8_t {
    // of the message's body
    service_type, source_addr_ton, source_addr_npi, source_addr, dest_addr_ton, dest_addr_npi, destination_addr,
    esm_class, protocol_id, priority_flag, schedule_delivery_time, validity_period, registered_delivery, data_coding,
    short_message, text,
    // facts about it
    id, account, provider, provider_id, state, error, status, attempts,
    // of a session
    address, bind_type, system_type, interface_version, tls, reason, duration,
    count_
};
inline constexpr std::size_t field_count = static_cast<std::size_t>(FieldId::count_);

struct FieldRow {
    FieldId id;
    std::string_view name;
    ValueView::Kind kind;
    EventMask read;         ///< the events that have it
    EventMask write;        ///< those in which a script may change it
    std::uint32_t max;      ///< the largest number, or the longest text in octets
    const char* meaning;    ///< for people
};
std::span<const FieldRow, field_count> field_rows();
const FieldRow* find_field(std::string_view name);

/// What a script has decided.
struct Verdict {
    enum class Kind : std::uint8_t {
        none,    ///< go on
        reject,  ///< refuse with `status`: bind, submit, originated
        drop,    ///< originated: acknowledge and forget
        keep,    ///< originated: nobody's for now
        hold,    ///< before_send: try again after `seconds`
        fail,    ///< before_send: it is undeliverable, with `text` as the receipt's err
    };
    Kind kind = Kind::none;
    smpp::CommandStatus status{};
    std::uint32_t seconds = 0;
    std::string text;
};

/// What an event is about, as one script sees and changes it: a message's body and facts, or a session's. Reused from
/// event to event; a field that was not set reads as nil.
class Subject {
public:
    static constexpr std::size_t max_candidates = 8;  ///< of owners too
    static constexpr std::size_t max_tlvs = 8192;  ///< octets of TLVs that a script may leave in a message

    /// Empties it for an event.
    void begin(Event event);
    Event event() const { return event_; }

    // ---- the gateway's side
    void fact(FieldId field, std::string_view value);
    void fact(FieldId field, std::int64_t value);
    /// The views live as long as what they point to, until `keep`.
    void message(const smpp::MessageBody& body, const routing::TextProfile& profile);
    const smpp::MessageBody& body() const { return body_; }
    bool has_message() const { return has_message_; }
    /// Copies everything that points elsewhere: the event will outlast the call that it came in.
    void keep();
    /// What has been set until now is as if it had come so.
    void settle() {
        checkpoint();
        changed_ = changed_before_ = 0;
        tlvs_changed_ = tlvs_changed_before_ = false;
    }
    /// From here on `revert` leads back to here.
    void checkpoint();
    /// Takes back what has been changed and decided since the checkpoint.
    void revert();
    bool changed(FieldId field) const { return (changed_ >> static_cast<unsigned>(field) & 1) != 0; }
    bool changed() const { return changed_ != 0 || tlvs_changed_; }
    std::string_view text_of(FieldId field) const { return facts_[static_cast<std::size_t>(field)].text; }
    std::int64_t number_of(FieldId field) const { return facts_[static_cast<std::size_t>(field)].integer; }
    /// The providers of a route, in the order in which they are tried.
    std::vector<std::string>& candidates() { return names_; }
    const std::vector<std::string>& candidates() const { return names_; }
    /// The accounts that are to get a mobile-originated message.
    std::vector<std::string>& owners() { return names_; }
    const std::vector<std::string>& owners() const { return names_; }
    const Verdict& verdict() const { return verdict_; }
    void impose(Verdict verdict) { verdict_ = std::move(verdict); }
    /// Scripts cannot wait in this event, and are told why. Until `begin`.
    void forbid_look_ups(const char* why) { no_look_ups_ = why; }
    const char* no_look_ups() const { return no_look_ups_; }

    // ---- the scripts' side; false with `complaint` set when it makes no sense
    bool get(const FieldRow& field, ValueView& value);
    bool set(const FieldRow& field, const ValueView& value);
    std::optional<ByteView> tlv(std::uint16_t tag) const { return body_.tlvs.find(smpp::Tag{tag}); }
    /// Without a value: taken out.
    bool set_tlv(std::uint16_t tag, std::optional<std::string_view> value);
    bool decide(Verdict::Kind kind, std::string_view status, std::int64_t seconds, std::string_view text);
    bool set_candidates(std::span<const std::string_view> names);
    bool set_owners(std::span<const std::string_view> names);
    const std::string& complaint() const { return complaint_; }

private:
    struct Fact {
        ValueView::Kind kind = ValueView::Kind::nil;
        std::int64_t integer = 0;
        std::string text;
    };
    bool refuse(std::string complaint) {
        complaint_ = std::move(complaint);
        return false;
    }
    bool write_text(std::string_view utf8);
    void set_names(std::span<const std::string_view> names, FieldId stands_for);
    std::string_view own(FieldId field, std::string_view value);

    Event event_{};
    bool has_message_ = false;
    bool tlvs_changed_ = false;
    std::uint64_t changed_ = 0, changed_before_ = 0;
    bool tlvs_changed_before_ = false;
    smpp::MessageBody body_, before_;
    routing::TextProfile profile_;
    std::array<Fact, field_count> facts_, facts_before_;
    std::uint64_t saved_ = 0;  ///< those in facts_before_: scripts have set them since the checkpoint
    std::array<std::string, field_count> own_;
    std::vector<std::uint8_t> tlv_octets_, kept_, kept_before_;
    std::vector<std::string> names_, names_before_;  ///< candidates or owners; an event has one of them
    bool names_saved_ = false;  ///< in names_before_: scripts have set them since the checkpoint
    Verdict verdict_;
    const char* no_look_ups_ = nullptr;
    std::string complaint_;
    std::string scratch_;
};

/// A command_status by its name or number; nothing for ESME_ROK and for what is none.
std::optional<smpp::CommandStatus> status_named(std::string_view text);

}  // namespace sluice::script

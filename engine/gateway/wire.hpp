#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "codecs/smpp/status.hpp"
#include "codecs/smpp/values.hpp"
#include "engine/base/bytes.hpp"
#include "engine/base/limits.hpp"
#include "engine/gateway/message.hpp"

/// What shards tell each other. Records are copied through rings: plain structs, some with octets behind them.
namespace sluice::gateway::wire {

enum class Type : std::uint32_t {
    send = 1,       ///< SendNote + body: send this on one of your links
    outcome,        ///< OutcomeNote + message_id: how that went
    outlets,        ///< OutletsNote: how many links I have to somebody
    index,          ///< IndexNote: to the shard of the index
    kept,           ///< IndexNote: to the message's home, its entry is on disk
    receipt,        ///< ReceiptNote: to the shard of the index
    matched,        ///< ReceiptNote: to the message's home
    answer,         ///< AnswerNote: the commit you waited for is done, answer your peer
    operation,      ///< OperationNote + body: query_sm, cancel_sm, replace_sm where the messages are
    operation_done, ///< OperationDone: its result
    habit,          ///< HabitNote: how a provider writes its ids in receipts
    probe,          ///< AccountNote: a bind wants the place of a session that may be dead
    outbind,        ///< AccountNote: something waits for it, and it is for you to call it
};

/// Where an answer goes: a session of some shard, and the request it sent.
struct ReplyTo {
    std::uint64_t link = 0;      ///< packed handle; 0 with command 0: nobody waits
    std::uint32_t sequence = 0;
    std::uint32_t command = 0;   ///< of the request; 0: nobody waits
    std::uint32_t shard = 0;
    std::uint32_t reserved = 0;
};

/// In ReplyTo::command: no peer waits, but a held receipt, whose row may go once its message has recorded it.
inline constexpr std::uint32_t held_receipt = 0xFFFFFFFF;
/// In ReplyTo::command: one shard's part of a cancel_sm without message_id (Operations).
inline constexpr std::uint32_t cancel_part = 0xFFFFFFFE;

struct SendNote {
    std::uint64_t handle = 0;    ///< of the message at the sender's
    MessageId id = 0;
    PartyId party = 0;
    std::uint32_t command = 0;
};

struct OutcomeNote {
    enum class Kind : std::uint32_t { answered, unanswered, not_sent };
    std::uint64_t handle = 0;
    MessageId id = 0;
    PartyId party = 0;
    Kind kind{};
    smpp::CommandStatus status{};
    std::uint32_t reserved = 0;
};

struct OutletsNote {
    PartyId party = 0;
    std::uint32_t outlets = 0;
    std::uint32_t window = 0;    ///< of all of them together
    std::uint32_t reserved = 0;
};

struct IndexNote {
    enum class Kind : std::uint64_t {
        put,    ///< this provider id is that message
        keep,   ///< write the entry to disk and say so (`kept`)
        erase,  ///< no receipt is waited for any more
    };
    std::uint64_t key = 0;
    MessageId id = 0;
    std::int64_t until = 0;      ///< microseconds: receipts may come until then
    Kind kind{};
};

struct ReceiptNote {
    static constexpr std::size_t longest_id = 65;

    ReplyTo reply;
    std::uint64_t key = 0;       ///< of the receipt index
    std::int64_t done_at = 0;    ///< microseconds; 0: not said
    MessageId id = 0;            ///< once matched
    PartyId provider = 0;
    std::uint32_t mcc_mnc = 0;   ///< the network it went to, as one number; 0: not said
    smpp::MessageState state{};
    bool final_state = false;
    std::uint8_t reading = 0;    ///< which way of reading the id `key` comes from (see Receipts)
    bool tried = false;          ///< every reading was tried: hold it
    std::uint8_t error_size = 0;
    std::uint8_t provider_id_size = 0;
    std::uint8_t tlvs_size = 0;
    char error[14] = {};
    /// The message_id and then the TLVs: only what is used of it travels and is stored.
    std::uint8_t tail[longest_id + limits::receipt_tlvs];

    /// As the provider wrote it.
    std::string_view provider_id() const { return as_text({tail, provider_id_size}); }
    /// Those that SMPP does not define.
    ByteView tlvs() const { return {tail + provider_id_size, tlvs_size}; }
    /// What is too long is cut. Before `tlvs_room` is asked for.
    void set_provider_id(std::string_view its) {
        provider_id_size = static_cast<std::uint8_t>(std::min(its.size(), longest_id));
        std::copy_n(its.begin(), provider_id_size, tail);
    }
    /// Where TLVs are written whose size is then `tlvs_size`.
    MutableBytes tlvs_room() { return {tail + provider_id_size, limits::receipt_tlvs}; }
};

struct HabitNote {
    PartyId provider = 0;
    std::uint32_t reading = 0;
};

struct AccountNote {
    PartyId account = 0;
    std::uint32_t reserved = 0;
};

struct AnswerNote {
    ReplyTo reply;
    smpp::CommandStatus status{};
    std::uint32_t reserved = 0;
};

struct OperationNote {
    ReplyTo reply;
    MessageId id = 0;            ///< as shown; 0: cancel_sm by addresses
    PartyId account = 0;
    std::uint32_t reserved = 0;
};

struct OperationDone {
    ReplyTo reply;
    MessageId id = 0;
    smpp::CommandStatus status{};
    smpp::MessageState state{};
    std::uint8_t error_code = 0;
    std::int64_t done_at = 0;    ///< microseconds; 0: not final
};

template <class Note>
ByteView octets_of(const Note& note) {
    static_assert(std::is_trivially_copyable_v<Note>);
    return {reinterpret_cast<const std::uint8_t*>(&note), sizeof note};
}
inline ByteView octets_of(const ReceiptNote& note) {
    return {reinterpret_cast<const std::uint8_t*>(&note),
            offsetof(ReceiptNote, tail) + note.provider_id_size + note.tlvs_size};
}

template <class Note>
Note read(ByteView record) {
    Note note;
    SLUICE_CHECK(record.size() >= sizeof note);
    std::memcpy(&note, record.data(), sizeof note);
    return note;
}
/// A receipt as `octets_of` wrote it, maybe by a program of long ago; nothing where it was something else.
inline std::optional<ReceiptNote> read_receipt(ByteView record) {
    ReceiptNote note;
    if (record.size() < offsetof(ReceiptNote, tail) || record.size() > sizeof note) return std::nullopt;
    std::memcpy(&note, record.data(), record.size());
    if (note.provider_id_size > note.longest_id || note.tlvs_size > limits::receipt_tlvs) return std::nullopt;
    return octets_of(note).size() == record.size() ? std::optional(note) : std::nullopt;
}
template <>
inline ReceiptNote read<ReceiptNote>(ByteView record) {
    const auto note = read_receipt(record);
    SLUICE_CHECK(note);
    return *note;
}

}  // namespace sluice::gateway::wire

#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "codecs/smpp/pdu.hpp"
#include "engine/gateway/core.hpp"

namespace sluice::gateway {

/// query_sm, cancel_sm and replace_sm, decided where the messages are from what is stored. An id that submit_multi has
/// shown stands for all its messages. cancel_sm without message_id (v3.4 §4.9) goes to every shard, which looks through
/// everything it has, on disk too, a stretch at a time and one such request after the other.
class Operations {
public:
    explicit Operations(Core& core) : core_(core) {}

    /// `body` is the request's body, well formed. ESME_ROK: the answer follows. Anything else is the answer.
    smpp::CommandStatus begin(const Party& account, smpp::CommandId command, std::string_view message_id, ByteView body,
                              const wire::ReplyTo& reply);

    // ---- between shards
    void on_operation(const wire::OperationNote& note, ByteView body);
    /// A shard has done its part of a cancel_sm without message_id.
    void on_part(std::uint32_t group, smpp::CommandStatus status);

    /// Writes the answer to query_sm (called on the session's shard).
    std::function<void(const wire::OperationDone&)> answer_query;

private:
    /// One request at this shard.
    struct Job {
        wire::OperationNote note;
        std::vector<std::uint8_t> body;
        std::uint64_t next = 0, last = 0;      ///< ids of the rows still to be looked at
        std::size_t fetching = 0;              ///< messages that are being read
        bool more = false;                     ///< rows, after these
        std::unordered_set<MessageId> seen;
        std::size_t done = 0;                  ///< messages it was done to
        smpp::CommandStatus error{};           ///< the first
        wire::OperationDone state;             ///< query_sm: what is told
        bool has_state = false;
        bool begun_again = false;              ///< as another job, which answers
    };
    using JobRef = std::shared_ptr<Job>;
    /// A cancel_sm without message_id whose parts are not all done.
    struct Group {
        wire::ReplyTo reply;
        std::uint32_t parts = 0;
        bool any = false;
    };

    smpp::CommandStatus begin_cancel_all(const Party& account, ByteView body, const wire::ReplyTo& reply);
    bool stands_alone(const Message& m) const;
    void start_all();
    void look_in_memory(Job& job);
    void look_on_disk(const JobRef& job);
    void looked(const JobRef& job);
    void apply(Job& job, Message& m);
    /// For cancel_sm: reads a part that is not in memory, and then begins again. False when all are.
    bool fetch_part(Job& job, const Message& first);
    void conclude(const JobRef& job);
    bool concerns(const Job& job, const Message& m) const;
    void query(Job& job, const Message& m);
    smpp::CommandStatus cancel(Message& m, ByteView body);
    smpp::CommandStatus replace(Message& m, ByteView body);

    Core& core_;
    std::deque<JobRef> all_;                   ///< those that look through everything; the first is under way
    std::unordered_map<std::uint32_t, Group> groups_;
    std::uint32_t last_group_ = 0;
};

}  // namespace sluice::gateway

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/gateway/home.hpp"

namespace sluice::gateway {

/// Mobile-originated messages that nobody had a claim to when they came. They wait like an account's, and when a new
/// configuration gives one to somebody, it goes to them.
class Unowned {
public:
    explicit Unowned(Core& core) : core_(core) {}

    /// At the start and with every new configuration: asks again of each whose it is, a few a turn.
    void look_again();
    /// The same, but what is under way goes on to its end first, so that no number of calls keeps it from that.
    void look_again_soon();
    /// At the end of a turn.
    void work();
    /// Of this shard.
    std::uint64_t count();

    struct Item {
        MessageId id = 0;
        PartyId provider = 0;
        WallTime accepted_at{}, expires_at{};
        std::string source, destination;
    };
    /// Up to `limit`, the oldest of each priority first; `then` is called later.
    void list(std::size_t limit, std::function<void(std::vector<Item>)> then);

private:
    /// Those that have a claim to it now. Nobody also when a database is asked: it goes when that answers.
    Owners owners(const Message& m);
    /// Unless the configuration has changed until it is in memory: then it is looked at again anyway.
    void give_later(MessageId id, const Owners& owners);
    void give(Message& m, const Owners& owners);
    void look_at_disk();
    void look_at_rows(const storage::LoadResult& result);

    Core& core_;
    bool once_more_ = false;
    std::size_t lookups_ = 0;             ///< under way
    MonoTime asked_at_{};
    std::uint64_t round_ = 0;             ///< what was begun for an older configuration is left
    MessageId before_ = 0;                ///< what came later was asked under this configuration
    std::vector<Handle> in_memory_;       ///< to be looked at
    bool look_in_memory_ = false;
    std::size_t lane_ = 0;                ///< the next of the four to be read from disk; 4: none
    std::uint64_t position_ = 0;          ///< read so far in it
    bool loading_ = false;
};

}  // namespace sluice::gateway

#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

#include "engine/base/check.hpp"
#include "engine/base/limits.hpp"
#include "engine/base/slab.hpp"
#include "engine/io/io.hpp"

/// What the backends have in common. Not for use outside of engine/io.
namespace sluice::io {

inline std::error_code system_error(int code) { return {code, std::system_category()}; }

enum class LinkState : std::uint8_t {
    connecting,
    open,
    closing,    ///< closed by its owner or its peer: sends what is in `out`, then tells the peer that this was all
    finishing,  ///< all sent; drops what comes until the peer closes too: closing over unread octets would be a reset,
                ///< which can overtake what we sent last
    gone,       ///< freed when the backend sees it next
};

struct LinkBase {
    OutBuffer out;   ///< written by the owner
    OutBuffer kept;  ///< offered and not consumed, or come while paused
    LinkState state = LinkState::open;
    bool touched = false;  ///< is on the list of touched links
    bool paused = false;
    bool resumed = false;           ///< what is kept is to be offered
    bool above_high_water = false;  ///< on_drained is owed
    bool peer_finished = false;     ///< the peer sends no more
    bool reset = false;             ///< ends with a reset
    bool lingers = false;           ///< is on the list of lingering links
    int send_error = 0;             ///< errno of a failed send; told when input ends too

    std::size_t unsent() const { return out.size(); }
};

/// Output buffers between uses. A link has one only while it has something to say: idle links stay small and busy ones
/// share a few that are warm in the cache.
class SpareBuffers {
public:
    void lend(OutBuffer& to) {
        if (to.capacity() > 0 || spares_.empty()) return;
        to = std::move(spares_.back());
        octets_ -= to.capacity();
        spares_.pop_back();
    }
    void take_back(OutBuffer& from) {
        if (from.capacity() == 0 || !from.empty()) return;
        OutBuffer spare = std::exchange(from, OutBuffer());
        if (spare.capacity() > largest || octets_ + spare.capacity() > most_octets) return;
        octets_ += spare.capacity();
        spares_.push_back(std::move(spare));
    }

private:
    // A turn that answers a full window writes some hundred KiB to one link; were such a buffer given back to the
    // system, the next turn would fault all its pages in again.
    static constexpr std::size_t largest = 512 * 1024;
    static constexpr std::size_t most_octets = 16 * 1024 * 1024;
    std::vector<OutBuffer> spares_;
    std::size_t octets_ = 0;  ///< of all of them
};

/// The table of links and the part of `Io` that is the same for every backend. What the owner asks for (send, pause,
/// resume, close) is only noted and the link listed as touched; the backend acts on it in `update`, once a turn,
/// however often it was asked.
template <class Link>
class LinkIo : public Io {
public:
    OutBuffer& out(LinkId id) final {
        Link& link = links_.at(id);
        spares_.lend(link.out);
        return link.out;
    }
    std::size_t unsent(LinkId id) const final {
        const Link* link = links_.find(id);
        return link ? link->unsent() : 0;
    }
    void touch(LinkId id) final {
        if (Link* link = live(id)) touch(id, *link);
    }
    void pause(LinkId id) final {
        Link* link = live(id);
        if (!link || link->paused) return;
        link->paused = true;
        touch(id, *link);
    }
    void resume(LinkId id) final {
        Link* link = live(id);
        if (!link || !link->paused) return;
        link->paused = false;
        link->resumed = true;
        touch(id, *link);
    }
    void close(LinkId id) final {
        Link* link = live(id);
        if (!link) return;
        link->state = link->state == LinkState::connecting ? LinkState::gone : LinkState::closing;
        touch(id, *link);
    }
    void abort(LinkId id) final {
        Link* link = links_.find(id);
        if (!link || link->state == LinkState::gone) return;
        link->state = LinkState::gone;
        link->reset = true;
        touch(id, *link);
    }
    std::size_t links() const final { return links_.size(); }

    std::size_t turn(LinkEvents& events, nanoseconds timeout) final {
        events_ = &events;
        delivered_ = 0;
        const MonoTime start = now();
        end_lingering(start);
        update_touched(start);
        if (delivered_ > 0 || !touched_.empty())
            timeout = {};
        else if (!lingering_.empty())
            timeout = std::clamp<nanoseconds>(lingering_.front().until - start, nanoseconds::zero(), timeout);
        poll(timeout);
        return delivered_;
    }

protected:
    virtual MonoTime now() const = 0;
    /// Brings the link to where its state wants it: sends, starts or stops reading, says goodbye, frees it.
    virtual void update(LinkId id, Link& link) = 0;
    /// Waits and delivers a bounded number of events.
    virtual void poll(nanoseconds timeout) = 0;

    LinkId add_link(LinkState state) {
        const LinkId id = links_.emplace();
        links_.at(id).state = state;
        return id;
    }
    /// The link as long as its owner knows it.
    Link* live(LinkId id) {
        Link* link = links_.find(id);
        return link && (link->state == LinkState::connecting || link->state == LinkState::open) ? link : nullptr;
    }
    void touch(LinkId id, Link& link) {
        if (link.touched) return;
        link.touched = true;
        touched_.push_back(id);
    }

    /// Whether the next turn has something to do without waiting.
    bool has_touched() const { return !touched_.empty(); }
    std::optional<MonoTime> linger_deadline() const {
        return lingering_.empty() ? std::nullopt : std::optional(lingering_.front().until);
    }

    // ---- telling the owner; the link's slot stays valid throughout, whatever the owner does in the call
    LinkEvents& event() {
        ++delivered_;
        return *events_;
    }
    void accepted(ListenerId listener, LinkId id, Link& link, const Endpoint& peer) {
        touch(id, link);
        event().on_accept(id, listener, peer);
    }
    void connected(LinkId id, Link& link, std::error_code error) {
        link.state = error ? LinkState::gone : LinkState::open;
        touch(id, link);
        event().on_connect(id, error);
    }
    static bool wants_input(const Link& link) {
        return !link.peer_finished && !(link.state == LinkState::open && link.paused);
    }

    /// Offers what was kept followed by `data` to the owner, and keeps what it does not consume. After the owner has
    /// closed, octets are dropped.
    void offer(LinkId id, Link& link, ByteView data) {
        if (link.state != LinkState::open) return;
        if (link.paused) return link.kept.append(data);

        link.resumed = false;
        touch(id, link);
        spares_.lend(link.out);
        OutBuffer joined = std::exchange(link.kept, OutBuffer());  // here, as the owner may end the link in the call
        if (!joined.empty()) {
            joined.append(data);
            data = joined.view();
        }
        const std::size_t consumed = event().on_data(id, data);
        SLUICE_CHECK(consumed <= data.size());
        if (link.state != LinkState::open) return;

        const ByteView rest = data.subspan(consumed);
        const bool mostly_rest = rest.size() > joined.capacity() / 2;
        if (!joined.empty() && mostly_rest) {
            joined.consume(consumed);
            link.kept = std::move(joined);
        } else {
            link.kept.append(rest);
        }
        if (!link.paused && rest.size() > limits::max_pdu) {
            link.reset = true;
            lost(id, link, std::make_error_code(std::errc::message_size));
        }
    }
    void offer_kept(LinkId id, Link& link) {
        if (std::exchange(link.resumed, false) && !link.kept.empty()) offer(id, link, {});
    }
    /// Nothing more will come from the peer: it finished (no error) or the connection broke.
    void input_ended(LinkId id, Link& link, std::error_code error) {
        if (!error && link.send_error != 0) error = system_error(link.send_error);
        if (link.state == LinkState::open) return lost(id, link, error);
        link.peer_finished = true;
        if (error || link.state == LinkState::finishing) link.state = LinkState::gone;
        touch(id, link);
    }
    /// Takes the link from an owner who still has it. After a mere finish our answers still go out: the peer may have
    /// closed its sending side only.
    void lost(LinkId id, Link& link, std::error_code error) {
        link.state = error ? LinkState::gone : LinkState::closing;
        link.peer_finished = true;
        touch(id, link);
        event().on_close(id, error);
    }
    /// A send failed, so the connection is broken; what the peer sent before that is still read.
    static void break_output(Link& link, int error) {
        link.send_error = error;
        link.out.clear();
    }

    // ---- the water marks: note before output shrinks, tell after
    void note_high_water(Link& link) {
        if (link.unsent() > limits::out_high_water) link.above_high_water = true;
    }
    void tell_drained(LinkId id, Link& link) {
        if (!link.above_high_water || link.unsent() >= limits::out_low_water) return;
        link.above_high_water = false;
        if (link.state != LinkState::open) return;
        touch(id, link);
        event().on_drained(id);
    }

    mutable Slab<Link> links_;
    SpareBuffers spares_;

private:
    struct Lingering {
        MonoTime until;
        LinkId id;
    };

    void update_touched(MonoTime now) {
        updating_.swap(touched_);
        for (const LinkId id : updating_) {
            Link* link = links_.find(id);
            if (!link) continue;
            link->touched = false;
            if (link->state == LinkState::closing && !link->lingers) {
                link->lingers = true;
                lingering_.push_back({now + linger_limit, id});
            }
            update(id, *link);
        }
        updating_.clear();
    }
    void end_lingering(MonoTime now) {
        while (!lingering_.empty()) {
            const auto [until, id] = lingering_.front();
            if (until > now && links_.find(id)) break;
            abort(id);
            lingering_.pop_front();
        }
    }

    LinkEvents* events_ = nullptr;
    std::size_t delivered_ = 0;
    std::vector<LinkId> touched_, updating_;
    std::deque<Lingering> lingering_;  // in order of time, as the limit is the same for all
};

}  // namespace sluice::io

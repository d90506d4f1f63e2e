#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/io/io.hpp"

namespace sluice::io {

/// One program on the network: an Io and a record of what it told. Consumes everything unless `consume` says otherwise.
/// Every event is checked for a link that is open, so each test also proves that closed links stay silent.
class Host : public LinkEvents {
public:
    struct Link {
        std::string received;  ///< consumed octets
        std::optional<std::error_code> connected, closed;
        int drained = 0;
        std::size_t largest_offer = 0;
    };

    explicit Host(std::unique_ptr<Io> with) : io(std::move(with)) {}

    std::unique_ptr<Io> io;
    std::vector<LinkId> accepted;
    std::vector<std::error_code> accept_troubles;
    /// Returns how many octets to consume.
    std::function<std::size_t(LinkId, ByteView)> consume = [](LinkId, ByteView data) { return data.size(); };
    std::function<void(LinkId)> accept = [](LinkId) {};
    /// For each link, before it is used: where TLS is asked for.
    std::function<void(LinkId)> secure_accepted = [](LinkId) {};
    std::function<void(LinkId)> secure_connecting = [](LinkId) {};

    Link& operator[](LinkId link) { return links_[link.packed()]; }
    bool is_open(LinkId link) const { return open_.contains(link.packed()); }
    std::size_t open_links() const { return open_.size(); }

    LinkId connect(const Endpoint& to) {
        const LinkId link = io->connect(to);
        open_.insert(link.packed());
        secure_connecting(link);
        return link;
    }
    void write(LinkId link, std::string_view text) {
        io->out(link).append(as_bytes(text));
        io->touch(link);
    }
    void close(LinkId link) {
        open_.erase(link.packed());
        io->close(link);
    }
    void abort(LinkId link) {
        open_.erase(link.packed());
        io->abort(link);
    }

    void on_accept(LinkId link, ListenerId, const Endpoint& peer) override {
        EXPECT_TRUE(open_.insert(link.packed()).second);
        EXPECT_NE(peer.port, 0);
        accepted.push_back(link);
        secure_accepted(link);
        accept(link);
    }
    void on_connect(LinkId link, std::error_code error) override {
        expect_open(link);
        (*this)[link].connected = error;
        if (error) open_.erase(link.packed());
    }
    std::size_t on_data(LinkId link, ByteView data) override {
        expect_open(link);
        EXPECT_FALSE(data.empty());
        Link& record = (*this)[link];
        record.largest_offer = std::max(record.largest_offer, data.size());
        const std::size_t consumed = consume(link, data);
        record.received.append(as_text(data.first(consumed)));
        return consumed;
    }
    void on_drained(LinkId link) override {
        expect_open(link);
        ++(*this)[link].drained;
    }
    void on_close(LinkId link, std::error_code error) override {
        expect_open(link);
        (*this)[link].closed = error;
        open_.erase(link.packed());
    }
    void on_accept_trouble(ListenerId, std::error_code error) override { accept_troubles.push_back(error); }

private:
    void expect_open(LinkId link) {
        EXPECT_TRUE(open_.contains(link.packed())) << "an event for a link that is closed";
    }

    std::map<std::uint64_t, Link> links_;
    std::set<std::uint64_t> open_;
};

}  // namespace sluice::io

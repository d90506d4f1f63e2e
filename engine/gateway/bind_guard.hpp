#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/time.hpp"
#include "engine/io/io.hpp"

namespace sluice::gateway {

/// Slows binds down where others before them have failed, so that passwords are not found by trying. One shard's; fixed
/// memory; nothing is ever locked out.
///
/// Failures are counted for a system_id from one address, for an address, and for a system_id; half of them are
/// forgotten every minute. Beyond a few, binds from that address wait in a row, each longer than the one before, up to
/// `longest`, and when the row is longer than `longest_row` they are refused without being looked at. Failures from
/// elsewhere make a bind wait too, but not in a row, less long, and not at all from an address that the account has
/// bound from before: who guesses from many addresses does not shut out the account's owner. A bind that succeeds makes
/// up for the failures of its system_id from its address alone, so nobody earns guesses with an account of his own.
///
/// An address is an IPv4 address or an IPv6 network of 64 bits, as in Admission.
class BindGuard {
public:
    static constexpr nanoseconds first = milliseconds(250);    ///< the wait after the free failures; it doubles
    static constexpr nanoseconds longest = seconds(5);
    static constexpr nanoseconds longest_row = seconds(8);
    static constexpr nanoseconds longest_elsewhere = seconds(2);
    static constexpr nanoseconds half_life = seconds(60);
    static constexpr double free_of_pair = 3, free_of_address = 20, free_of_account = 20;

    /// `seed` is a secret: with it known, names could be found that push each other out.
    explicit BindGuard(std::uint64_t seed);

    /// How long the bind has to wait before its password is looked at; nothing: it is refused.
    std::optional<nanoseconds> enter(const io::Endpoint& peer, std::string_view system_id, MonoTime now);
    /// The password was wrong, or there is no such account.
    void failed(const io::Endpoint& peer, std::string_view system_id, MonoTime now);
    void succeeded(const io::Endpoint& peer, std::string_view system_id, MonoTime now);

private:
    static constexpr std::size_t places = 8;  ///< that an entry may have; the one with the fewest failures gives way
    struct Entry {
        std::uint64_t key = 0;
        double failures = 0;      ///< as of `at`
        MonoTime at{};
        MonoTime row_ends{};      ///< when the last one who waits may go on
        MonoTime good_until{};    ///< of a pair: it has bound
    };
    struct Keys {
        std::uint64_t pair, address, account;
    };
    Keys keys(const io::Endpoint& peer, std::string_view system_id) const;
    Entry* find(std::uint64_t key);
    Entry& make(std::uint64_t key, MonoTime now);
    static double failures(const Entry& entry, MonoTime now);
    static nanoseconds wait(const Entry* entry, double free, nanoseconds most, MonoTime now);

    std::uint64_t seed_;
    std::vector<Entry> entries_;
};

}  // namespace sluice::gateway

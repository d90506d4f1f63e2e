#pragma once

#include <cstddef>
#include <cstdint>

/// Every bound in one place. Full means refuse, throttle or stop reading; never drop, never grow.
namespace sluice::limits {

/// A PDU, header included. message_payload may carry 64 KiB; the largest broadcast and submit_multi fit as well.
inline constexpr std::uint32_t max_pdu = 128 * 1024;

/// A link whose unsent output is above the high-water mark is not read until it is below the low-water mark.
inline constexpr std::size_t out_high_water = 1024 * 1024;
inline constexpr std::size_t out_low_water = 256 * 1024;

/// TLS handshakes under way that hold memory, in one shard: one more ends the oldest of them. Each costs 0.3 to 3 ms of
/// CPU in two or three steps, so a turn takes few of them and traffic goes on between.
inline constexpr std::size_t tls_handshakes = 512;
inline constexpr std::size_t tls_handshake_steps_per_turn = 2;
/// Servers whose last TLS session is remembered, in one shard.
inline constexpr std::size_t tls_sessions = 64;

/// Events a reactor turn handles before it flushes and looks at timers and rings again.
inline constexpr std::size_t events_per_turn = 512;

/// Shards a gateway may have, and the fixed logical slots that messages belong to whatever the shard count.
inline constexpr std::size_t max_shards = 64;
inline constexpr std::size_t slots = 256;

/// Messages that one submit_multi may make, its distribution lists taken apart.
inline constexpr std::uint32_t submit_multi_messages = 1000;

/// One ring per ordered pair of shards, in octets.
inline constexpr std::size_t ring_bytes = 1024 * 1024;
/// The largest record a ring takes.
inline constexpr std::size_t ring_record = 160 * 1024;

/// Receipts of one shard that overtook the response to their message and wait for it in memory.
inline constexpr std::size_t early_receipts = 10'000;

/// TLVs that SMPP does not define, of a provider's receipt: kept for the account's, whole ones up to so many octets.
inline constexpr std::size_t receipt_tlvs = 80;

/// Binds that may wait for one account to be looked up, and names that nobody has which are remembered.
inline constexpr std::size_t binds_per_lookup = 1000;
inline constexpr std::size_t unknown_accounts = 10'000;
/// Numbers whose owners databases have told; and mobile-originated messages of one shard that wait to know.
inline constexpr std::size_t remembered_numbers = 50'000;
inline constexpr std::size_t owner_lookups = 1000;

/// Messages of one shard that wait for a database to take what they cost, their octets, and how many of
/// one account are paid for, or given back, together.
inline constexpr std::size_t unpaid_messages = 10'000;
inline constexpr std::size_t unpaid_octets = 32 * 1024 * 1024;
inline constexpr std::size_t unpaid_together = 100;

/// What one SQL statement may return.
inline constexpr std::size_t sql_rows = 10'000;
inline constexpr std::size_t sql_octets = 16 * 1024 * 1024;

}  // namespace sluice::limits

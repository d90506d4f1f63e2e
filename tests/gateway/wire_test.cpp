#include "engine/gateway/wire.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/base/random.hpp"

namespace sluice::gateway::wire {
namespace {

ReceiptNote some_receipt(Random& random) {
    ReceiptNote note;
    note.key = random.next();
    note.id = random.next();
    note.state = smpp::MessageState::delivered;
    note.error_size = 3;
    std::copy_n("042", 3, note.error);
    note.set_provider_id(std::string(random.below(2 * ReceiptNote::longest_id), 'x'));
    note.tlvs_size = static_cast<std::uint8_t>(random.below(limits::receipt_tlvs + 1));
    for (std::size_t i = 0; i < note.tlvs_size; ++i) note.tlvs_room()[i] = static_cast<std::uint8_t>(random.next());
    return note;
}

TEST(ReceiptNote, ArrivesAsItLeft) {
    EXPECT_TRUE(rc::check("what is used of it travels", [](std::uint64_t seed) {
        Random random(seed);
        const ReceiptNote note = some_receipt(random);
        const auto read = read_receipt(octets_of(note));
        RC_ASSERT(read.has_value());
        RC_ASSERT(read->key == note.key);
        RC_ASSERT(read->id == note.id);
        RC_ASSERT(read->state == note.state);
        RC_ASSERT(std::string_view(read->error, read->error_size) == "042");
        RC_ASSERT(read->provider_id() == note.provider_id());
        RC_ASSERT(std::ranges::equal(read->tlvs(), note.tlvs()));
    }));
}

TEST(ReceiptNote, AnIdThatIsTooLongIsCut) {
    ReceiptNote note;
    note.set_provider_id(std::string(ReceiptNote::longest_id + 1, 'x'));
    EXPECT_EQ(note.provider_id(), std::string(ReceiptNote::longest_id, 'x'));
}

TEST(ReceiptNote, OctetsOfSomethingElseAreNoReceipt) {
    EXPECT_TRUE(rc::check("no octet too few, too many or out of range", [](std::uint64_t seed) {
        Random random(seed);
        const ReceiptNote note = some_receipt(random);
        const ByteView whole = octets_of(note);
        std::vector<std::uint8_t> octets(whole.begin(), whole.end());
        octets.push_back(0);
        RC_ASSERT(!read_receipt(octets));
        RC_ASSERT(!read_receipt(whole.first(random.below(whole.size()))));
        std::vector<std::uint8_t> full(sizeof(ReceiptNote), 0xFF);
        RC_ASSERT(!read_receipt(full));
    }));
}

}  // namespace
}  // namespace sluice::gateway::wire

#include <gtest/gtest.h>

#include <functional>

#include "codecs/smpp/hex.hpp"
#include "engine/base/random.hpp"
#include "tests/smpp/exercise.hpp"
#include "tests/smpp/generators.hpp"

namespace sluice::smpp::test {
namespace {

/// Calls `property(command, std::type_identity<Body>)` in a rapidcheck property for each command of the table.
/// std::function keeps rapidcheck's templates to one instance for all bodies.
void for_every_command(const std::string& what, auto property) {
    for (const Command& command : commands)
        with_body_of(command.value, [&]<class Body>(std::type_identity<Body> body) {
            const std::function<void()> testable = [&] { property(command.value, body); };
            EXPECT_TRUE(rc::check(what + " " + std::string(command.name), testable));
        });
}

template <class Body>
std::vector<std::uint8_t> whole_pdu(CommandId id, const Body& body) {
    OutBuffer out;
    write_pdu(out, id, CommandStatus::ESME_ROK, 1, body);
    return {out.view().begin(), out.view().end()};
}

TEST(RoundTrip, decodeOfEncodeIsTheSameBody) {
    for_every_command("round trip of", []<class Body>(CommandId id, std::type_identity<Body>) {
        Arena arena;
        const Body body = BodyGenerator(arena).body<Body>(id);
        RC_ASSERT(check(body).has_value());
        std::vector<std::uint8_t> octets(encoded_size(body));
        RC_ASSERT(encode(body, octets) == octets.size());
        const auto again = decode<Body>(octets);
        RC_ASSERT(again.has_value());
        RC_ASSERT(same(body, *again));
    });
}

TEST(RoundTrip, cutsAndMutationsAreSurvived) {
    // Each input has a heap block of exactly its size, so that an address sanitizer sees the first octet beyond.
    for_every_command("hostile", []<class Body>(CommandId id, std::type_identity<Body>) {
        Arena arena;
        const auto pdu = whole_pdu(id, BodyGenerator(arena).body<Body>(id));
        const ByteView body = ByteView(pdu).subspan(header_size);
        Random random(*rc::gen::arbitrary<std::uint64_t>());
        for (int i = 0; i < 20; ++i) {
            const ByteView cut = body.first(random.below(body.size() + 1));
            exercise_body<Body>(std::vector<std::uint8_t>(cut.begin(), cut.end()));
        }
        for (int i = 0; i < 20; ++i) {
            std::vector<std::uint8_t> mutant(pdu);
            for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes)
                mutant[random.below(mutant.size())] = static_cast<std::uint8_t>(random.next());
            exercise_pdu(mutant);
            exercise_body<Body>(std::vector<std::uint8_t>(mutant.begin() + header_size, mutant.end()));
        }
    });
}

TEST(RoundTrip, cutAtEveryLength) {
    for (const Command& command : commands)
        with_body_of(command.value, [&]<class Body>(std::type_identity<Body>) {
            const std::function<std::vector<std::uint8_t>()> make = [&] {
                Arena arena;
                return whole_pdu(command.value, BodyGenerator(arena).body<Body>(command.value));
            };
            const auto sample = rc::gen::exec(make);
            for (std::uint64_t seed = 1; seed <= 3; ++seed) {
                const auto pdu = sample(rc::Random(seed), 50).value();
                for (std::size_t size = 0; size <= pdu.size(); ++size)
                    exercise_pdu(std::vector<std::uint8_t>(pdu.begin(), pdu.begin() + static_cast<long>(size)));
                for (std::size_t size = header_size; size <= pdu.size(); ++size)
                    exercise_body<Body>(
                        std::vector<std::uint8_t>(pdu.begin() + header_size, pdu.begin() + static_cast<long>(size)));
            }
        });
}

TEST(RoundTrip, bodiesOfNoiseAreSurvived) {
    Random random(7);
    for (int i = 0; i < 20000; ++i) {
        std::vector<std::uint8_t> octets(random.below(120));
        // Few values, so that NULs, small lengths and tags occur.
        for (auto& octet : octets)
            octet = static_cast<std::uint8_t>(random.chance(0.5) ? random.below(8) : random.next());
        const Command& command = commands[random.below(commands.size())];
        with_body_of(command.value, [&]<class Body>(std::type_identity<Body>) { exercise_body<Body>(octets); });
    }
}

}  // namespace
}  // namespace sluice::smpp::test

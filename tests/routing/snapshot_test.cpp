#include "engine/routing/snapshot.hpp"

#include <gtest/gtest.h>

namespace sluice::routing {
namespace {

Account account(std::string system_id, std::vector<NumberPattern> numbers = {}) {
    Account made;
    made.system_id = std::move(system_id);
    made.numbers = std::move(numbers);
    return made;
}
Provider provider(std::string name) {
    Provider made;
    made.name = std::move(name);
    return made;
}

TEST(Snapshot, FindsPeersByNameAndKey) {
    const auto snapshot = *Snapshot::compile({account("acme"), account("beta")}, {provider("mc")}, {});
    const Account* beta = snapshot->find_account("beta");
    ASSERT_NE(beta, nullptr);
    EXPECT_EQ(beta->id, 1);
    EXPECT_EQ(snapshot->account_by_key(stable_key("beta")), beta);
    EXPECT_EQ(snapshot->find_account("gamma"), nullptr);
    EXPECT_EQ(snapshot->find_provider("mc")->id, 0);
    EXPECT_EQ(snapshot->provider_by_key(stable_key("other")), nullptr);
}

TEST(Snapshot, KeysAreOnDiskAndMustNeverChange) {
    EXPECT_EQ(stable_key("demo"), 573979926299239216ull);
    EXPECT_EQ(stable_key(""), 3244421341483603138ull);
}

TEST(Snapshot, KnowsWhoseTextMayHaveToBeConverted) {
    Account gsm7 = account("gsm7"), latin1 = account("latin1"), packed = account("packed");
    latin1.text.default_alphabet = Alphabet::latin1;
    packed.text.default_alphabet = Alphabet::gsm7_packed;
    Provider same = provider("same"), other = provider("other"), parts = provider("parts");
    other.text.default_alphabet = Alphabet::latin1;
    parts.text.segmentation = Segmentation::udh8;

    const auto one = *Snapshot::compile({gsm7}, {same, other, parts}, {});
    EXPECT_TRUE(one->converts_for(one->accounts()[0])) << "one of the providers has another alphabet";
    EXPECT_FALSE(one->converts_for(one->providers()[0]));
    EXPECT_TRUE(one->converts_for(one->providers()[1]));
    EXPECT_TRUE(one->converts_for(one->providers()[2]));
    const auto two = *Snapshot::compile({gsm7, latin1}, {same}, {});
    EXPECT_FALSE(two->converts_for(two->accounts()[0]));
    EXPECT_TRUE(two->converts_for(two->accounts()[1]));
    EXPECT_TRUE(two->converts_for(two->providers()[0]));
    const auto three = *Snapshot::compile({packed}, {}, {});
    EXPECT_TRUE(three->converts_for(three->accounts()[0])) << "receipts must be packed";
}

TEST(Snapshot, NumbersHaveOneOwner) {
    const auto snapshot = *Snapshot::compile(
        {account("prefix", {*NumberPattern::prefix("44770")}), account("exact", {*NumberPattern::exact("447700")}),
         account("longer", {*NumberPattern::prefix("4477009")})},
        {}, {});
    const auto owner = [&](const char* number) {
        const Account* found = snapshot->account_of_number(Address::normalise(number, 1));
        return found == nullptr ? "" : found->system_id;
    };
    EXPECT_EQ(owner("447700"), "exact");
    EXPECT_EQ(owner("4477001"), "prefix");
    EXPECT_EQ(owner("4477009"), "longer");
    EXPECT_EQ(owner("+447700912"), "longer");
    EXPECT_EQ(owner("44771"), "");
    EXPECT_EQ(owner("Sluice"), "");
}

TEST(Snapshot, SaysWhatIsWrong) {
    const auto error = [](auto&&... parts) {
        const auto snapshot = Snapshot::compile(std::move(parts)...);
        return snapshot ? "" : snapshot.error().message;
    };
    using Accounts = std::vector<Account>;
    using Providers = std::vector<Provider>;
    using Rules = std::vector<RouteRule>;
    EXPECT_EQ(error(Accounts{account("a"), account("a")}, Providers{}, Rules{}), "account 'a' is there twice");
    EXPECT_EQ(error(Accounts{}, Providers{provider("p"), provider("p")}, Rules{}), "provider 'p' is there twice");
    EXPECT_EQ(error(Accounts{account("a", {*NumberPattern::exact("12")}), account("b", {*NumberPattern::exact("12")})},
                    Providers{}, Rules{}),
              "number 12 belongs to both 'a' and 'b'");
    RouteRule to_nobody;
    to_nobody.targets = {{3}};
    EXPECT_EQ(error(Accounts{}, Providers{}, Rules{to_nobody}), "route 1: names a provider that does not exist");
    RouteRule of_nobody;
    of_nobody.accounts = {3};
    EXPECT_EQ(error(Accounts{}, Providers{}, Rules{of_nobody}), "route 1: names an account that does not exist");
}

}  // namespace
}  // namespace sluice::routing

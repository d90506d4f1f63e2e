#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "engine/routing/keyword.hpp"
#include "engine/routing/snapshot.hpp"

namespace sluice::routing {
namespace {

Address address(std::string_view text) { return Address::normalise(text, 1); }

NumberSet numbers(std::initializer_list<std::string_view> texts) {
    NumberSet set;
    for (const std::string_view text : texts) EXPECT_TRUE(set.add(text)) << text;
    set.finish();
    return set;
}

TEST(Keyword, IsTheFirstWordFolded) {
    EXPECT_EQ(keyword_of("Stop"), "stop");
    EXPECT_EQ(keyword_of("  \"STOP!\"  please"), "stop");
    EXPECT_EQ(keyword_of("WIN-2024 now"), "win-2024");
    EXPECT_EQ(keyword_of("ГОЛОС 5"), "голос");
    EXPECT_EQ(keyword_of("ΣΤΟΠ"), keyword_of("στοπ"));
    EXPECT_EQ(keyword_of("Straße"), "strasse");
    EXPECT_EQ(keyword_of("ＳＴＯＰ"), "stop") << "full width";
    EXPECT_EQ(keyword_of("Cafe\u0301"), keyword_of("CAF\u00c9")) << "composed or not";
    EXPECT_EQ(keyword_of("stop\u00a0all"), "stop") << "a space that does not break";
    EXPECT_EQ(keyword_of(""), "");
    EXPECT_EQ(keyword_of(" ... "), "");
}

RC_GTEST_PROP(Keyword, AnyOctetsWillDo, (std::string text)) {
    const std::string word = keyword_of(text);
    RC_ASSERT(word.find(' ') == std::string::npos);
    RC_ASSERT(keyword_of(std::string(1000, 'x') + text) != "x");
}

TEST(NumberSet, HasNumbersPrefixesRangesAndPatterns) {
    const NumberSet set = numbers({"12345", "+44770*", "447800900100-447800900199", "49??1*7"});
    for (const char* in : {"12345", "44770", "4477012345678", "447800900100", "447800900150", "447800900199",
                           "49001007", "49991567", "490017"})
        EXPECT_TRUE(set.contains(address(in))) << in;
    for (const char* out : {"1234", "123456", "4477", "447800900099", "447800900200", "4478009001500", "44780090015",
                            "490117x", "4900207", "491", "ACME"})
        EXPECT_FALSE(set.contains(address(out))) << out;
}

TEST(NumberSet, SaysWhatIsWrong) {
    NumberSet set;
    for (const char* text : {"", "12a", "1234567890123456", "5-4", "1-22", "4*x", "a*"})
        EXPECT_FALSE(set.add(text)) << text;
    EXPECT_TRUE(set.empty());
}

/// What the four forms mean, plainly.
bool is_meant(std::string_view form, std::string_view digits) {
    if (const auto dash = form.find('-'); dash != form.npos) {
        const auto from = form.substr(0, dash), to = form.substr(dash + 1);
        return digits.size() == from.size() && digits >= from && digits <= to;
    }
    const std::function<bool(std::string_view, std::string_view)> glob = [&](std::string_view p,
                                                                             std::string_view d) -> bool {
        if (p.empty()) return d.empty();
        if (p[0] == '*') return glob(p.substr(1), d) || (!d.empty() && glob(p, d.substr(1)));
        return !d.empty() && (p[0] == '?' || p[0] == d[0]) && glob(p.substr(1), d.substr(1));
    };
    return glob(form, digits);
}

RC_GTEST_PROP(NumberSet, IsTheFormsThatWereAdded, ()) {
    const auto digits = [](int least, int most) {
        return rc::gen::mapcat(rc::gen::inRange(least, most + 1), [](int size) {
            return rc::gen::container<std::string>(static_cast<std::size_t>(size), rc::gen::element('1', '2', '3'));
        });
    };
    const auto form = rc::gen::oneOf(
        digits(1, 6), rc::gen::map(digits(0, 4), [](std::string p) { return p + "*"; }),
        rc::gen::map(digits(8, 8), [](std::string two) {
            std::string a = two.substr(0, 4), b = two.substr(4);
            return std::min(a, b) + "-" + std::max(a, b);
        }),
        rc::gen::nonEmpty(rc::gen::resize(8, rc::gen::container<std::string>(rc::gen::element('1', '2', '?', '*')))));
    const auto forms = *rc::gen::container<std::vector<std::string>>(form);
    NumberSet set;
    for (const std::string& text : forms) RC_ASSERT(set.add(text).has_value());
    set.finish();
    for (int i = 0; i < 50; ++i) {
        const std::string asked = *digits(1, 7);
        const bool meant = std::ranges::any_of(forms, [&](const std::string& f) { return is_meant(f, asked); });
        RC_ASSERT(set.contains(address(asked)) == meant);
    }
}

class Home : public testing::Test {
protected:
    static Account account(std::string name) {
        Account a;
        a.system_id = std::move(name);
        return a;
    }
    static HomeRule rule(std::initializer_list<std::string_view> to, std::vector<std::string> keywords,
                         std::vector<AccountId> owners) {
        HomeRule r;
        for (const std::string_view text : to) EXPECT_TRUE(r.to.add(text));
        for (const std::string& keyword : keywords) r.keywords.push_back(keyword_of(keyword));
        for (const AccountId owner : owners) r.owners.push_back({owner, 1});
        return r;
    }
    void compile(std::vector<HomeRule> rules) {
        std::vector<Account> accounts{account("a"), account("b"), account("c"), account("operator")};
        accounts[1].numbers = {*NumberPattern::exact("555"), *NumberPattern::prefix("447")};
        Provider one, two;
        one.name = "one";
        two.name = "two";
        const auto compiled = Snapshot::compile(accounts, {one, two}, {}, std::move(rules));
        ASSERT_TRUE(compiled) << compiled.error().message;
        snapshot = *compiled;
    }
    HomeDecision ask(std::string_view to, std::string_view text = {}, ProviderId provider = 0,
                     std::string_view from = "1") {
        HomeRequest request{provider, address(to), address(from), {}, 0};
        const std::string word = keyword_of(text);
        if (!word.empty()) request.keyword = stable_key(word);
        const HomeDecision decision = snapshot->home(request);
        const auto lines = snapshot->explain_home(request, word);
        explanation.clear();
        for (const std::string& line : lines) explanation += line + "\n";
        return decision;
    }
    std::string owners(std::string_view to, std::string_view text = {}, ProviderId provider = 0) {
        std::string names;
        for (const AccountId id : ask(to, text, provider).owners()) names += snapshot->accounts()[id].system_id + " ";
        return names;
    }
    std::shared_ptr<const Snapshot> snapshot;
    std::string explanation;
};

TEST_F(Home, KeywordsOfASharedNumberThenNumbersThenTheRest) {
    compile({rule({}, {"stop", "Стоп"}, {3}), rule({"555"}, {"win"}, {0}), rule({"555", "556"}, {"vote"}, {2}),
             rule({"600-699"}, {}, {2}), rule({}, {}, {3})});
    EXPECT_EQ(owners("555", "WIN a car"), "a ");
    EXPECT_NE(explanation.find("home 2 decides: a"), std::string::npos) << explanation;
    EXPECT_EQ(owners("555", "Vote!"), "c ");
    EXPECT_EQ(owners("557", "vote"), "operator ") << "the keyword is another number's";
    EXPECT_EQ(owners("555", "СТОП"), "operator ");
    EXPECT_EQ(owners("555", "hello"), "b ") << "the number's owner";
    EXPECT_NE(explanation.find("the numbers of account b decide"), std::string::npos) << explanation;
    EXPECT_NE(explanation.find("home 2 is passed over: 'hello' is none of its keywords"), std::string::npos)
        << explanation;
    EXPECT_EQ(owners("44712"), "b ");
    EXPECT_EQ(owners("650"), "c ");
    EXPECT_EQ(owners("999"), "operator ");
    EXPECT_NE(explanation.find("home 5 decides"), std::string::npos) << explanation;
}

TEST_F(Home, TheFirstRuleDecidesWhetherByKeywordOrByNumber) {
    compile({rule({"1*"}, {}, {0}), rule({}, {"x"}, {1}), rule({"2"}, {}, {2})});
    EXPECT_EQ(owners("12", "x"), "a ");
    EXPECT_EQ(owners("2", "x"), "b ");
    EXPECT_EQ(owners("2", "y"), "c ");
    EXPECT_EQ(owners("3", "y"), "");
    EXPECT_NE(explanation.find("it is nobody's"), std::string::npos) << explanation;
}

TEST_F(Home, ProvidersTellNumbersApart) {
    HomeRule there = rule({"12345"}, {}, {2});
    there.providers = {1};
    compile({there, rule({"12345"}, {}, {0})});
    EXPECT_EQ(owners("12345", "", 1), "c ");
    EXPECT_EQ(owners("12345", "", 0), "a ");
    EXPECT_EQ(owners("12345", "", no_provider), "a ");
}

TEST_F(Home, SeveralOwnersGetACopyEachOrOneByTheSendersNumber) {
    HomeRule one = rule({"2"}, {}, {0, 1});
    one.share = HomeShare::one;
    one.owners[1].weight = 3;
    compile({rule({"1"}, {}, {0, 1, 2}), one});
    EXPECT_EQ(owners("1"), "a b c ");
    int second = 0;
    for (int i = 0; i < 4000; ++i) {
        const std::string from = std::to_string(447700000000 + i);
        const HomeDecision decision = ask("2", "", 0, from);
        ASSERT_EQ(decision.count, 1);
        EXPECT_EQ(ask("2", "other", 1, from).accounts[0], decision.accounts[0]) << "the same for all of its messages";
        second += decision.accounts[0] == 1;
    }
    EXPECT_NEAR(second, 3000, 150);
}

TEST_F(Home, MistakesNameTheRule) {
    const auto error = [&](HomeRule broken) {
        const auto compiled = Snapshot::compile({account("a")}, {}, {}, {std::move(broken)});
        return compiled ? std::string("none") : compiled.error().message;
    };
    EXPECT_EQ(error(rule({"1"}, {}, {})), "home 1: must name 1 to 8 accounts");
    EXPECT_EQ(error(rule({"1"}, {}, {1})), "home 1: names an account that does not exist");
    EXPECT_EQ(error(rule({"1"}, {}, {0, 0})), "home 1: names an account twice");
    HomeRule provider = rule({"1"}, {}, {0});
    provider.providers = {0};
    provider.name = "x";
    EXPECT_EQ(error(provider), "home 1 (x): names a provider that does not exist");
}

}  // namespace
}  // namespace sluice::routing

#include <gtest/gtest.h>

#include "box.hpp"
#include "engine/script/program.hpp"
#include "engine/script/templates.hpp"

// Every template loads, names its event, and does what its first lines say.
namespace sluice::script {
namespace {

std::string_view text_of(std::string_view name) {
    for (const Template& its : templates())
        if (its.name == name) return its.text;
    ADD_FAILURE() << "there is no template " << name;
    return {};
}

struct Trial : Box {
    explicit Trial(std::string_view name, Event event) {
        script = *vm.load(std::string(name) + ".lua", text_of(name)), sample(event);
    }
    void fact(FieldId field, std::string_view value) { subject.fact(field, value); }
    void text(std::string_view words) {
        FieldRow writable = *find_field("text");
        writable.write = 0xFFFF;
        ASSERT_TRUE(subject.set(writable, ValueView::of(words)));
    }
    Outcome call() { return vm.call(script, subject); }
    std::string now_text() {
        ValueView value;
        subject.get(*find_field("text"), value);
        return std::string(value.text);
    }
    static LookUpResult changed(std::int64_t rows) {
        LookUpResult result;
        result.changed = rows;
        return result;
    }
    static LookUpResult rows(std::string column, std::vector<std::string> values) {
        LookUpResult result;
        result.columns = {std::move(column)};
        for (const std::string& value : values) result.rows.push_back({Value(ValueView::of(std::string_view(value)))});
        return result;
    }
    std::size_t script = 0;
};

TEST(Templates, EachLoadsAndNamesItsEvent) {
    EXPECT_EQ(templates().size(), 12u);
    for (const Template& its : templates()) {
        ASSERT_TRUE(its.text.starts_with("-- ")) << its.name;
        const std::size_t at = its.text.find("\n-- event: ");
        ASSERT_NE(at, std::string_view::npos) << its.name;
        const std::string_view rest = its.text.substr(at + 11);
        const auto event = event_named(rest.substr(0, rest.find('\n')));
        ASSERT_TRUE(event) << its.name;
        const auto good = check({std::string(its.name), std::string(its.text)}, {}, *event);
        EXPECT_TRUE(good) << good.error().message;
    }
}

TEST(Templates, AcknowledgeWithCredits) {
    for (const auto& [left, status] : {std::pair<std::int64_t, const char*>{1, ""}, {0, "ESME_RSUBMITFAIL"}}) {
        Trial trial("acknowledge-with-credits", Event::submit);
        const Outcome waits = trial.call();
        ASSERT_EQ(waits.kind, Outcome::Kind::suspended);
        EXPECT_EQ(trial.vm.wanted(waits.run).parameters[0].text, "shop");
        ASSERT_EQ(trial.vm.resume(waits.run, Trial::changed(left)).kind, Outcome::Kind::done);
        EXPECT_EQ(left == 0, trial.subject.verdict().kind == Verdict::Kind::reject);
        if (left == 0) {
            EXPECT_EQ(smpp::name_of(trial.subject.verdict().status), status);
        }
    }
}

TEST(Templates, BindCheck) {
    Trial trial("bind-check", Event::bind);  // the box's clock says 22:13 UTC
    trial.fact(FieldId::account, "office");
    ASSERT_EQ(trial.call().kind, Outcome::Kind::done);
    EXPECT_EQ(trial.subject.verdict().kind, Verdict::Kind::reject);
}

TEST(Templates, Forward) {
    Trial trial("forward", Event::submit);
    trial.text("Your Code is 1234");
    ASSERT_EQ(trial.call().kind, Outcome::Kind::done);
    EXPECT_EQ(trial.subject.text_of(FieldId::provider), "north");
    EXPECT_EQ(trial.subject.body().source_addr, "Codes");
}

TEST(Templates, ApplyReceipt) {
    Trial trial("apply-receipt", Event::receipt);
    trial.fact(FieldId::state, "REJECTED");
    trial.fact(FieldId::error, "027");
    ASSERT_EQ(trial.call().kind, Outcome::Kind::done);
    EXPECT_EQ(trial.subject.text_of(FieldId::state), "UNDELIVERABLE");
}

TEST(Templates, ForwardReceipt) {
    Trial trial("forward-receipt", Event::state_change);
    trial.fact(FieldId::id, "17");
    trial.fact(FieldId::state, "EXPIRED");
    const Outcome waits = trial.call();
    ASSERT_EQ(waits.kind, Outcome::Kind::suspended) << waits.error;
    EXPECT_EQ(trial.vm.wanted(waits.run).body, R"({"id": "17", "state": "EXPIRED", "error": ""})");
}

TEST(Templates, RouteBackByNumber) {
    Trial trial("route-back-by-number", Event::originated);
    const Outcome waits = trial.call();
    ASSERT_EQ(waits.kind, Outcome::Kind::suspended);
    ASSERT_EQ(trial.vm.resume(waits.run, Trial::rows("SystemID", {"Test2"})).kind, Outcome::Kind::done);
    EXPECT_EQ(trial.subject.text_of(FieldId::account), "Test2");
}

TEST(Templates, AutoReply) {
    Trial trial("auto-reply", Event::originated);
    trial.text(" Stop it");
    const Outcome outcome = trial.call();
    ASSERT_EQ(outcome.sendings.size(), 1u) << outcome.error;
    EXPECT_EQ(outcome.sendings[0].destination_addr, "1000");
    EXPECT_EQ(outcome.sendings[0].source_addr, "447700900123");
}

TEST(Templates, RetryAndFailover) {
    const auto verdict = [](std::int64_t status) {
        Trial trial("retry-and-failover", Event::provider_response);
        trial.subject.fact(FieldId::status, status);
        trial.subject.fact(FieldId::attempts, std::int64_t{1});
        EXPECT_EQ(trial.call().kind, Outcome::Kind::done);
        return std::pair(trial.subject.verdict().kind, trial.subject.changed(FieldId::provider));
    };
    EXPECT_EQ(verdict(0), std::pair(Verdict::Kind::none, false));
    EXPECT_EQ(verdict(0x45), std::pair(Verdict::Kind::none, true));
    EXPECT_EQ(verdict(0x400), std::pair(Verdict::Kind::fail, false));
    EXPECT_EQ(verdict(0x401), std::pair(Verdict::Kind::hold, false));
}

TEST(Templates, DatabaseQuery) {
    Trial trial("database-query", Event::submit);
    trial.text("Dear %NAME%");
    const Outcome waits = trial.call();
    ASSERT_EQ(waits.kind, Outcome::Kind::suspended);
    ASSERT_EQ(trial.vm.resume(waits.run, Trial::rows("name", {"100% Ann"})).kind, Outcome::Kind::done);
    EXPECT_EQ(trial.now_text(), "Dear 100% Ann");
}

TEST(Templates, HttpQuery) {
    Trial trial("http-query", Event::submit);
    const Outcome waits = trial.call();
    ASSERT_EQ(waits.kind, Outcome::Kind::suspended);
    LookUpResult no;
    no.status = 403;
    ASSERT_EQ(trial.vm.resume(waits.run, no).kind, Outcome::Kind::done);
    EXPECT_EQ(trial.subject.verdict().kind, Verdict::Kind::reject);
}

TEST(Templates, AssembleMultipart) {
    Trial trial("assemble-multipart", Event::originated);
    FieldRow writable = *find_field("short_message");
    ASSERT_TRUE(trial.subject.set(*find_field("esm_class"), ValueView::of(std::int64_t{0x40})));
    ASSERT_TRUE(trial.subject.set(writable, ValueView::of(std::string_view("\5\0\3\7\2\2two", 9))));
    Outcome outcome = trial.call();
    ASSERT_EQ(outcome.kind, Outcome::Kind::suspended) << outcome.error;
    outcome = trial.vm.resume(outcome.run, Trial::changed(0));
    ASSERT_EQ(outcome.kind, Outcome::Kind::suspended) << outcome.error;
    const std::vector<Value> stored = trial.vm.wanted(outcome.run).parameters;
    EXPECT_EQ(stored[2].integer, 7);
    EXPECT_EQ(stored[3].integer, 2);
    EXPECT_EQ(stored[5].text, "two");
    outcome = trial.vm.resume(outcome.run, Trial::changed(1));
    ASSERT_EQ(outcome.kind, Outcome::Kind::suspended) << outcome.error;
    outcome = trial.vm.resume(outcome.run, Trial::rows("words", {"one ", "two"}));
    ASSERT_EQ(outcome.kind, Outcome::Kind::done) << outcome.error;
    EXPECT_EQ(trial.now_text(), "one two");
    EXPECT_EQ(trial.subject.body().esm_class, 0);
}

TEST(Templates, Empty) {
    Trial trial("empty", Event::submit);
    EXPECT_EQ(trial.call().kind, Outcome::Kind::done);
    EXPECT_EQ(trial.lines.size(), 1u);
}

}  // namespace
}  // namespace sluice::script

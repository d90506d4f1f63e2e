#include <gtest/gtest.h>

#include "box.hpp"

namespace sluice::script {
namespace {

TEST(Vm, AScriptReadsAndChangesItsMessage) {
    Box box;
    EXPECT_EQ(box.run("if message.account == 'shop' and message.text == 'Hello' then message.source_addr = 'Shop' "
                      "message.source_addr_ton = 5 message.text = 'Grüße €' end").kind, Outcome::Kind::done);
    EXPECT_EQ(box.subject.body().source_addr, "Shop");
    EXPECT_EQ(box.subject.body().source_addr_ton, 5);
    EXPECT_EQ(box.subject.body().data_coding, 0);
    EXPECT_EQ(as_text(box.subject.body().short_message), "Gr\x7E\x1E\x65 \x1B\x65");
    EXPECT_TRUE(box.subject.changed(FieldId::source_addr));
    EXPECT_FALSE(box.subject.changed(FieldId::destination_addr));
    box.subject.revert();
    EXPECT_EQ(box.subject.body().source_addr, "1000");
    EXPECT_EQ(as_text(box.subject.body().short_message), "Hello");
    EXPECT_FALSE(box.subject.changed());
}

TEST(Vm, TextThatTheDefaultAlphabetLacksIsUcs2AndLongTextAPayload) {
    Box box;
    ASSERT_EQ(box.run("message.text = 'привет'").kind, Outcome::Kind::done);
    EXPECT_EQ(box.subject.body().data_coding, 8);
    EXPECT_EQ(box.subject.body().short_message.size(), 12u);
    ASSERT_EQ(box.run("message.text = string.rep('x', 300)").kind, Outcome::Kind::done);
    EXPECT_TRUE(box.subject.body().short_message.empty());
    EXPECT_EQ(box.subject.body().tlvs.find(smpp::Tag::message_payload)->size(), 300u);
    EXPECT_EQ(box.value("(function() message.text = string.rep('x', 300) message.text = 'a' "
                        "return message:tlv(0x424) end)()"), "nil");
}

TEST(Vm, TheUserDataHeaderStays) {
    Box box;
    ASSERT_EQ(
        box.run("message.esm_class = 0x40 message.short_message = '\\5\\0\\3\\1\\2\\1part' message.text = 'two'").kind,
        Outcome::Kind::done);
    EXPECT_EQ(as_text(box.subject.body().short_message), std::string_view("\5\0\3\1\2\1two", 9));
}

TEST(Vm, VerdictsAndComplaintsNameTheLine) {
    Box box;
    ASSERT_EQ(box.run("message:reject('ESME_RINVDSTADR', 'no')").kind, Outcome::Kind::done);
    EXPECT_EQ(box.subject.verdict().kind, Verdict::Kind::reject);
    EXPECT_EQ(box.subject.verdict().status, smpp::CommandStatus::ESME_RINVDSTADR);
    EXPECT_EQ(box.subject.verdict().text, "no");
    ASSERT_EQ(box.run("message:reject(0x400)").kind, Outcome::Kind::done);
    EXPECT_EQ(static_cast<std::uint32_t>(box.subject.verdict().status), 0x400u);
    const auto error = [&](std::string_view code) { return box.run(code).error; };
    EXPECT_EQ(error("\nmessage:reject('ESME_NONSENSE')"),
              "t.lua:3: 'ESME_NONSENSE' is no command_status; write a name as \"ESME_RSUBMITFAIL\", or a number");
    EXPECT_EQ(error("message.priority_flag = 9"), "t.lua:2: 'priority_flag' is 0 to 3, not 9");
    EXPECT_EQ(error("message.priority_flag = 'x'"), "t.lua:2: 'priority_flag' is a whole number, not a string");
    EXPECT_EQ(error("message.nonsense = 1"), "t.lua:2: there is no field 'nonsense'");
    EXPECT_EQ(error("return message.nonsense"), "t.lua:2: there is no field 'nonsense'");
    EXPECT_EQ(error("message.account = 'x'"), "t.lua:2: on_submit cannot set 'account'");
    EXPECT_EQ(error("return message.state"), "t.lua:2: on_submit has no field 'state'");
    EXPECT_EQ(error("message:drop()"), "t.lua:2: on_submit cannot drop");
    EXPECT_EQ(error("message:keep()"), "t.lua:2: on_submit cannot keep");
    EXPECT_EQ(error("message:set_owners{'a'}"), "t.lua:2: only on_originated can set the owners");
    EXPECT_EQ(error("message.destination_addr = string.rep('1', 21)"),
              "t.lua:2: 'destination_addr' has at most 20 octets, not 21");
    EXPECT_EQ(error("message.destination_addr = '1\\0'"), "t.lua:2: 'destination_addr' cannot have a zero octet");
    EXPECT_EQ(error("message.text = 'caf\\xe9'"), "t.lua:2: 'text' is not UTF-8");
    EXPECT_EQ(error("message:set_tlv(0x1400, string.rep('x', 9000))"),
              "t.lua:2: the TLVs would take more than 8192 octets");
    EXPECT_EQ(error("message:set_tlv(0x0381, 'xy')"), "t.lua:2: 'callback_num' has 4 to 19 octets, not 2");
    EXPECT_EQ(error("message:set_tlv(0x020A, 'x')"), "t.lua:2: 'source_port' has 2 octets, not 1");
    EXPECT_EQ(error("message:tlv(70000)"), "t.lua:2: bad argument #1 to 'tlv' (a tag is 0 to 0xFFFF)");
}

TEST(Vm, Tlvs) {
    Box box;
    EXPECT_EQ(box.value("(function() message:set_tlv(0x1400, 'abc') message:set_tlv(0x1401, 'd') "
                        "message:set_tlv(0x1400, nil) return message:tlv(0x1401), message:tlv(0x1400) end)()"),
              "d,nil");
}

TEST(Vm, InstructionsAreCountedExactlyWithAStepOfOne) {
    Box box({}, 1);
    const auto count = [&](std::string_view code) { return box.run(code).instructions; };
    const std::uint64_t empty = count("");
    EXPECT_LT(empty, 10u);
    EXPECT_EQ(count("local x = 1 local y = 2 local z = 3"), empty + 3);
    EXPECT_EQ(count("for i = 1, 1000 do end"), count("for i = 1, 10 do end") + 990);
}

TEST(Vm, SendsAreGivenOutWhenTheScriptHasEndedWell) {
    Box box;
    const Outcome outcome = box.run("sluice.send{account = 'shop', source_addr = 'Shop', source_addr_ton = 5, "
                                    "destination_addr = message.source_addr, text = 'Thanks'}");
    ASSERT_EQ(outcome.kind, Outcome::Kind::done) << outcome.error;
    ASSERT_EQ(outcome.sendings.size(), 1u);
    EXPECT_EQ(outcome.sendings[0].destination_addr, "1000");
    EXPECT_EQ(outcome.sendings[0].source_addr_ton, 5);
    EXPECT_EQ(outcome.sendings[0].dest_addr_ton, -1);
    EXPECT_TRUE(
        box.run("sluice.send{account = 'shop', destination_addr = '1', text = 'x'} error('no')").sendings.empty());
    EXPECT_EQ(box.run("for i = 1, 5 do sluice.send{account = 'a', destination_addr = '1', text = 'x'} end").error,
              "t.lua:2: one event may send 4 messages");
    EXPECT_EQ(box.run("sluice.send{account = 'a', text = 'x'}").error, "t.lua:2: 'destination_addr' must be a string");
    EXPECT_EQ(box.run("sluice.send{account = 'a', destination_addr = '1', text = 'x', dest_addr_ton = 256}").error,
              "t.lua:2: 'dest_addr_ton' must be a whole number of 0 to 255");
}

TEST(Vm, ALookUpSuspendsAndResumes) {
    Box box;
    const Outcome first = box.run(
        "local ok, rows = pcall(sql.query, 'customers', 'SELECT a FROM t WHERE b = ?', message.source_addr) "
        "message.text = rows[1].a .. #rows "
        "local answer, why = http.post('http://localhost/x', 'body', {timeout = 2, headers = {A = 'b'}}) "
        "message.source_addr = why");
    ASSERT_EQ(first.kind, Outcome::Kind::suspended) << first.error;
    EXPECT_EQ(box.vm.suspended(), 1u);
    const LookUp& sql = box.vm.wanted(first.run);
    EXPECT_EQ(sql.kind, LookUp::Kind::sql_query);
    EXPECT_EQ(sql.database, "customers");
    ASSERT_EQ(sql.parameters.size(), 1u);
    EXPECT_EQ(sql.parameters[0].text, "1000");
    LookUpResult rows;
    rows.columns = {"a"};
    rows.rows = {{Value(ValueView::of(std::string_view("x")))}, {Value()}};
    const Outcome second = box.vm.resume(first.run, rows);
    ASSERT_EQ(second.kind, Outcome::Kind::suspended) << second.error;
    const LookUp& http = box.vm.wanted(second.run);
    EXPECT_EQ(http.method, "POST");
    EXPECT_EQ(http.body, "body");
    EXPECT_EQ(http.timeout, milliseconds(2000));
    ASSERT_EQ(http.headers.size(), 1u);
    LookUpResult failed;
    failed.error = "timed out";
    const Outcome third = box.vm.resume(second.run, failed);
    ASSERT_EQ(third.kind, Outcome::Kind::done) << third.error;
    EXPECT_EQ(box.subject.body().source_addr, "timed out");
    EXPECT_EQ(as_text(box.subject.body().short_message), "x2");
    EXPECT_EQ(box.vm.suspended(), 0u);
}

TEST(Vm, TheBudgetIsForAllOfACallAndWaitersAreBounded) {
    Limits limits;
    limits.suspended = 2;
    limits.look_ups = 3;
    Box box(limits);
    Outcome outcome = box.run("while true do for i = 1, 20000 do end sql.execute('d', 'x') end");
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(outcome.kind, Outcome::Kind::suspended);
        outcome = box.vm.resume(outcome.run, {});
    }
    ASSERT_EQ(outcome.kind, Outcome::Kind::suspended);
    EXPECT_NE(box.vm.resume(outcome.run, {}).error.find("one event may make 3 look-ups"), std::string::npos);
    outcome = box.run("while true do for i = 1, 40000 do end sql.execute('d', 'x') end");
    ASSERT_EQ(outcome.kind, Outcome::Kind::suspended);
    outcome = box.vm.resume(outcome.run, {});
    ASSERT_EQ(outcome.kind, Outcome::Kind::suspended);
    EXPECT_NE(box.vm.resume(outcome.run, {}).error.find("too many instructions"), std::string::npos);

    const Outcome one = box.run("sql.execute('d', 'x')"), two = box.run("sql.execute('d', 'x')");
    EXPECT_EQ(two.kind, Outcome::Kind::suspended);
    EXPECT_NE(box.run("sql.execute('d', 'x')").error.find("2 scripts wait"), std::string::npos);
    box.vm.abandon(one.run);
    box.vm.abandon(two.run);
    EXPECT_EQ(box.vm.suspended(), 0u);
    EXPECT_NE(box.run("table.sort({1, 2}, function() sql.query('d', 'x') end)").error.find("inside of a sort"),
              std::string::npos);
}

TEST(Vm, LibraryFunctionsAreLuas) {
    Box box;
    const auto is = [&](std::string_view expression, std::string_view value) {
        EXPECT_EQ(box.value(expression), value) << expression;
    };
    is("('hello world'):find('wor')", "7,9");
    is("('hello world'):find('o', 6)", "8,8");
    is("('hello'):find('l', -2)", "4,4");
    is("('hello'):find('xyz')", "nil");
    is("('a.b'):find('.', 1, true)", "2,2");
    is("('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "key,value");
    is("('  trim '):match('^%s*(.-)%s*$')", "trim");
    is("('2026-11-25'):match('(%d+)-(%d+)-(%d+)')", "2026,11,25");
    is("('abc'):match('()b()')", "2,3");
    is("('THE (quick) fox'):find('%((%a+)%)')", "5,11,quick");
    is("('f(a(b)c)d'):match('%b()')", "(a(b)c)");
    is("('THE quick fox'):gsub('%f[%a]%a+', string.lower)", "the quick fox,3");
    is("('hello'):gsub('l', 'L', 1)", "heLlo,1");
    is("('hello'):gsub('', '-')", "-h-e-l-l-o-,6");
    is("('abc'):gsub('%w', '%0%0')", "aabbcc,3");
    is("('$name is $x'):gsub('%$(%w+)', {name = 'Lua'})", "Lua is $x,2");
    is("('abc'):gsub('b', '%%')", "a%c,1");
    is("('abc'):gsub('(a)(b)', '%2%1')", "bac,1");
    is("('x^2'):gsub('%^', '')", "x2,1");
    is("('[x]'):match('[%]x]+')", "x]");
    is("('a-z'):match('[a%-z]+')", "a-z");
    is("('abc'):match('[^a]+')", "bc");
    is("('aa'):match('(a)%1')", "a");
    is("('colour'):match('colou?r')", "colour");
    is("('color'):match('colou?r')", "color");
    is("(function() local t = {} for w in ('one two'):gmatch('%a+') do t[#t + 1] = w end "
       "return table.concat(t, '|') end)()",
       "one|two");
    is("(function() local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t + 1] = k .. v end "
       "return table.concat(t, '|') end)()",
       "a1|b2");
    is("('ab'):rep(3, ',')", "ab,ab,ab");
    is("('x'):rep(0), ('x'):rep(-1)", ",");
    is("('x'):upper(), ('abc'):sub(2), ('abc'):byte(-1), ('abc'):reverse(), #'abc', ('%5.2f|%s'):format(1, true)",
       "X,bc,99,cba,3, 1.00|true");
    is("pcall(error, 'x', 0)", "false,x");
    is("pcall(function(...) return ... end, 1, nil, 3)", "true,1,nil,3");
    is("xpcall(error, function(e) return e .. '!' end, 'x', 0)", "false,x!");
    is("xpcall(function(...) return ... end, print, 1, 2)", "true,1,2");
    is("select('#', table.unpack({1, 2, 3})), table.concat({1, 2}, '-'), math.max(1, 5), utf8.len('é'), utf8.char(233)",
       "3,1-2,5,1,é");
    is("(function() local t = {3, 1, 2} table.sort(t) table.insert(t, 4) table.remove(t, 1) "
       "return table.concat(t) end)()",
       "234");
    is("os.time(), os.date('!%Y-%m-%d')", "1700000000,2023-11-14");
    is("getmetatable(''), getmetatable(message)", "false,false");
}

}  // namespace
}  // namespace sluice::script

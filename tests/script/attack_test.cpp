#include <gtest/gtest.h>

#include "box.hpp"

// Scripts that mean harm, or have a mistake that comes to the same:
// each ends with an error, and the VM serves the next.
namespace sluice::script {
namespace {

class Attack : public ::testing::Test {
protected:
    Limits limits = [] {
        Limits large;  // so that memory is what ends those that take much
        large.instructions = 1'000'000;
        return large;
    }();
    /// It fails, with this in its error, within its bounds; the VM works afterwards.
    void fails(std::string_view code, std::string_view why) {
        Box box(limits);
        const Outcome outcome = box.run(code);
        EXPECT_EQ(outcome.kind, Outcome::Kind::failed) << code;
        EXPECT_NE(outcome.error.find(why), std::string::npos) << code << "\n" << outcome.error;
        EXPECT_LE(box.vm.most_memory(), Limits().memory + 256 * 1024) << code;
        EXPECT_EQ(box.vm.suspended(), 0u);
        EXPECT_EQ(box.value("1 + 1"), "2") << code;
    }
};
constexpr auto instructions = "too many instructions";
constexpr auto memory = "not enough memory";

TEST_F(Attack, Loops) {
    fails("while true do end", instructions);
    fails("for i = 1, 1e18 do end", instructions);
    fails("::again:: goto again", instructions);
    fails("repeat until false", instructions);
    fails("local function f() return f() end f()", instructions);
}
TEST_F(Attack, TheErrorNamesTheLine) { fails("local x = 1\nwhile true do x = x + 1 end", "t.lua:3:"); }
TEST_F(Attack, CannotCatchTheEndOfItsBudget) {
    fails("while true do pcall(function() while true do end end) end", instructions);
    fails("pcall(function() while true do end end) message.text = 'went on'", instructions);
    fails("xpcall(function() while true do end end, function() while true do end end)", instructions);
    fails("local function again() return pcall(again) or again() end again()", "the script took too");  // once 4.5 s
    fails("local function again() local ok, e = pcall(again) if not ok then error(e, 0) end end again()",
          "pcalls are inside");
    fails("pcall(pcall, pcall, function() while true do end end)", instructions);
    fails("pcall(function() local t = {} for i = 1, 1e9 do t[i] = i end end) message.text = 'went on'", memory);
}
TEST_F(Attack, NeitherWhenItsVariablesAreClosed) {
    fails("local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end",
          instructions);
    fails("local m = {} local x <close> = setmetatable({}, (function() m.__close = function() while true do end end "
          "return m end)()) error('x')", instructions);
    fails("for i = 1, 10 do local x <close> = setmetatable({}, {__close = function() while true do end end}) end",
          instructions);
}
TEST_F(Attack, Recursion) {
    fails("local function f() return 1 + f() end f()", "");
    fails("local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end local x = t.x",
          "overflow");
    fails("local s = string.rep('(', 190) .. 'x' "
          "error(s:gsub('x', function() return ('x'):gsub('x', function() error('deep') end) end))",
          "deep");
    fails("local function f(s) return s:gsub('.', f) end f('x')", "overflow");
    fails("local t = {} for i = 1, 5 do t = setmetatable({}, {__index = t}) end error(tostring(t.x) .. 'end')",
          "nilend");
}
TEST_F(Attack, Memory) {
    fails("local t = {} for i = 1, 1e9 do t[i] = i end", memory);
    fails("local s = 'x' while true do s = s .. s end", memory);
    fails("local t = {} while true do t[#t + 1] = string.rep('x', 10000) .. #t end", "");
    fails("local t = {} while true do t[{}] = {} end", memory);
    fails("local t = table.pack(table.unpack({}, 1, 1e6))", instructions);
    fails("local t = {} for i = 1, 1e5 do t[i] = function() return i, t end end", memory);
}
TEST_F(Attack, GarbageWithoutEnd) {
    fails("while true do local s = string.rep('x', 100000) end", instructions);
    fails("local keep = {} for i = 1, 60 do keep[i] = string.rep('x', 120000 + i) end "
          "while true do pcall(string.rep, 'y', 130000) end",
          "");
}
TEST_F(Attack, LibraryFunctions) {
    fails("string.rep('x', 1e9)", "too long");
    fails("error('size ' .. #string.rep('', 1e18))", "size 0");
    fails("string.rep('x', 1e5, string.rep('y', 1e5))", "too long");
    fails("table.concat({}, 'x', 1, 1e15)", instructions);
    fails("table.move({}, 1, 1e15, 2)", instructions);
    fails("table.insert(setmetatable({}, {__len = function() return 1 << 60 end}), 1, 'x')", "__len");
    fails("table.sort(setmetatable({}, {__len = function() return 1 << 60 end}))", "__len");
    fails("local t = {} for i = 1, 20000 do t[i] = i end table.sort(t, function() return true end)", "");
    fails("while true do ('x'):upper() end", instructions);
    fails("local s = string.rep('x', 100000) while true do local y = s:upper() end", instructions);
    fails("os.date(string.rep('%c', 60000))", memory);
    fails("string.format('%99999d', 1)", "invalid");
    fails("print(string.rep('x', 100000)) while true do print(1) end", instructions);
}
TEST_F(Attack, Patterns) {
    fails("local s = string.rep('a', 160) s:find('.-.-.-.-.-.-.-.-.-.-b')", instructions);
    fails("string.rep('a', 30000):match('(.-)(.-)(.-)(.-)x')", instructions);
    fails("string.rep('a', 100000):gsub('a*a*a*a*b', '')", instructions);
    fails("for x in string.rep('a', 100000):gmatch('a-a-a-b') do end", instructions);
    fails("string.rep('x', 300):find(string.rep('(', 40))", "too many captures");
    fails("string.rep('x', 300):find(string.rep('x?', 300) .. string.rep('x', 300))", "too complex");
    fails("string.rep('a', 100000):find(string.rep('a', 50000) .. 'b', 1, true)", instructions);
    fails("string.rep('x', 1000):gsub('', string.rep('y', 1000))", "too long");
    fails("string.rep('[', 5):find('[')", "missing ']'");
    fails("('x'):find('%')", "ends with '%'");
    fails("('x'):find('%1')", "invalid capture index");
    fails("('x'):find('(x')", "unfinished capture");
    fails("('x'):match('x)')", "invalid pattern capture");
    fails("('x'):gsub('x', '%2')", "invalid capture index");
    fails("('x'):find('%b')", "%b");
    fails("('x'):find('%f')", "%f");
}
TEST_F(Attack, Finalizers) {
    fails("setmetatable({}, {__gc = function() while true do end end})", "__gc");
    fails("setmetatable({}, setmetatable({}, {__index = {__gc = 1}})) error('not seen')", "not seen");
}
TEST_F(Attack, ErrorObjects) {
    fails("error()", "an error that is no text but a nil");
    fails("error({})", "an error that is no text but a table");
    fails("error(setmetatable({}, {__tostring = function() while true do end end}))",
          "an error that is no text but a table");
    fails("error(message)", "userdata");
    fails("error('a\\nb\\0c')", "a b c");
    fails("error(string.rep('x', 10000))", "xxx");
}
TEST_F(Attack, NothingLeadsOut) {
    for (const char* name : {"io", "debug", "package", "require", "load", "loadstring", "loadfile", "dofile",
                             "collectgarbage", "coroutine", "os.execute", "os.exit", "os.getenv", "os.remove",
                             "os.rename", "os.tmpname", "os.setlocale", "string.dump", "string.pack", "_G"}) {
        Box box;
        EXPECT_EQ(box.value(name), "nil") << name;
    }
    fails("getmetatable('').__index.find = nil", "index a boolean");
    fails("setmetatable(message, {})", "table expected");
    fails("local m = getmetatable(message) m.__index = nil", "index a boolean");
    Box box;
    EXPECT_EQ(box.run("\x1bLua").error.substr(0, 5), "load:");
    EXPECT_FALSE(box.vm.load("binary.lua", std::string_view("\x1bLuaT\0\x19\x93\r\n\x1a\n", 12)));
}
TEST_F(Attack, AScriptKeepsToItsOwnGlobals) {
    Box box;
    EXPECT_EQ(box.run("x = 5 string_find = string.find pairs = nil").kind, Outcome::Kind::done);
    EXPECT_EQ(box.value("x, type(pairs)"), "nil,function");
}
TEST_F(Attack, AMessageOfAnEventThatIsOver) {
    Box box;
    const auto script = box.vm.load("t.lua", "function on_submit(m) if kept then return kept.text end kept = m end");
    ASSERT_TRUE(script);
    EXPECT_EQ(box.vm.call(*script, box.subject).kind, Outcome::Kind::done);
    const Outcome second = box.vm.call(*script, box.subject);
    EXPECT_NE(second.error.find("t.lua:1: this belongs to an event that is over"), std::string::npos) << second.error;
}
TEST_F(Attack, LoadingHasTheSameBounds) {
    Box box;
    EXPECT_NE(box.vm.load("t.lua", "while true do end").error().message.find(instructions), std::string::npos);
    EXPECT_NE(box.vm.load("t.lua", "sql.query('a', 'b')").error().message.find("while an event"), std::string::npos);
    EXPECT_NE(box.vm.load("t.lua", "x = ").error().message.find("t.lua:1:"), std::string::npos);
    EXPECT_NE(box.vm.load("t.lua", std::string(100000, '(')).error().message.find("overflow"), std::string::npos);
    EXPECT_EQ(box.value("2"), "2");
}

}  // namespace
}  // namespace sluice::script

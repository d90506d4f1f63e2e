#include <lua.hpp>

#include <cstring>

#include "engine/script/library.hpp"
#include "engine/script/pattern.hpp"

// find, match, gmatch, gsub and rep with their work counted: Lua's own cannot be stopped once they run.
namespace sluice::script::library {
namespace {

std::string_view text_at(lua_State* L, int index) {
    std::size_t size = 0;
    const char* const text = luaL_checklstring(L, index, &size);
    return {text, size};
}

/// Where a search begins, from 0: `position` counts from 1, or from the end when it is negative.
std::size_t start_at(lua_Integer position, std::size_t size) {
    if (position > 0) return static_cast<std::size_t>(position) - 1;
    if (position == 0) return 0;
    const auto back = static_cast<std::size_t>(-(position + 1)) + 1;
    return back > size ? 0 : size - back;
}

/// Looks for a match from `at` on, at `at` alone when it is anchored.
/// Raises what is wrong. Returns whether there is one.
bool search(lua_State* L, std::string_view subject, std::string_view pattern, bool anchored, std::size_t& at,
            std::size_t& end, Matcher*& matcher, void* place) {
    Vm& vm = Vm::of(L);
    std::uint64_t steps = vm.left();
    const std::uint64_t before = steps;
    matcher = new (place) Matcher(subject, pattern, steps);
    end = Matcher::no_match;
    for (; at <= subject.size(); ++at) {
        end = matcher->match(at);
        if (end != Matcher::no_match || anchored || matcher->fault() != Matcher::Fault::none) break;
    }
    switch (matcher->fault()) {
        case Matcher::Fault::none: break;
        case Matcher::Fault::too_much_work: vm.out_of_budget(L);
        case Matcher::Fault::too_complex: luaL_error(L, "pattern too complex"); break;
        case Matcher::Fault::malformed: luaL_error(L, "%s", matcher->fault_text()); break;
    }
    vm.charge(L, before - steps);
    return end != Matcher::no_match;
}

void push_capture(lua_State* L, std::string_view subject, const Matcher& matcher, std::size_t i, std::size_t begin,
                  std::size_t end) {
    if (i >= matcher.captures()) {
        if (i != 0) luaL_error(L, "invalid capture index %%%d", static_cast<int>(i + 1));
        lua_pushlstring(L, subject.data() + begin, end - begin);
        return;
    }
    const Matcher::Capture& its = matcher.capture(i);
    if (its.position) lua_pushinteger(L, static_cast<lua_Integer>(its.begin) + 1);
    else lua_pushlstring(L, subject.data() + its.begin, its.length);
}

/// All captures, or the whole match where there are none.
int push_captures(lua_State* L, std::string_view subject, const Matcher& matcher, std::size_t begin, std::size_t end,
                  bool whole) {
    const std::size_t count = matcher.captures() == 0 && whole ? 1 : matcher.captures();
    luaL_checkstack(L, static_cast<int>(count), "too many captures");
    for (std::size_t i = 0; i < count; ++i) push_capture(L, subject, matcher, i, begin, end);
    return static_cast<int>(count);
}

// A matcher has no destructor that matters: an error may jump over it.
struct alignas(Matcher) MatcherPlace {
    unsigned char octets[sizeof(Matcher)];
};

int find_or_match(lua_State* L, bool find) {
    const std::string_view subject = text_at(L, 1);
    std::string_view pattern = text_at(L, 2);
    std::size_t at = start_at(luaL_optinteger(L, 3, 1), subject.size());
    if (at > subject.size()) {
        lua_pushnil(L);
        return 1;
    }
    if (find && (lua_toboolean(L, 4) != 0 || pattern.find_first_of("^$*+?.([%-") == std::string_view::npos)) {
        // The worst that a plain search costs is text times pattern; text a
        // pattern's first character rules out is quick.
        Vm::of(L).charge(L, 1 + (subject.size() - at) / 16 * (1 + pattern.size() / 16));
        const std::size_t found = subject.find(pattern, at);
        if (found == std::string_view::npos) {
            lua_pushnil(L);
            return 1;
        }
        lua_pushinteger(L, static_cast<lua_Integer>(found) + 1);
        lua_pushinteger(L, static_cast<lua_Integer>(found + pattern.size()));
        return 2;
    }
    const bool anchored = pattern.starts_with('^');
    if (anchored) pattern.remove_prefix(1);
    MatcherPlace place;
    Matcher* matcher = nullptr;
    std::size_t end = 0;
    if (!search(L, subject, pattern, anchored, at, end, matcher, &place)) {
        lua_pushnil(L);
        return 1;
    }
    if (!find) return push_captures(L, subject, *matcher, at, end, true);
    lua_pushinteger(L, static_cast<lua_Integer>(at) + 1);
    lua_pushinteger(L, static_cast<lua_Integer>(end));
    return 2 + push_captures(L, subject, *matcher, at, end, false);
}

int find(lua_State* L) { return find_or_match(L, true); }
int match(lua_State* L) { return find_or_match(L, false); }

/// Upvalues: subject, pattern, where to go on, where the last match ended (-1: there was none).
int next_match(lua_State* L) {
    const std::string_view subject = text_at(L, lua_upvalueindex(1)), pattern = text_at(L, lua_upvalueindex(2));
    auto at = static_cast<std::size_t>(lua_tointeger(L, lua_upvalueindex(3)));
    const lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    MatcherPlace place;
    Matcher* matcher = nullptr;
    std::size_t end = 0;
    while (search(L, subject, pattern, false, at, end, matcher, &place)) {
        if (static_cast<lua_Integer>(end) == last) {  // an empty match where the last one ended is none
            ++at;
            continue;
        }
        lua_pushinteger(L, static_cast<lua_Integer>(end));
        lua_pushvalue(L, -1);
        lua_replace(L, lua_upvalueindex(3));
        lua_replace(L, lua_upvalueindex(4));
        return push_captures(L, subject, *matcher, at, end, true);
    }
    lua_pushinteger(L, static_cast<lua_Integer>(subject.size()) + 1);
    lua_replace(L, lua_upvalueindex(3));
    return 0;
}

int gmatch(lua_State* L) {
    const std::string_view subject = text_at(L, 1);
    text_at(L, 2);
    const std::size_t at = start_at(luaL_optinteger(L, 3, 1), subject.size());
    lua_settop(L, 2);
    lua_pushinteger(L, static_cast<lua_Integer>(std::min(at, subject.size() + 1)));
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, next_match, 4);
    return 1;
}

/// What one match is replaced with, onto the stack: a string, or false for the match as it is.
void push_replacement(lua_State* L, std::string_view subject, const Matcher& matcher, std::size_t begin,
                      std::size_t end) {
    switch (lua_type(L, 3)) {
        case LUA_TFUNCTION: {
            lua_pushvalue(L, 3);
            const int count = push_captures(L, subject, matcher, begin, end, true);
            lua_call(L, count, 1);
            break;
        }
        case LUA_TTABLE:
            push_capture(L, subject, matcher, 0, begin, end);
            lua_gettable(L, 3);
            break;
        default: {
            const std::string_view words = text_at(L, 3);
            luaL_Buffer made;
            luaL_buffinit(L, &made);
            for (std::size_t i = 0; i < words.size(); ++i) {
                if (words[i] != '%') {
                    luaL_addchar(&made, words[i]);
                    continue;
                }
                if (++i == words.size() || (words[i] != '%' && (words[i] < '0' || words[i] > '9')))
                    luaL_error(L, "invalid use of '%%' in replacement string");
                if (words[i] == '%') {
                    luaL_addchar(&made, '%');
                } else if (words[i] == '0') {
                    luaL_addlstring(&made, subject.data() + begin, end - begin);
                } else {
                    push_capture(L, subject, matcher, static_cast<std::size_t>(words[i] - '1'), begin, end);
                    luaL_tolstring(L, -1, nullptr);
                    lua_remove(L, -2);
                    luaL_addvalue(&made);
                }
            }
            luaL_pushresult(&made);
        }
    }
    if (lua_toboolean(L, -1) == 0) {
        lua_pop(L, 1);
        lua_pushboolean(L, 0);
    } else if (!lua_isstring(L, -1)) {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    }
}

int gsub(lua_State* L) {
    const std::string_view subject = text_at(L, 1);
    std::string_view pattern = text_at(L, 2);
    const int kind = lua_type(L, 3);
    luaL_argexpected(L, kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION || kind == LUA_TTABLE, 3,
                     "string/function/table");
    const lua_Integer most = luaL_optinteger(L, 4, static_cast<lua_Integer>(subject.size()) + 1);
    const bool anchored = pattern.starts_with('^');
    if (anchored) pattern.remove_prefix(1);
    lua_settop(L, 3);
    // The pieces are collected on the stack's top: a buffer would be in the way of calls.
    lua_newtable(L);
    lua_Integer pieces = 0, count = 0;
    std::size_t at = 0, copied = 0, octets = subject.size();
    std::size_t last_end = Matcher::no_match;
    MatcherPlace place;
    while (count < most) {
        Matcher* matcher = nullptr;
        std::size_t end = 0;
        if (!search(L, subject, pattern, anchored, at, end, matcher, &place)) break;
        if (end == last_end) {  // empty, right behind the last match
            if (anchored) break;
            ++at;
            continue;
        }
        ++count;
        push_replacement(L, subject, *matcher, at, end);
        if (lua_isboolean(L, -1)) {
            lua_pop(L, 1);
        } else {
            std::size_t size = 0;
            lua_tolstring(L, -1, &size);
            octets += size;
            if (octets > max_string) luaL_error(L, "resulting string too long");
            Vm::of(L).charge(L, 2 + size / 16);
            lua_pushlstring(L, subject.data() + copied, at - copied);
            lua_rawseti(L, 4, ++pieces);
            lua_rawseti(L, 4, ++pieces);
            copied = end;
        }
        last_end = end;
        at = end;
        if (anchored) break;
    }
    Vm::of(L).charge(L, octets / 16);
    luaL_Buffer made;
    luaL_buffinit(L, &made);
    for (lua_Integer i = 1; i <= pieces; ++i) {
        lua_rawgeti(L, 4, i);
        luaL_addvalue(&made);
    }
    luaL_addlstring(&made, subject.data() + copied, subject.size() - copied);
    luaL_pushresult(&made);
    lua_pushinteger(L, count);
    return 2;
}

int rep(lua_State* L) {
    const std::string_view text = text_at(L, 1);
    const lua_Integer count = luaL_checkinteger(L, 2);
    std::size_t separator_size = 0;
    const char* const separator = luaL_optlstring(L, 3, "", &separator_size);
    if (count <= 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    const std::size_t each = text.size() + separator_size;
    if (each > 0 && static_cast<std::uint64_t>(count) > max_string / each + 1)
        return luaL_error(L, "resulting string too long");
    const std::size_t size = each == 0 ? 0 : each * static_cast<std::size_t>(count) - separator_size;
    if (size > max_string) return luaL_error(L, "resulting string too long");
    Vm::of(L).charge(L, 1 + size / 16 + (each > 0 ? static_cast<std::uint64_t>(count) : 0));
    luaL_Buffer made;
    char* to = luaL_buffinitsize(L, &made, size);
    for (lua_Integer i = 0; each > 0 && i < count; ++i) {
        std::memcpy(to, text.data(), text.size());
        to += text.size();
        if (i + 1 < count) {
            std::memcpy(to, separator, separator_size);
            to += separator_size;
        }
    }
    luaL_pushresultsize(&made, size);
    return 1;
}

}  // namespace

void add_strings(lua_State* L) {
    static const luaL_Reg functions[] = {{"find", find}, {"match", match}, {"gmatch", gmatch},
                                         {"gsub", gsub}, {"rep", rep}, {nullptr, nullptr}};
    luaL_setfuncs(L, functions, 0);
}

}  // namespace sluice::script::library

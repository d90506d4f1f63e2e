#include "engine/script/library.hpp"

#include <lua.hpp>

#include <algorithm>
#include <bit>

namespace sluice::script::library {
namespace {


std::uint64_t span(lua_Integer from, lua_Integer to) {
    return to < from ? 0 : static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from) + 1;
}

// ---- what calls cost, in instructions

std::uint64_t cost_of_texts(lua_State* L) {
    std::uint64_t octets = 0;
    for (int i = 1; i <= lua_gettop(L); ++i) octets += lua_type(L, i) == LUA_TSTRING ? lua_rawlen(L, i) : 0;
    return 1 + octets / 16;
}

/// The table functions loop in C over as many places as the table says:
/// one whose length is a function could say anything.
std::uint64_t length(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    if (luaL_getmetafield(L, 1, "__len") != LUA_TNIL) luaL_argerror(L, 1, "has a length of its own (__len)");
    return lua_rawlen(L, 1);
}

std::uint64_t cost_of_length(lua_State* L) { return 1 + length(L); }
std::uint64_t cost_of_sort(lua_State* L) {
    const std::uint64_t size = length(L);
    return 1 + size * std::bit_width(size) * 2;
}
std::uint64_t cost_of_concat(lua_State* L) {
    const auto size = static_cast<lua_Integer>(length(L));
    std::size_t separator = 0;
    luaL_optlstring(L, 2, "", &separator);
    return 1 + span(luaL_optinteger(L, 3, 1), luaL_optinteger(L, 4, size)) * (2 + separator / 16);
}
std::uint64_t cost_of_unpack(lua_State* L) {
    const auto size = static_cast<lua_Integer>(length(L));
    return 1 + span(luaL_optinteger(L, 2, 1), luaL_optinteger(L, 3, size));
}
std::uint64_t cost_of_move(lua_State* L) {
    length(L);
    return 1 + span(luaL_checkinteger(L, 2), luaL_checkinteger(L, 3));
}
std::uint64_t cost_of_arguments(lua_State* L) { return 1 + static_cast<std::uint64_t>(lua_gettop(L)); }

using Cost = std::uint64_t (*)(lua_State*);

/// The original of a library function, its work counted before it is done.
template <Cost cost>
int counted(lua_State* L) {
    Vm::of(L).charge(L, cost(L));
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

struct Taken {
    const char* name;
    lua_CFunction counted;  ///< null: the original as it is
};

/// Takes functions over from the library on top of the stack, into the table below it.
template <std::size_t count>
void take(lua_State* L, const Taken (&functions)[count]) {
    for (const Taken& function : functions) {
        lua_getfield(L, -1, function.name);
        if (function.counted != nullptr) lua_pushcclosure(L, function.counted, 1);
        lua_setfield(L, -3, function.name);
    }
}

// ---- protected calls

/// An error that is raised again by each of many levels costs the square of their number.
constexpr unsigned most_protected = 50;

void enter_protected(lua_State* L) {
    Vm::Run* const run = Vm::of(L).running();
    if (run->protected_calls >= most_protected)
        luaL_error(L, "more than %d pcalls are inside of each other", most_protected);
    ++run->protected_calls;
}

/// Whether the call went well. Does not return when no script may go on after what happened.
bool leave_protected(lua_State* L, int status) {
    Vm& vm = Vm::of(L);
    --vm.running()->protected_calls;
    if (status == LUA_ERRMEM) vm.out_of_memory();
    if (vm.spent()) lua_error(L);
    return status == LUA_OK || status == LUA_YIELD;
}

int finish_pcall(lua_State* L, int status, lua_KContext) {
    const bool well = leave_protected(L, status);
    lua_pushboolean(L, well);
    lua_replace(L, 1);
    return lua_gettop(L);
}

int pcall(lua_State* L) {
    luaL_checkany(L, 1);
    enter_protected(L);
    lua_pushboolean(L, 0);  // room for the verdict
    lua_insert(L, 1);
    return finish_pcall(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_pcall), 0);
}

/// The handler is called after the stack is unwound; there is no debug library that could look at it anyway.
int finish_xpcall(lua_State* L, int status, lua_KContext) {
    const bool well = leave_protected(L, status);
    if (!well) {
        lua_pushvalue(L, 2);
        lua_insert(L, -2);
        lua_call(L, 1, 1);
    }
    lua_pushboolean(L, well);
    lua_replace(L, 1);
    lua_remove(L, 2);
    return lua_gettop(L);
}

int xpcall(lua_State* L) {
    luaL_checktype(L, 2, LUA_TFUNCTION);
    enter_protected(L);
    lua_pushvalue(L, 1);
    lua_pushboolean(L, 0);
    lua_replace(L, 1);
    lua_insert(L, 3);
    return finish_xpcall(L, lua_pcallk(L, lua_gettop(L) - 3, LUA_MULTRET, 0, 0, finish_xpcall), 0);
}

/// Finalizers run where no instructions are counted.
int set_metatable(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL) return luaL_error(L, "__gc is not allowed here");
        lua_pop(L, 1);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

// ---- time

int os_time(lua_State* L) {
    if (lua_isnoneornil(L, 1)) {
        const auto now = Vm::of(L).host().now().time_since_epoch();
        lua_pushinteger(L, std::chrono::duration_cast<seconds>(now).count());
        return 1;
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

int os_date(lua_State* L) {
    Vm::of(L).charge(L, 10 + cost_of_texts(L));
    lua_settop(L, 2);
    if (lua_isnil(L, 1)) {
        lua_pushliteral(L, "%c");
        lua_replace(L, 1);
    }
    if (lua_isnil(L, 2)) {
        const auto now = Vm::of(L).host().now().time_since_epoch();
        lua_pushinteger(L, std::chrono::duration_cast<seconds>(now).count());
        lua_replace(L, 2);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 2, 1);
    return 1;
}

void add_base(lua_State* L) {
    static constexpr Taken base[] = {
        {"assert", nullptr}, {"error", nullptr}, {"getmetatable", nullptr}, {"ipairs", nullptr}, {"next", nullptr},
        {"pairs", nullptr}, {"rawequal", nullptr}, {"rawget", nullptr}, {"rawlen", nullptr}, {"rawset", nullptr},
        {"select", counted<cost_of_arguments>}, {"tonumber", counted<cost_of_texts>},
        {"tostring", counted<cost_of_texts>}, {"type", nullptr}};
    lua_pushcfunction(L, luaopen_base);  // writes into the global table, which no script ever sees
    lua_call(L, 0, 1);
    take(L, base);
    lua_getfield(L, -1, "setmetatable");
    lua_pushcclosure(L, set_metatable, 1);
    lua_setfield(L, -3, "setmetatable");
    lua_pop(L, 1);
    lua_pushcfunction(L, pcall);
    lua_setfield(L, -2, "pcall");
    lua_pushcfunction(L, xpcall);
    lua_setfield(L, -2, "xpcall");
    lua_pushliteral(L, LUA_VERSION);
    lua_setfield(L, -2, "_VERSION");
}

/// A library of Lua's with those of its functions that are taken.
template <std::size_t count>
void add_library(lua_State* L, const char* name, lua_CFunction opener, const Taken (&functions)[count]) {
    lua_newtable(L);
    lua_pushcfunction(L, opener);
    lua_call(L, 0, 1);
    take(L, functions);
    lua_pop(L, 1);
    lua_setfield(L, -2, name);
}

void add_os(lua_State* L) {
    lua_newtable(L);
    lua_pushcfunction(L, luaopen_os);
    lua_call(L, 0, 1);
    lua_getfield(L, -1, "clock");
    lua_setfield(L, -3, "clock");
    lua_getfield(L, -1, "time");
    lua_pushcclosure(L, os_time, 1);
    lua_setfield(L, -3, "time");
    lua_getfield(L, -1, "date");
    lua_pushcclosure(L, os_date, 1);
    lua_setfield(L, -3, "date");
    lua_pop(L, 1);
    lua_setfield(L, -2, "os");
}

void add_string_library(lua_State* L) {
    static constexpr Taken strings[] = {
        {"byte", counted<cost_of_texts>}, {"char", counted<cost_of_arguments>}, {"format", counted<cost_of_texts>},
        {"len", nullptr}, {"lower", counted<cost_of_texts>}, {"reverse", counted<cost_of_texts>},
        {"sub", counted<cost_of_texts>}, {"upper", counted<cost_of_texts>}};
    lua_newtable(L);
    lua_pushcfunction(L, luaopen_string);  // gives strings their metatable
    lua_call(L, 0, 1);
    take(L, strings);
    lua_pop(L, 1);
    add_strings(L);
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
    lua_setfield(L, -2, "string");
}

}  // namespace

void open(lua_State* L) {
    static constexpr Taken tables[] = {
        {"concat", counted<cost_of_concat>}, {"insert", counted<cost_of_length>}, {"move", counted<cost_of_move>},
        {"pack", counted<cost_of_arguments>}, {"remove", counted<cost_of_length>}, {"sort", counted<cost_of_sort>},
        {"unpack", counted<cost_of_unpack>}};
    static constexpr Taken maths[] = {
        {"abs", nullptr}, {"ceil", nullptr}, {"cos", nullptr}, {"exp", nullptr}, {"floor", nullptr}, {"fmod", nullptr},
        {"huge", nullptr}, {"log", nullptr}, {"max", counted<cost_of_arguments>}, {"maxinteger", nullptr},
        {"min", counted<cost_of_arguments>}, {"mininteger", nullptr}, {"modf", nullptr}, {"pi", nullptr},
        {"random", nullptr}, {"randomseed", nullptr}, {"sin", nullptr}, {"sqrt", nullptr}, {"tan", nullptr},
        {"tointeger", nullptr}, {"type", nullptr}, {"ult", nullptr}};
    static constexpr Taken utf8s[] = {
        {"char", counted<cost_of_arguments>}, {"charpattern", nullptr}, {"codepoint", counted<cost_of_texts>},
        {"codes", counted<cost_of_texts>}, {"len", counted<cost_of_texts>}, {"offset", counted<cost_of_texts>}};
    lua_newtable(L);
    add_base(L);
    add_library(L, "table", luaopen_table, tables);
    add_library(L, "math", luaopen_math, maths);
    add_library(L, "utf8", luaopen_utf8, utf8s);
    add_string_library(L);
    add_os(L);
    add_api(L);
}

std::string error_text(lua_State* L) {
    if (lua_gettop(L) == 0) return "an error without a value";
    if (lua_type(L, -1) != LUA_TSTRING) return std::string("an error that is no text but a ") + luaL_typename(L, -1);
    std::size_t size = 0;
    const char* const text = lua_tolstring(L, -1, &size);
    std::string result(text, std::min<std::size_t>(size, 500));
    std::ranges::replace_if(result, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return result;
}

}  // namespace sluice::script::library

#include <lua.hpp>

#include <array>

#include "engine/script/library.hpp"

// What scripts say to the gateway: the subject of their event, and the tables sluice, sql and http.
namespace sluice::script::library {
namespace {

constexpr const char* subject_type = "sluice.subject";
constexpr std::size_t max_parameters = 64;
constexpr std::size_t max_headers = 32;

Vm::Run& running(lua_State* L) {
    Vm::Run* const run = Vm::of(L).running();
    if (run == nullptr || run->subject == nullptr) luaL_error(L, "this can be called while an event is handled only");
    return *run;
}

// ---- the subject

struct SubjectHandle {
    std::uint64_t serial;
};

Subject& subject_at_1(lua_State* L) {
    const auto* const handle = static_cast<const SubjectHandle*>(luaL_checkudata(L, 1, subject_type));
    Vm::Run& run = running(L);
    if (handle->serial != run.serial) luaL_error(L, "this belongs to an event that is over");
    return *run.subject;
}

int complain(lua_State* L, const Subject& subject) {
    luaL_where(L, 1);
    lua_pushlstring(L, subject.complaint().data(), subject.complaint().size());
    lua_concat(L, 2);
    return lua_error(L);
}

std::string_view optional_text(lua_State* L, int index) {
    std::size_t size = 0;
    const char* const text = luaL_optlstring(L, index, "", &size);
    return {text, size};
}

ValueView value_at(lua_State* L, int index) {
    switch (lua_type(L, index)) {
        case LUA_TBOOLEAN: return ValueView::of(lua_toboolean(L, index) != 0);
        case LUA_TNUMBER: {
            int whole = 0;
            const lua_Integer integer = lua_tointegerx(L, index, &whole);
            if (whole != 0) return ValueView::of(std::int64_t{integer});
            return {ValueView::Kind::number, 0, lua_tonumber(L, index), {}};
        }
        case LUA_TSTRING: {
            std::size_t size = 0;
            const char* const text = lua_tolstring(L, index, &size);
            return ValueView::of(std::string_view(text, size));
        }
        default: return {};
    }
}

void push(lua_State* L, const ValueView& value) {
    switch (value.kind) {
        case ValueView::Kind::nil: return lua_pushnil(L);
        case ValueView::Kind::boolean: return lua_pushboolean(L, value.integer != 0);
        case ValueView::Kind::integer: return lua_pushinteger(L, value.integer);
        case ValueView::Kind::number: return lua_pushnumber(L, value.number);
        case ValueView::Kind::text: lua_pushlstring(L, value.text.data(), value.text.size()); return;
    }
}

const FieldRow* field_at_2(lua_State* L) {
    std::size_t size = 0;
    const char* const name = luaL_checklstring(L, 2, &size);
    const FieldRow* const row = find_field({name, size});
    if (row == nullptr) luaL_error(L, "there is no field '%s'", name);
    return row;
}

/// Upvalue 1: the methods.
int get_field(lua_State* L) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    Subject& subject = subject_at_1(L);
    ValueView value;
    if (!subject.get(*field_at_2(L), value)) return complain(L, subject);
    Vm::of(L).charge(L, value.text.size() / 16);
    push(L, value);
    return 1;
}

int set_field(lua_State* L) {
    Subject& subject = subject_at_1(L);
    const FieldRow* const row = field_at_2(L);
    const ValueView value = value_at(L, 3);
    Vm::of(L).charge(L, 1 + value.text.size() / 4);
    if (!subject.set(*row, value)) return complain(L, subject);
    return 0;
}

int decide(lua_State* L, Verdict::Kind kind, std::string_view status, std::int64_t seconds, std::string_view text) {
    Subject& subject = subject_at_1(L);
    if (!subject.decide(kind, status, seconds, text)) return complain(L, subject);
    return 0;
}

int accept(lua_State* L) { return decide(L, Verdict::Kind::none, {}, 0, {}); }
int reject(lua_State* L) {
    std::size_t size = 0;
    const char* const status = luaL_checklstring(L, 2, &size);  // a number is converted
    return decide(L, Verdict::Kind::reject, {status, size}, 0, optional_text(L, 3));
}
int drop(lua_State* L) { return decide(L, Verdict::Kind::drop, {}, 0, optional_text(L, 2)); }
int keep(lua_State* L) { return decide(L, Verdict::Kind::keep, {}, 0, optional_text(L, 2)); }
int hold(lua_State* L) { return decide(L, Verdict::Kind::hold, {}, luaL_checkinteger(L, 2), {}); }
int fail_message(lua_State* L) { return decide(L, Verdict::Kind::fail, {}, 0, optional_text(L, 2)); }

std::uint16_t tag_at_2(lua_State* L) {
    const lua_Integer tag = luaL_checkinteger(L, 2);
    luaL_argcheck(L, tag >= 0 && tag <= 0xFFFF, 2, "a tag is 0 to 0xFFFF");
    return static_cast<std::uint16_t>(tag);
}

int get_tlv(lua_State* L) {
    const Subject& subject = subject_at_1(L);
    const auto value = subject.tlv(tag_at_2(L));
    if (!value) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushlstring(L, reinterpret_cast<const char*>(value->data()), value->size());
    return 1;
}

int set_tlv(lua_State* L) {
    Subject& subject = subject_at_1(L);
    const std::uint16_t tag = tag_at_2(L);
    std::optional<std::string_view> value;
    if (!lua_isnoneornil(L, 3)) {
        std::size_t size = 0;
        const char* const octets = luaL_checklstring(L, 3, &size);
        value = std::string_view(octets, size);
    }
    Vm::of(L).charge(L, 10 + subject.body().tlvs.raw().size() / 4 + (value ? value->size() / 16 : 0));
    if (!subject.set_tlv(tag, value)) return complain(L, subject);
    return 0;
}

int get_names(lua_State* L) {
    const Subject& subject = subject_at_1(L);
    lua_createtable(L, static_cast<int>(subject.candidates().size()), 0);
    lua_Integer i = 0;
    for (const std::string& name : subject.candidates()) {
        lua_pushlstring(L, name.data(), name.size());
        lua_rawseti(L, -2, ++i);
    }
    return 1;
}

/// Candidates of a route, or owners.
template <bool (Subject::*set)(std::span<const std::string_view>)>
int set_names(lua_State* L) {
    Subject& subject = subject_at_1(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    std::array<std::string_view, Subject::max_candidates + 1> names;
    const std::size_t count = std::min<std::size_t>(lua_rawlen(L, 2), names.size());
    luaL_checkstack(L, static_cast<int>(count), "too many names");
    for (std::size_t i = 0; i < count; ++i) {
        if (lua_rawgeti(L, 2, static_cast<lua_Integer>(i) + 1) != LUA_TSTRING)
            return luaL_error(L, "name %d is no string", static_cast<int>(i + 1));
        std::size_t size = 0;
        const char* const name = lua_tolstring(L, -1, &size);
        names[i] = {name, size};
    }
    if (!(subject.*set)({names.data(), count})) return complain(L, subject);
    return 0;
}

// ---- sluice

template <char level>
int log(lua_State* L) {
    Vm& vm = Vm::of(L);
    std::size_t size = 0;
    const int arguments = lua_gettop(L);
    for (int i = 1; i <= arguments; ++i) {
        luaL_tolstring(L, i, nullptr);
        lua_replace(L, i);
    }
    luaL_Buffer line;
    luaL_buffinit(L, &line);
    for (int i = 1; i <= arguments; ++i) {
        if (i > 1) luaL_addchar(&line, ' ');
        lua_pushvalue(L, i);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    const char* const text = lua_tolstring(L, -1, &size);
    vm.charge(L, 50 + size / 16);
    const Vm::Run* const run = vm.running();
    vm.host().log(level, run != nullptr ? vm.name_of(run->script) : std::string_view(),
                  {text, std::min<std::size_t>(size, 1000)});
    return 0;
}

/// A field of the table at 1; nothing when it is not there.
std::string_view text_of(lua_State* L, const char* name, std::size_t most, bool required) {
    const int type = lua_getfield(L, 1, name);
    if (type == LUA_TNIL && !required) return {};
    if (type != LUA_TSTRING) luaL_error(L, "'%s' must be a string", name);
    std::size_t size = 0;
    const char* const text = lua_tolstring(L, -1, &size);
    if (size > most) luaL_error(L, "'%s' has at most %d octets", name, static_cast<int>(most));
    return {text, size};  // stays on the stack
}

std::int64_t number_of(lua_State* L, const char* name, std::int64_t otherwise) {
    if (lua_getfield(L, 1, name) == LUA_TNIL) return otherwise;
    int whole = 0;
    const lua_Integer value = lua_tointegerx(L, -1, &whole);
    if (whole == 0 || value < 0 || value > 255) luaL_error(L, "'%s' must be a whole number of 0 to 255", name);
    return value;
}

int send_message(lua_State* L, bool to_account) {
    Vm::Run& run = running(L);
    Vm& vm = Vm::of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    luaL_checkstack(L, 20, nullptr);
    vm.charge(L, 200);
    if (run.sendings.size() >= vm.limits().sends)
        return luaL_error(L, "one event may send %d messages", static_cast<int>(vm.limits().sends));
    const std::string_view account = text_of(L, "account", 64, true);
    const std::string_view source = text_of(L, "source_addr", 20, false);
    const std::string_view destination = text_of(L, "destination_addr", 20, true);
    const std::string_view text = text_of(L, "text", 65535, true);
    const std::string_view provider = text_of(L, "provider", 64, false);
    const std::array<std::int64_t, 5> numbers{
        number_of(L, "source_addr_ton", -1), number_of(L, "source_addr_npi", -1), number_of(L, "dest_addr_ton", -1),
        number_of(L, "dest_addr_npi", -1), number_of(L, "registered_delivery", 0)};
    if (destination.empty()) return luaL_error(L, "'destination_addr' is empty");
    // Nothing raises an error from here on.
    Sending& sending = run.sendings.emplace_back();
    sending.to_account = to_account;
    sending.account = account;
    sending.source_addr = source;
    sending.destination_addr = destination;
    sending.text = text;
    sending.provider = provider;
    sending.source_addr_ton = numbers[0];
    sending.source_addr_npi = numbers[1];
    sending.dest_addr_ton = numbers[2];
    sending.dest_addr_npi = numbers[3];
    sending.registered_delivery = numbers[4];
    return 0;
}

int send_to_provider(lua_State* L) { return send_message(L, false); }
int deliver_to_account(lua_State* L) { return send_message(L, true); }

// ---- look-ups

/// The run's request, emptied; raises what forbids one.
LookUp& begin_look_up(lua_State* L, LookUp::Kind kind) {
    Vm::Run& run = running(L);
    Vm& vm = Vm::of(L);
    if (run.subject->no_look_ups() != nullptr)
        luaL_error(L, "a look-up cannot be made here: %s", run.subject->no_look_ups());
    if (run.look_ups >= vm.limits().look_ups)
        luaL_error(L, "one event may make %d look-ups", static_cast<int>(vm.limits().look_ups));
    if (vm.suspended() >= vm.limits().suspended)
        luaL_error(L, "%d scripts wait for look-ups already", static_cast<int>(vm.suspended()));
    if (lua_isyieldable(L) == 0) luaL_error(L, "a look-up cannot be made inside of a sort, a gsub or a metamethod");
    vm.charge(L, 200);
    run.wanted = {};
    run.wanted.kind = kind;
    return run.wanted;
}

int wait(lua_State* L) {
    ++Vm::of(L).running()->look_ups;
    return lua_yield(L, 0);
}

/// (database, statement, parameters...)
int sql(lua_State* L, LookUp::Kind kind) {
    std::size_t name_size = 0, text_size = 0;
    const char* const name = luaL_checklstring(L, 1, &name_size);
    const char* const text = luaL_checklstring(L, 2, &text_size);
    const int parameters = lua_gettop(L) - 2;
    if (parameters > static_cast<int>(max_parameters)) return luaL_error(L, "a statement has at most 64 parameters");
    std::size_t octets = text_size;
    for (int i = 3; i <= parameters + 2; ++i) {
        const int type = lua_type(L, i);
        if (type == LUA_TSTRING) octets += lua_rawlen(L, i);
        luaL_argcheck(L, type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING, i,
                      "a parameter is a string, a number, a boolean or nil");
    }
    if (octets > max_asked_octets)
        return luaL_error(L, "a statement and its parameters have at most %d octets",
                          static_cast<int>(max_asked_octets));
    LookUp& wanted = begin_look_up(L, kind);
    wanted.database.assign(name, name_size);
    wanted.text.assign(text, text_size);
    for (int i = 3; i <= parameters + 2; ++i) wanted.parameters.emplace_back(value_at(L, i));
    return wait(L);
}
int sql_query(lua_State* L) { return sql(L, LookUp::Kind::sql_query); }
int sql_execute(lua_State* L) { return sql(L, LookUp::Kind::sql_execute); }

bool is_http(std::string_view url) { return url.starts_with("http://") || url.starts_with("https://"); }

/// (url, [body,] {headers = {}, timeout = seconds})
int http(lua_State* L, const char* method, bool with_body) {
    std::size_t url_size = 0, body_size = 0;
    const char* const url = luaL_checklstring(L, 1, &url_size);
    luaL_argcheck(L, is_http({url, url_size}) && url_size < 8192, 1, "not a URL of http or https");
    const char* const body = with_body ? luaL_checklstring(L, 2, &body_size) : "";
    const int options = with_body ? 3 : 2;
    lua_settop(L, options);
    lua_Number timeout = 5;
    if (!lua_isnil(L, options)) {
        luaL_checktype(L, options, LUA_TTABLE);
        if (lua_getfield(L, options, "timeout") != LUA_TNIL) timeout = luaL_checknumber(L, -1);
        if (!(timeout >= 0.01 && timeout <= 60)) return luaL_error(L, "timeout is 0.01 to 60 seconds");
        lua_pop(L, 1);
        if (lua_getfield(L, options, "headers") == LUA_TNIL) {
            lua_pop(L, 1);
            lua_newtable(L);
        }
        luaL_checktype(L, options + 1, LUA_TTABLE);
    } else {
        lua_newtable(L);
    }
    std::size_t headers = 0, octets = body_size;
    for (lua_pushnil(L); lua_next(L, options + 1) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING || ++headers > max_headers)
            return luaL_error(L, "headers are at most 32 strings by their names");
        octets += lua_rawlen(L, -2) + lua_rawlen(L, -1);
        for (const int index : {-2, -1})
            if (std::string_view(lua_tostring(L, index), lua_rawlen(L, index))
                    .find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
                return luaL_error(L, "a header has a line end in it");
    }
    if (octets > max_asked_octets)
        return luaL_error(L, "the body and the headers of a request have at most %d octets",
                          static_cast<int>(max_asked_octets));
    LookUp& wanted = begin_look_up(L, LookUp::Kind::http);
    wanted.method = method;
    wanted.text.assign(url, url_size);
    wanted.body.assign(body, body_size);
    wanted.timeout = milliseconds(static_cast<std::int64_t>(timeout * 1000));
    for (lua_pushnil(L); lua_next(L, options + 1) != 0; lua_pop(L, 1))
        wanted.headers.emplace_back(lua_tostring(L, -2), lua_tostring(L, -1));
    return wait(L);
}
int http_get(lua_State* L) { return http(L, "GET", false); }
int http_post(lua_State* L) { return http(L, "POST", true); }

void add_table(lua_State* L, const char* name, const luaL_Reg* functions) {
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    lua_setfield(L, -2, name);
}

}  // namespace

void push_subject(lua_State* L, std::uint64_t serial) {
    auto* const handle = static_cast<SubjectHandle*>(lua_newuserdatauv(L, sizeof(SubjectHandle), 0));
    handle->serial = serial;
    luaL_setmetatable(L, subject_type);
}

/// A failure is (nil, text), as Lua's own functions have it.
int push_result(lua_State* L, const LookUp& wanted, const LookUpResult& result) {
    if (!result.error.empty()) {
        lua_pushnil(L);
        lua_pushlstring(L, result.error.data(), result.error.size());
        return 2;
    }
    switch (wanted.kind) {
        case LookUp::Kind::sql_execute: lua_pushinteger(L, result.changed); return 1;
        case LookUp::Kind::http:
            lua_createtable(L, 0, 2);
            lua_pushinteger(L, result.status);
            lua_setfield(L, -2, "status");
            lua_pushlstring(L, result.body.data(), std::min(result.body.size(), max_body));
            lua_setfield(L, -2, "body");
            return 1;
        case LookUp::Kind::sql_query: break;
    }
    lua_createtable(L, static_cast<int>(result.rows.size()), 0);
    for (std::size_t i = 0; i < result.rows.size() && i < max_rows; ++i) {
        lua_createtable(L, 0, static_cast<int>(result.columns.size()));
        for (std::size_t column = 0; column < result.columns.size(); ++column) {
            lua_pushlstring(L, result.columns[column].data(), result.columns[column].size());
            push(L, result.rows[i][column].view());
            lua_rawset(L, -3);
        }
        lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
    }
    return 1;
}

void add_api(lua_State* L) {
    static const luaL_Reg methods[] = {
        {"accept", accept}, {"reject", reject}, {"drop", drop}, {"keep", keep}, {"hold", hold}, {"fail", fail_message},
        {"tlv", get_tlv}, {"set_tlv", set_tlv}, {"candidates", get_names},
        {"set_candidates", set_names<&Subject::set_candidates>}, {"owners", get_names},
        {"set_owners", set_names<&Subject::set_owners>},
        {nullptr, nullptr}};
    static const luaL_Reg functions[] = {
        {"log", log<'I'>}, {"warn", log<'W'>}, {"send", send_to_provider}, {"deliver", deliver_to_account},
        {nullptr, nullptr}};
    static const luaL_Reg sqls[] = {{"query", sql_query}, {"execute", sql_execute}, {nullptr, nullptr}};
    static const luaL_Reg https[] = {{"get", http_get}, {"post", http_post}, {nullptr, nullptr}};
    add_table(L, "sluice", functions);
    add_table(L, "sql", sqls);
    add_table(L, "http", https);
    lua_pushcfunction(L, log<'I'>);
    lua_setfield(L, -2, "print");

    luaL_newmetatable(L, subject_type);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_pushcclosure(L, get_field, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, set_field);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

}  // namespace sluice::script::library

#pragma once

#include <string>

#include "engine/script/look_up.hpp"
#include "engine/script/vm.hpp"

/// What scripts may call, and the ends of it that Vm holds. The functions run inside Lua, whose errors are jumps: none
/// of them may have an object with a destructor where an error can come.
namespace sluice::script::library {

/// A table with everything: left on the stack.
void open(lua_State* state);
/// The string functions, into the table on top.
void add_strings(lua_State* state);
/// sluice, sql and http, into the table on top, and the type of subjects.
void add_api(lua_State* state);

/// The running subject, left on the stack.
void push_subject(lua_State* state, std::uint64_t serial);
/// What the waiting function returns, left on the stack; how many values.
int push_result(lua_State* state, const LookUp& wanted, const LookUpResult& result);
/// The error on top of the stack for people. Calls nothing of the script's.
std::string error_text(lua_State* state);

}  // namespace sluice::script::library

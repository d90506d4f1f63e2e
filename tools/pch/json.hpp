// What makes and reads text and JSON.
#include "tools/pch/std.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

// What makes and reads text and JSON.
#include "pch/std.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

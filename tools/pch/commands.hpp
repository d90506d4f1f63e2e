// The program's command line.
#include "tools/pch/json.hpp"

#include <CLI/CLI.hpp>

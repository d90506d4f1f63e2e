// The program's command line.
#include "pch/json.hpp"

#include <CLI/CLI.hpp>

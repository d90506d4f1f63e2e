// Tests made of examples.
#include "tools/pch/std.hpp"

#include <gtest/gtest.h>

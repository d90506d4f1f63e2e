// Tests made of examples.
#include "pch/std.hpp"

#include <gtest/gtest.h>

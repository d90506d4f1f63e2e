// Tests made of examples and properties.
#include "tools/pch/tests.hpp"

#include <rapidcheck.h>

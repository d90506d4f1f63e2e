// Tests made of examples and properties.
#include "pch/tests.hpp"

#include <rapidcheck.h>

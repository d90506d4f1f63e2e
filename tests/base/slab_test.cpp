#include "engine/base/slab.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

TEST(Slab, StaleHandlesFindNothing) {
    Slab<std::string> slab;
    const Handle first = slab.emplace("first");
    const std::string* address = slab.find(first);
    for (int i = 0; i < 1000; ++i) slab.emplace("other");
    EXPECT_EQ(slab.find(first), address);
    slab.erase(first);
    EXPECT_EQ(slab.find(first), nullptr);
    const Handle reused = slab.emplace("second");
    EXPECT_EQ(reused.index, first.index);
    EXPECT_EQ(slab.find(first), nullptr);
    EXPECT_EQ(slab.at(reused), "second");
    EXPECT_EQ(slab.size(), 1001u);
    EXPECT_EQ(slab.find(Handle()), nullptr);
    EXPECT_EQ(Handle::unpack(reused.packed()), reused);
}

}  // namespace
}  // namespace sluice

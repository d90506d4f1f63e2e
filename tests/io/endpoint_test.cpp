#include <gtest/gtest.h>

#include "engine/io/io.hpp"

namespace sluice::io {
namespace {

TEST(Endpoint, ReadsAndWrites) {
    for (const char* text : {"127.0.0.1:2775", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:2775", "[2001:db8::7]:1"}) {
        const auto endpoint = Endpoint::parse(text);
        ASSERT_TRUE(endpoint) << text;
        EXPECT_EQ(endpoint->to_string(), text);
    }
    EXPECT_EQ(Endpoint::parse(":2775")->to_string(), "[::]:2775");
    EXPECT_EQ(*Endpoint::parse("10.1.2.3:4"), (Endpoint{.address = {10, 1, 2, 3}, .port = 4}));
}

TEST(Endpoint, RefusesWithAReason) {
    for (const char* text : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:27x",
                             "localhost:1", "::1:2775", "[::1]", "[::1", "[]:1", "[127.0.0.1]:1", "1.2.3:4",
                             "1.2.3.4.5:6"}) {
        const auto endpoint = Endpoint::parse(text);
        EXPECT_FALSE(endpoint) << text;
        if (!endpoint) { EXPECT_NE(endpoint.error().message.find('"' + std::string(text) + '"'), std::string::npos); }
    }
}

TEST(Endpoint, KnowsLoopback) {
    EXPECT_TRUE(Endpoint::parse("127.0.0.1:1")->is_loopback());
    EXPECT_TRUE(Endpoint::parse("127.8.8.8:1")->is_loopback());
    EXPECT_TRUE(Endpoint::parse("[::1]:1")->is_loopback());
    EXPECT_FALSE(Endpoint::parse("10.0.0.1:1")->is_loopback());
    EXPECT_FALSE(Endpoint::parse(":1")->is_loopback());
    EXPECT_FALSE(Endpoint::parse("[2001:db8::1]:1")->is_loopback());
}

}  // namespace
}  // namespace sluice::io

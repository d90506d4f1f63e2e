#include "tools/tcp_stream.hpp"

#include <gtest/gtest.h>

namespace sluice::tools::test {
namespace {

void add(TcpStream& stream, std::uint32_t sequence, std::string_view text) {
    stream.add(sequence, false, as_bytes(text));
}

TEST(TcpStream, PutsSegmentsInOrder) {
    TcpStream stream;
    stream.add(99, true, {});
    add(stream, 103, "def");
    EXPECT_TRUE(stream.ready().empty());
    EXPECT_EQ(stream.kept(), 3u);
    add(stream, 100, "abc");
    EXPECT_EQ(as_text(stream.ready()), "abcdef");
    EXPECT_EQ(stream.kept(), 0u);
}

TEST(TcpStream, RepeatedAndOverlappingOctetsCountOnce) {
    TcpStream stream;
    add(stream, 100, "abc");
    add(stream, 100, "abc");
    add(stream, 101, "bcde");
    add(stream, 107, "hij");
    add(stream, 107, "h");
    add(stream, 105, "fgh");
    EXPECT_EQ(as_text(stream.ready()), "abcdefghij");
}

TEST(TcpStream, SequenceNumbersWrap) {
    TcpStream stream;
    add(stream, 0xFFFFFFFE, "ab");
    add(stream, 2, "ef");
    add(stream, 0, "cd");
    EXPECT_EQ(as_text(stream.ready()), "abcdef");
}

TEST(TcpStream, WhatIsConsumedIsGone) {
    TcpStream stream;
    add(stream, 1, "abcdef");
    stream.consume(2);
    EXPECT_EQ(as_text(stream.ready()), "cdef");
    add(stream, 7, "g");
    stream.consume(5);
    EXPECT_TRUE(stream.ready().empty());
}

TEST(TcpStream, AGapCanBeSkipped) {
    TcpStream stream;
    add(stream, 1, "ab");
    add(stream, 10, "xy");
    EXPECT_TRUE(stream.skip_gap());
    EXPECT_EQ(as_text(stream.ready()), "xy");
    EXPECT_FALSE(stream.skip_gap());
}

TEST(TcpStream, PortsMayBeUsedAgain) {
    TcpStream stream;
    stream.add(10, true, {});
    add(stream, 11, "ab");
    stream.consume(2);
    stream.add(5000, true, {});
    add(stream, 5001, "cd");
    EXPECT_EQ(as_text(stream.ready()), "cd");
}

}  // namespace
}  // namespace sluice::tools::test

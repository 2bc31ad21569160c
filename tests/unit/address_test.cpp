// Addresses as users write them: what is taken, and what is refused by saying why.
#include "rafted/address.hpp"

#include <gtest/gtest.h>

namespace rafted {
namespace {

TEST(Address, GoodOnes) {
    EXPECT_EQ(parse_address("127.0.0.1:7001").value(), (Address{"127.0.0.1", 7001}));
    EXPECT_EQ(parse_address("node-1.example:0").value(), (Address{"node-1.example", 0}));
    EXPECT_EQ(parse_address("[::1]:65535").value(), (Address{"::1", 65535}));
    EXPECT_EQ(parse_address(":80").value(), (Address{"", 80}));
    EXPECT_EQ(to_string(Address{"::1", 5}), "[::1]:5");
    EXPECT_EQ(to_string(Address{"h", 5}), "h:5");
}

TEST(Address, SomeAreNowhere) {
    for (const char* text : {":80", "0.0.0.0:80", "[::]:80", "host:0"}) {
        EXPECT_FALSE(is_somewhere(parse_address(text).value())) << text;
    }
    EXPECT_TRUE(is_somewhere(parse_address("[::1]:80").value()));
    EXPECT_TRUE(is_somewhere(parse_address("host:80").value()));
}

TEST(Address, BadOnesAreRefusedWithTheTextAndTheReason) {
    for (const char* text : {"", "host", "host:", "host:65536", "host:-1", "host:7x", "host:+7",
                             "a b:1", "[]:1", "::1:7001", "host:1:2", "ho/st:1", "[::1]7"}) {
        const auto result = parse_address(text);
        ASSERT_FALSE(result) << text;
        EXPECT_EQ(result.error().code, ErrorCode::invalid);
        EXPECT_NE(result.error().message.find("\"" + std::string(text) + "\""), std::string::npos);
        EXPECT_NE(result.error().message.find("expected host:port"), std::string::npos);
    }
    EXPECT_FALSE(parse_address(std::string(254, 'h') + ":1"));
}

}  // namespace
}  // namespace rafted

#include "platform/transport.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Address, IsReadAsItIsWritten) {
  for (const char* text : {"127.0.0.1:8081", "localhost:0", "worker-7.example.org:65535",
                           "[::1]:6123", "[fe80::1%eth0]:1"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address.ok()) << address.status().to_string();
    EXPECT_EQ(address->to_string(), text);
  }
  EXPECT_EQ(*Address::parse("[::1]:6123"), (Address{"::1", 6123}));
  EXPECT_EQ(*Address::parse("host:01"), (Address{"host", 1}));
}

TEST(Address, InvalidAddressIsRefusedInASentence) {
  for (const char* text : {"", ":", "host", "host:", ":80", "host:65536", "host:-1", "host:8x",
                           "host: 8", "::1:80", "[::1]", "[]:80", "[host]:80", "[::1:80",
                           "http://host:80", "a b:80", "host:99999999999999999999"}) {
    const auto address = Address::parse(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(address.status().message().find("host:port"), std::string::npos)
        << address.status().to_string();
  }
}

}  // namespace
}  // namespace weir

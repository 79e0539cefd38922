#include "base/ids.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Ids, HashOfAUidMatchesFlink) {
  EXPECT_EQ(murmur3_128("word-counter").to_hex(), "6b8045dea34a1e845b5d3f58ebf57018");
  EXPECT_EQ(murmur3_128("count-uid").to_hex(), "e7d10c5c3dca7d2059d631494000fce8");
  EXPECT_EQ(murmur3_128("src-uid").to_hex(), "65eb651c08e51afc6b01b9ec8c609cba");
}

// Reference values of MurmurHash3_x64_128 with seed 0: the empty text, and texts on both sides of a
// whole block.
TEST(Ids, Murmur3HandlesEveryTailLength) {
  EXPECT_EQ(murmur3_128("").to_hex(), "00000000000000000000000000000000");
  EXPECT_EQ(murmur3_128("hello").to_hex(), "029bbd41b3a7d8cb191dae486a901e5b");
  EXPECT_EQ(murmur3_128("The quick brown fox jumps over the lazy dog").to_hex(),
            "6c1b07bc7bbc4be347939ac4a93c437a");
}

TEST(Ids, HexIsReadBack) {
  const Id128 id = murmur3_128("x");
  EXPECT_EQ(Id128::from_hex(id.to_hex()).value(), id);
  EXPECT_EQ(Id128::from_hex("000102030405060708090A0b0c0d0e0f").value().to_hex(),
            "000102030405060708090a0b0c0d0e0f");
}

TEST(Ids, InvalidHexIsRefusedByName) {
  for (const char* bad :
       {"", "00", "0001020304050607080900b0c0d0e0f", "g00102030405060708090a0b0c0d0e0f",
        "000102030405060708090a0b0c0d0e0f0"}) {
    const auto id = Id128::from_hex(bad);
    ASSERT_FALSE(id.ok()) << bad;
    EXPECT_NE(id.status().message().find(bad), std::string_view::npos);
  }
}

}  // namespace
}  // namespace weir

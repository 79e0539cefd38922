#include "checkpoint/sidecar.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include "weir/types/types.h"

namespace weir {
namespace {

enum class Color : uint8_t { kRed };
struct Inner {
  std::array<int8_t, 4> a{};
  std::optional<Color> color;
  WEIR_FIELDS(Inner, a, color)
};
struct Everything {
  bool flag = false;
  uint32_t number = 0;
  std::variant<std::string, float> either;
  std::map<std::string, std::vector<Inner>> inner;
  std::set<std::chrono::milliseconds> times;
  std::chrono::sys_seconds at;
  std::pair<double, std::vector<std::byte>> pair;
  WEIR_FIELDS(Everything, flag, number, either, inner, times, at, pair)
};

Sidecar example() {
  Sidecar sidecar;
  sidecar.checkpoint_id = 7;
  sidecar.weir_version = "1.2.3";
  sidecar.job_name = "count words \xC3\xA9";
  sidecar.job_id = murmur3_128("job");
  sidecar.fingerprint = "f00d";
  sidecar.metadata_length = 4;
  sidecar.metadata_checksum = XXH3_64bits("meta", 4);
  sidecar.files = {{"data-0-ff", 123456789012, 0xFEDCBA9876543210, 262144}, {"data-1-ff", 1, 2}};
  TypeDescription nothing;
  TypeDescription window;
  window.kind = TypeKind::kTimeWindow;
  TypeDescription money{TypeKind::kUser, "Money", {}, {}, 3};
  sidecar.operators = {
      {murmur3_128("a"),
       "a",
       Serializer<std::string>::describe(),
       {{KeyedStateInfo::Kind::kValue, "every \xFF thing", nothing,
         Serializer<Everything>::describe()},
        {KeyedStateInfo::Kind::kTimers, "timers", window, nothing}},
       {}},
      {murmur3_128("b"),
       "b",
       std::nullopt,
       {},
       {{"splits", ListStateMode::kSplit, money}, {"all", ListStateMode::kUnion, money}}}};
  return sidecar;
}

TEST(Sidecar, RoundTrips) {
  const Sidecar written = example();
  const auto read = decode_sidecar(encode_sidecar(written));
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(read->checkpoint_id, 7);
  EXPECT_EQ(read->weir_version, "1.2.3");
  EXPECT_EQ(read->job_name, written.job_name);
  EXPECT_EQ(read->job_id, written.job_id);
  EXPECT_EQ(read->fingerprint, "f00d");
  EXPECT_EQ(read->metadata_length, 4);
  EXPECT_EQ(read->metadata_checksum, written.metadata_checksum);
  ASSERT_EQ(read->files.size(), 2u);
  EXPECT_EQ(read->files[0].name, "data-0-ff");
  EXPECT_EQ(read->files[0].length, 123456789012);
  EXPECT_EQ(read->files[0].checksum, 0xFEDCBA9876543210);
  EXPECT_EQ(read->files[0].block_bytes, 262144);
  EXPECT_EQ(read->files[1].block_bytes, 0);
  EXPECT_EQ(read->operators, written.operators);
  EXPECT_EQ(read->find(murmur3_128("b"))->uid, "b");
  EXPECT_EQ(read->find(murmur3_128("c")), nullptr);
}

TEST(Sidecar, DetectsEveryFlippedBit) {
  const std::string good = encode_sidecar(example());
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(decode_sidecar(good.substr(0, length)).ok()) << length;
  const size_t body = good.find('\n') + 1;
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    const auto read = decode_sidecar(bad);
    // In the first line, a flipped bit may change the name of a member; then that member is
    // missing.
    EXPECT_FALSE(read.ok()) << "bit " << bit << (bit / 8 < body ? " of the first line" : "");
  }
}

TEST(Sidecar, RefusesOtherFormatsByTheirNumber) {
  const auto read =
      decode_sidecar("{\"length\":0,\"weir_sidecar\":2,\"xxh3\":\"0000000000000000\"}\n");
  EXPECT_EQ(read.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(read.status().message().find("format 2"), std::string_view::npos);
}

TEST(Sidecar, VerifiesTheMetadataChecksum) {
  EXPECT_TRUE(verify_metadata(example(), "meta").ok());
  EXPECT_EQ(verify_metadata(example(), "metb").code(), StatusCode::kDataLoss);
  EXPECT_EQ(verify_metadata(example(), "met").code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir

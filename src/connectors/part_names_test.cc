#include "connectors/part_names.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(PartNames, RoundTripAndRefuseOtherNames) {
  const PartName name{.subtask = 12, .checkpoint_id = 7, .run = 0xabc, .attempt = 0xffffffff};
  EXPECT_EQ(to_string(name), "part-12-000007-00000abc-ffffffff");
  EXPECT_EQ(parse_part_name("part-12-000007-00000abc-ffffffff")->checkpoint_id, 7);
  EXPECT_EQ(parse_part_name("part-0-final-00000abc-ffffffff")->checkpoint_id, INT64_MAX);
  EXPECT_EQ(to_string(HiddenName{.sink = 1, .run = 5, .subtask = 2, .attempt = 3, .number = 4}),
            ".part-00000001-00000005-2-0000000000000003-4.inprogress");
  EXPECT_EQ(parse_hidden_name(".part-00000001-00000005-2-0000000000000003-4.inprogress")->run, 5u);
  EXPECT_EQ(parse_hidden_name(".part-00000001-2-0000000000000003-4.inprogress")->run, std::nullopt);
  EXPECT_EQ(parse_hidden_name(".part-00000001-2-0000000000000003-4.inprogress")->number, 4u);
  for (const char* other : {"part-0-1", "part-00000-of-00003", "part-x-000001-00000abc-ffffffff",
                            "_SUCCESS", "part-0-000001-00000abc-ffffffff-2",
                            "-0-000001-00000abc-ffffffff", "part-0-000001-00000abc-ffffffff-n"}) {
    EXPECT_FALSE(parse_part_name(other)) << other;
  }
  EXPECT_FALSE(parse_hidden_name(".part-1-2-3.inprogress"));
}

TEST(PartNames, PrefixSuffixAndNumberComeBack) {
  const PartName name{.prefix = "click-2",
                      .subtask = 1,
                      .checkpoint_id = INT64_MAX,
                      .run = 2,
                      .attempt = 3,
                      .number = 4,
                      .suffix = ".json.gz"};
  EXPECT_EQ(to_string(name), "click-2-1-final-00000002-00000003-n4.json.gz");
  const auto parsed = parse_part_name(to_string(name));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(to_string(*parsed), to_string(name));
  EXPECT_EQ(parsed->prefix, "click-2");
  EXPECT_EQ(parsed->number, 4u);
}

TEST(PartNames, BucketsAreVisiblePathsBelowTheDirectory) {
  for (const char* good :
       {"", "2013-01-01", "a/b/c", "country=fr/day=7", "é", "a b", "1/2/3/4/5/6/7/8"})
    EXPECT_TRUE(check_bucket(good).ok()) << good;
  for (const std::string& bad :
       {std::string("/"), std::string("/a"), std::string("a/"), std::string("a//b"),
        std::string(".."), std::string("../x"), std::string("a/../b"), std::string("."),
        std::string(".hidden"), std::string("a/_b"), std::string("a\nb"), std::string("a\0b", 3),
        std::string(256, 'x'), std::string("1/2/3/4/5/6/7/8/9")}) {
    const Status status = check_bucket(bad);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << bad;
    EXPECT_NE(status.message().find("A bucket is a path below the directory"), std::string::npos);
  }
}

TEST(PartCommittables, DamagedOrForeignPathsAreRefused) {
  const PartCommittable good{.run = 1,
                             .hidden = ".part-00000001-2-0000000000000003-4.inprogress",
                             .part = "part-0-000001-00000abc-ffffffff",
                             .length = 5};
  EXPECT_EQ(PartCommittable::decode(good.encode())->length, 5);
  EXPECT_EQ(PartCommittable::decode(good.encode().substr(0, 20)).status().code(),
            StatusCode::kDataLoss);
  PartCommittable in_bucket = good;
  in_bucket.bucket = "a/b";
  EXPECT_EQ(PartCommittable::decode(in_bucket.encode())->bucket, "a/b");
  PartCommittable strange = good;
  strange.part = "../etc/passwd";
  EXPECT_EQ(PartCommittable::decode(strange.encode()).status().code(), StatusCode::kDataLoss);
  strange.part = "../part-0-000001-00000abc-ffffffff";
  EXPECT_EQ(PartCommittable::decode(strange.encode()).status().code(), StatusCode::kDataLoss);
  in_bucket.bucket = "../a";
  EXPECT_EQ(PartCommittable::decode(in_bucket.encode()).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir

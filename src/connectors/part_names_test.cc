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
                            "_SUCCESS", "part-0-000001-00000abc-ffffffff.gz"}) {
    EXPECT_FALSE(parse_part_name(other)) << other;
  }
  EXPECT_FALSE(parse_hidden_name(".part-1-2-3.inprogress"));
}

TEST(PartCommittables, DamagedOrForeignPathsAreRefused) {
  const PartCommittable good{.run = 1,
                             .hidden = ".part-00000001-2-0000000000000003-4.inprogress",
                             .part = "part-0-000001-00000abc-ffffffff",
                             .length = 5};
  EXPECT_EQ(PartCommittable::decode(good.encode())->length, 5);
  EXPECT_EQ(PartCommittable::decode(good.encode().substr(0, 20)).status().code(),
            StatusCode::kDataLoss);
  PartCommittable strange = good;
  strange.part = "../etc/passwd";
  EXPECT_EQ(PartCommittable::decode(strange.encode()).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir

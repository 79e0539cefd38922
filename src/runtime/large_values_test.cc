#include "runtime/large_values.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(LargeValues, WarnsAtTheThresholdAndWhenTheValueHasDoubled) {
  LargeValues values(1000);
  EXPECT_FALSE(values.warning("count", {"seen", 3, 999}));
  const auto first = values.warning("count", {"seen", 3, 1000});
  ASSERT_TRUE(first);
  EXPECT_NE(first->find(
                "state 'seen' of operator uid 'count' holds 1000 bytes for one key in key group 3"),
            std::string::npos)
      << *first;
  EXPECT_FALSE(values.warning("count", {"seen", 3, 1999}));
  EXPECT_TRUE(values.warning("count", {"seen", 3, 2000}));
  EXPECT_FALSE(values.warning("count", {"seen", 3, 3999}));
}

TEST(LargeValues, SaysWhatIsWrongWithALargeMap) {
  const auto text = LargeValues(1000).warning("count", {"seen", 3, 1000, /*is_map=*/true});
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("such a map is copied whole when it changes during a checkpoint; spread it "
                       "over more keys"),
            std::string::npos)
      << *text;
  EXPECT_EQ(text->find("checkpoints fail"), std::string::npos)
      << "its entries are written one by one";
}

TEST(LargeValues, WarnsOfEachStateOfEachOperatorSeparately) {
  LargeValues values(1000);
  EXPECT_TRUE(values.warning("count", {"seen", 3, 1500}));
  EXPECT_TRUE(values.warning("count", {"other", 3, 1500}));
  EXPECT_TRUE(values.warning("sum", {"seen", 3, 1500}));
  EXPECT_FALSE(values.warning("sum", {"seen", 4, 1500}));
}

}  // namespace
}  // namespace weir

#include "cluster/roles/progress_line.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(ProgressLine, ShowsTheNumberOfDroppedLateRecords) {
  JobView view;
  view.source_records = 1200;
  EXPECT_EQ(progress_line(view, 100, MonotonicTime(0)).find("late"), std::string::npos);
  view.late_records = 17;
  EXPECT_NE(progress_line(view, 100, MonotonicTime(0)).find("watermark -  late records dropped 17"),
            std::string::npos);
}

}  // namespace
}  // namespace weir

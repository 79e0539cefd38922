#include "cluster/job_master/watermark_aligner.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

using std::chrono::milliseconds;

/// Sources 0 and 2 are in group "g" with drifts of 10 and 100 ms, source 3 is in group "h", and
/// vertex 1 is not aligned.
JobGraph graph_of_four() {
  JobGraph graph;
  graph.vertices.resize(4);
  for (JobVertex& vertex : graph.vertices) vertex.chain.resize(1);
  graph.vertices[0].chain[0].alignment = {"g", 10, 1000};
  graph.vertices[2].chain[0].alignment = {"g", 100, 500};
  graph.vertices[3].chain[0].alignment = {"h", 0, 1000};
  return graph;
}

class WatermarkAlignerTest : public testing::Test {
 protected:
  /// "0:15 2:105": the announcements at this time, by vertex.
  std::string announced(int64_t at_ms) {
    std::string text;
    for (const auto& each : aligner_.take_due(milliseconds(at_ms))) {
      text += (text.empty() ? "" : " ") + std::to_string(each.vertex) + ":" +
              (each.max_allowed == kMaxWatermark ? "max" : std::to_string(each.max_allowed));
    }
    return text;
  }

  const JobGraph graph_ = graph_of_four();
  WatermarkAligner aligner_{graph_};
};

TEST_F(WatermarkAlignerTest, TheSlowestSubtaskOfTheGroupDecides) {
  aligner_.on_report(0, 0, 5);
  aligner_.on_report(0, 1, 7);
  aligner_.on_report(2, 0, 90);
  EXPECT_EQ(announced(1), "0:15 2:105");
}

TEST_F(WatermarkAlignerTest, GroupsAreIndependent) {
  aligner_.on_report(0, 0, 5);
  aligner_.on_report(3, 0, 1000);
  EXPECT_EQ(announced(1), "0:15 2:105 3:1000");
}

TEST_F(WatermarkAlignerTest, AnnouncesOnceInEachInterval) {
  aligner_.on_report(0, 0, 5);
  announced(1);
  aligner_.on_report(0, 0, 50);
  EXPECT_EQ(announced(2), "");
  EXPECT_EQ(aligner_.next(), milliseconds(501));
  EXPECT_EQ(announced(501), "2:150");
  EXPECT_EQ(aligner_.next(), milliseconds(1001));
  EXPECT_EQ(announced(1001), "0:60");
  EXPECT_EQ(aligner_.next(), MonotonicTime::max());
}

TEST_F(WatermarkAlignerTest, RepeatsNothing) {
  aligner_.on_report(0, 0, 5);
  announced(1);
  aligner_.on_report(0, 1, 6);
  EXPECT_EQ(announced(5000), "");
}

TEST_F(WatermarkAlignerTest, SubtasksThatNeedNotBeWaitedForDoNotCount) {
  aligner_.on_report(0, 0, kMaxWatermark);
  aligner_.on_report(2, 0, 90);
  EXPECT_EQ(announced(1), "0:100 2:190");
  aligner_.on_report(2, 0, kMaxWatermark);
  EXPECT_EQ(announced(2000), "0:max 2:max");
}

TEST_F(WatermarkAlignerTest, DoesNotWrapAround) {
  aligner_.on_report(0, 0, kMaxWatermark - 5);
  aligner_.on_report(3, 0, kMinWatermark + 1);
  EXPECT_EQ(announced(1), "0:max 2:max 3:" + std::to_string(kMinWatermark + 1));
}

TEST_F(WatermarkAlignerTest, AnAttemptBeginsWithoutReports) {
  aligner_.on_report(0, 0, 5);
  announced(1);
  aligner_.reset();
  EXPECT_EQ(announced(2), "");
  aligner_.on_report(0, 0, 5);
  EXPECT_EQ(announced(2), "0:15 2:105") << "to the tasks of the new attempt";
}

TEST_F(WatermarkAlignerTest, OtherVerticesAreIgnored) {
  aligner_.on_report(1, 0, 5);
  aligner_.on_report(99, 0, 5);
  EXPECT_EQ(announced(1), "");
}

}  // namespace
}  // namespace weir

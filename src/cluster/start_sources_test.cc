#include <gtest/gtest.h>

#include "cluster/job_preparation.h"
#include "cluster/testing/fake_world.h"

namespace weir {
namespace {

using std::chrono::milliseconds;

class TestEnumerator final : public SplitEnumerator<std::string> {
 public:
  explicit TestEnumerator(bool continuous) : continuous_(continuous) {}
  StatusOr<Discovery<std::string>> discover(FileSystemRegistry&) override {
    return Discovery<std::string>{{"a", "b"}, milliseconds(100)};
  }
  std::string snapshot() const override { return "seen a b"; }
  bool continuous() const override { return continuous_; }

 private:
  const bool continuous_;
};

class StartSources : public testing::Test {
 protected:
  StartSources() {
    JobVertex source;
    source.is_source = true;
    source.chain.push_back({"in", "in", murmur3_128("in"), nullptr,
                            [this](int) { return std::make_unique<TestEnumerator>(continuous_); },
                            nullptr});
    graph_.vertices.push_back(std::move(source));
  }
  StatusOr<SourceSplits> fresh() { return start_sources(graph_, nullptr, nullptr, world_.files); }
  StatusOr<SourceSplits> restored(std::string enumerator) {
    CheckpointMetadata metadata;
    metadata.operators.push_back({"in", "in", murmur3_128("in"), 1, 128, {}, false, enumerator});
    RestorePlan plan;
    plan.operators.push_back({.name = "in",
                              .uid = "in",
                              .id = murmur3_128("in"),
                              .found = true,
                              .for_all = {},
                              .subtasks = {}});
    return start_sources(graph_, &plan, &metadata, world_.files);
  }

  bool continuous_ = true;
  JobGraph graph_;
  cluster_tests::FakeWorld world_;
  const EnumeratorState stored_{"seen a b c", {"c"}, false};
};

TEST_F(StartSources, FirstSplitsAreDealtOrWaitForRequests) {
  const auto found = fresh();
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->dealt[0].empty());
  EXPECT_EQ(found->on_request[0]->state, (EnumeratorState{"seen a b", {"a", "b"}, false}));
  EXPECT_EQ(found->on_request[0]->again, milliseconds(100));
  continuous_ = false;
  const auto once = fresh();
  EXPECT_EQ(once->dealt[0], (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(once->on_request[0]);
}

TEST_F(StartSources, RestoredEnumeratorGoesOnAndOneThatIsNoLongerUsedOnlyAssignsTheRest) {
  const auto found = restored(encode_enumerator_state(stored_));
  ASSERT_TRUE(found.ok()) << found.status().to_string();
  EXPECT_TRUE(found->dealt[0].empty());
  EXPECT_EQ(found->on_request[0]->state, stored_);
  EXPECT_FALSE(found->on_request[0]->again);
  continuous_ = false;
  EXPECT_TRUE(restored(encode_enumerator_state(stored_))->on_request[0]->state.all_found);
  EXPECT_FALSE(restored("")->on_request[0]) << "its readers have everything";
}

TEST_F(StartSources, StateThatDoesNotFitIsRefused) {
  const Status refused = restored("").status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.message().find("source 'in': it finds splits while the job runs, but in the "
                                   "checkpoint it is a source that knew all its splits"),
            std::string::npos)
      << refused.to_string();
  EXPECT_EQ(restored("garbage").status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir

// Tests the driver of runs on several processes, with stand-ins for the engine.

#include <gtest/gtest.h>

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "fleet_run.h"

namespace weir::sim {
namespace {

/// Does nothing; may end after a given time.
class StandIn : public FleetMember, public Actor {
 public:
  StandIn(SimProcess& process, MonotonicTime lives_for)
      : clock_(process.platform().clock), end_(clock_.now() + lives_for) {
    handle_ = process.platform().scheduler.start("stand-in", *this, {});
  }
  bool ended() const override { return ended_; }
  MemberView view() const override {
    MemberView view;
    view.ended = view.finished = ended_;
    view.leads = true;
    return view;
  }
  MonotonicTime step() override {
    ended_ = clock_.now() >= end_;
    return ended_ ? kIdle : std::min(end_, clock_.now() + std::chrono::milliseconds(500));
  }

 private:
  Clock& clock_;
  const MonotonicTime end_;
  bool ended_ = false;
  std::unique_ptr<ActorHandle> handle_;
};

FleetRoles stand_ins(MonotonicTime lives_for) {
  const FleetRoles::Make make = [lives_for](SimWorld&, SimProcess& process, const FleetStart&) {
    return std::make_unique<StandIn>(process, lives_for);
  };
  return {make, make};
}

TEST(FleetDriver, CausesAllKindsOfFaultsAndReportsThatNoJobFinishes) {
  FleetStatistics sum;
  for (uint64_t seed = 1; seed <= 24; ++seed) {
    const FleetResult result = run_fleet(seed, stand_ins(std::chrono::hours(10'000)));
    EXPECT_TRUE(std::any_of(result.failures.begin(), result.failures.end(),
                            [](const std::string& failure) {
                              return failure.find("the job has not finished") != std::string::npos;
                            }))
        << seed << ": " << (result.failures.empty() ? "it objects to nothing" : result.failures[0]);
    sum.add(result.statistics);
    if (seed % 8 == 0) {
      EXPECT_EQ(run_fleet(seed, stand_ins(std::chrono::hours(10'000))).trace_hash,
                result.trace_hash);
    }
  }
  EXPECT_GT(sum.kills, 20);
  EXPECT_GT(sum.leader_kills, 5);
  EXPECT_GT(sum.pauses, 10);
  EXPECT_GT(sum.partitions, 15);
}

TEST(FleetDriver, ReportsMissingOutput) {
  const FleetResult result = run_fleet(3, stand_ins(std::chrono::milliseconds(10)));
  ASSERT_GE(result.failures.size(), 2u);
  EXPECT_NE(result.failures[0].find("no result is recorded"), std::string::npos)
      << result.failures[0];
  EXPECT_NE(result.failures[1].find("output has"), std::string::npos) << result.failures[1];
}

}  // namespace
}  // namespace weir::sim

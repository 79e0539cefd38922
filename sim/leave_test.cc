// Coordinators are asked to leave, and the job continues without them.

#include <gtest/gtest.h>

#include "base/log.h"
#include "small_fleet.h"

namespace weir::sim {
namespace {

using std::chrono::seconds;

const bool kQuiet = (set_log_level(LogLevel::kError), true);

void expect_that_another_finishes(Fleet& fleet, Seat& left) {
  ASSERT_TRUE(fleet.run_until([&] { return fleet.leader() != nullptr; }));
  EXPECT_NE(fleet.leader(), &left);
  EXPECT_FALSE(fleet.result_is_recorded()) << "leaving must not end the job";
  ASSERT_TRUE(fleet.run_until([&] { return fleet.finished(); }));
  EXPECT_EQ(fleet.wrong_at_the_end(), std::vector<std::string>());
}

TEST(Leaving, AStandbyTakesOverAtOnceAndNoResultIsRecorded) {
  Fleet fleet(/*elected=*/true);
  fleet.run_until_checkpoints(1);
  Seat& leader = *fleet.leader();
  leader.member->sign_off();
  ASSERT_TRUE(fleet.run_until([&] { return leader.member->ended(); }, seconds(1)));
  ASSERT_TRUE(fleet.run_until([&] { return fleet.leader() != nullptr; }, seconds(1)))
      << "it waits for the session's time-out";
  expect_that_another_finishes(fleet, leader);
}

TEST(Leaving, WithoutElectionTheWorkersWaitForTheNextCoordinator) {
  Fleet fleet(/*elected=*/false);
  fleet.run_until_checkpoints(2);
  Seat& leader = *fleet.leader();
  leader.member->sign_off();
  ASSERT_TRUE(fleet.run_until([&] { return leader.member->ended(); }, seconds(1)));
  EXPECT_FALSE(leader.member->view().finished);
  EXPECT_FALSE(fleet.worker(0).member->ended() || fleet.worker(1).member->ended());
  fleet.start_coordinator(0);
  ASSERT_TRUE(fleet.run_until([&] { return fleet.finished(); }));
  EXPECT_GT(fleet.coordinator(0).member->view().restored_checkpoint, 0);
  EXPECT_EQ(fleet.wrong_at_the_end(), std::vector<std::string>());
}

TEST(Leaving, ARequestToLeaveOutlastsTheLeaseAndAnOutageOfZooKeeper) {
  for (const bool before_the_lease_ends : {true, false}) {
    Fleet fleet(/*elected=*/true);
    fleet.run_until_checkpoints(1);
    Seat& leader = *fleet.leader();
    fleet.zookeeper().outage(seconds(15));
    if (!before_the_lease_ends) {
      ASSERT_TRUE(fleet.run_until([&] { return fleet.leader() == nullptr; }));
    }
    leader.member->sign_off();
    ASSERT_TRUE(fleet.run_until([&] { return leader.member->ended(); })) << before_the_lease_ends;
    expect_that_another_finishes(fleet, leader);
  }
}

Seat& standby_of(Fleet& fleet) {
  return fleet.leader() == &fleet.coordinator(0) ? fleet.coordinator(1) : fleet.coordinator(0);
}

TEST(Leaving, AStandbyCannotCancelTheJobNowOrLater) {
  Fleet fleet(/*elected=*/true);
  fleet.run_until_checkpoints(1);
  Seat& leader = *fleet.leader();
  standby_of(fleet).member->cancel();
  fleet.run_until_checkpoints(2);
  EXPECT_FALSE(leader.member->ended() || fleet.result_is_recorded());
  leader.member->sign_off();
  ASSERT_TRUE(fleet.run_until([&] { return leader.member->ended(); }, seconds(1)));
  expect_that_another_finishes(fleet, leader);
}

TEST(Leaving, ARequestToCancelOutlastsALostLease) {
  Fleet fleet(/*elected=*/true);
  fleet.run_until_checkpoints(1);
  Seat& leader = *fleet.leader();
  standby_of(fleet).process->kill();
  fleet.zookeeper().outage(seconds(15));
  leader.member->cancel();
  ASSERT_TRUE(fleet.run_until([&] { return fleet.leader() == nullptr; }));
  ASSERT_TRUE(fleet.run_until([&] { return leader.member->ended(); }));
  EXPECT_TRUE(fleet.result_is_recorded());
  EXPECT_TRUE(leader.member->view().canceled);
}

}  // namespace
}  // namespace weir::sim

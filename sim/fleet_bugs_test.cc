// The mistakes of base/bug_switch.h that take several processes are switched on in turn, and seeds
// are run until one fails: proof that the swarm of fleets would find it.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/log.h"
#include "bug_hunt.h"
#include "fleet_roles.h"
#include "fleet_run.h"

namespace weir::sim {
namespace {

/// Not here: orphans_removed_at_open, for which two hundred seeds need not be enough; and what
/// other rules seem to cover, for no seed has shown it:
/// - pointer_not_fenced: see FleetBugs.AnUnfencedPointerIsCoveredByTheEndOfTheSession.
/// - deposed_leader_obeyed: workers follow the leader with the highest epoch that they have heard
/// of.
/// - late_message_of_earlier_attempt: what a worker says comes in order, the last of it is that it
/// has left the attempt, and that is waited
///   for.
/// - restart_before_all_left: a worker that has not left refuses the next attempt, which is then
/// tried again.
/// - start_before_all_deployed: what comes to a task that is not there yet waits in its channel, no
/// checkpoint is taken before all tasks are,
///   and each subtask of a sink looks after its own orphans only.
/// WEIR_SIM_BUG hunts for one of them with as many seeds as one likes.
constexpr Bug kBugs[] = {
    Bug::kCreditLost,
    Bug::kFrameRepeated,
    Bug::kResultForgotten,
    Bug::kNotifyBeforePointer,
    Bug::kPlanPartOfNeighbour,
    Bug::kUnconfirmedRemovedAtOnce,
    Bug::kWorkerForgottenInCheckpoint,
    Bug::kBarrierLostBetweenProcesses,
    Bug::kRemoteWatermarkAhead,
    Bug::kEndedWithFirstTask,
    Bug::kSnapshotLacksATask,
    Bug::kSplitsDealtTwice,
    Bug::kStaleLeaderCompletes,
    Bug::kPointerIgnored,
    Bug::kEpochNotCounted,
};

uint64_t most_seeds() {
  const char* const most = std::getenv("WEIR_SIM_SEEDS");
  return most == nullptr ? 200 : std::strtoull(most, nullptr, 10);
}

void expect_found(Bug bug, RunOptions options) {
  const Hunt result = hunt(bug, most_seeds(), [&](uint64_t seed) {
    return run_fleet(seed, engine_roles(), options).failures;
  });
  const std::string name(bug_name(bug));
  std::printf("summary: fleet bugs: %-37s %s\n", name.c_str(), result.how.c_str());
  EXPECT_TRUE(result.found) << name << ": " << result.how;
}

TEST(FleetBugs, EachIsFoundWithinTwoHundredSeeds) {
  const char* const only = std::getenv("WEIR_SIM_BUG");  // also one that is not in the list
  std::vector<Bug> bugs;
  for (int i = 0; i < static_cast<int>(Bug::kCount); ++i) {
    if (only != nullptr && bug_name(static_cast<Bug>(i)) == only)
      bugs.push_back(static_cast<Bug>(i));
  }
  if (only == nullptr) bugs.assign(std::begin(kBugs), std::end(kBugs));
  for (const Bug bug : bugs) expect_found(bug, {});
}

/// The session of a leader ends before another leads, so ZooKeeper refuses what it asks for late.
/// Were that not so, the check of the epoch would be what holds, and its lack is found.
TEST(FleetBugs, AnUnfencedPointerIsCoveredByTheEndOfTheSession) {
  if (std::getenv("WEIR_SIM_BUG") != nullptr) GTEST_SKIP();
  set_log_sink([](LogLevel, std::string_view) {});
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const FleetResult result = run_fleet(seed, engine_roles(), {.serve_ended_sessions = true});
    EXPECT_TRUE(result.failures.empty()) << "seed " << seed << ": " << result.failures.front();
  }
  expect_found(Bug::kPointerNotFenced, {.serve_ended_sessions = true});
  set_log_sink(nullptr);
}

}  // namespace
}  // namespace weir::sim

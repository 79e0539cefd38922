// Switches on each mistake of base/bug_switch.h that needs several processes and runs seeds until
// one fails. This proves that the fleet swarm would find the mistake.

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

/// In a whole cluster other rules cover the remaining mistakes; tests/bugs_test.py finds them in
/// unit tests. For pointer_not_fenced see
/// FleetBugs.AnUnfencedPointerIsCoveredByTheEndOfTheSession. Examples of such rules:
/// - deposed_leader_obeyed: workers follow the leader with the highest epoch they know.
/// - late_message_of_earlier_attempt: a worker's messages arrive in order. The last one says that
///   it has left the attempt, and the next attempt waits for it.
/// - restart_before_all_left: a worker that has not left refuses the next attempt, which is then
///   retried.
/// WEIR_SIM_BUG hunts for one mistake, with WEIR_SIM_SEEDS seeds.
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
    Bug::kRestartWithoutCause,
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
  const char* const only = std::getenv("WEIR_SIM_BUG");  // need not be in the list
  std::vector<Bug> bugs;
  for (int i = 0; i < static_cast<int>(Bug::kCount); ++i) {
    if (only != nullptr && bug_name(static_cast<Bug>(i)) == only)
      bugs.push_back(static_cast<Bug>(i));
  }
  if (only == nullptr) bugs.assign(std::begin(kBugs), std::end(kBugs));
  for (const Bug bug : bugs) expect_found(bug, {});
}

/// A leader's session ends before another leader takes over, so ZooKeeper refuses late requests of
/// the old leader. With serve_ended_sessions only the check of the epoch protects the pointer. This
/// test proves that a missing check is then found.
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

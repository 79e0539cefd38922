// Switches on each mistake of base/bug_switch.h in turn and runs seeds until one fails. This proves
// that the swarm would find the mistake.

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "bug_hunt.h"
#include "cluster_run.h"

namespace weir::sim {
namespace {

/// One of the first seeds finds most mistakes; the rarest shows in one of 125.
constexpr uint64_t kSeeds = 400;

/// Seeds may not find these; a unit test finds each (tests/bugs_test.py).
bool too_rare(Bug bug) {
  return bug == Bug::kBroadcastStateNotCopied || bug == Bug::kEarlierStartDeletes ||
         bug == Bug::kCommitDuringRemovalKept || bug == Bug::kReplacedPagesKept;
}

void expect_found(Bug bug) {
  const Hunt result = hunt(bug, kSeeds, [](uint64_t seed) { return run_seed(seed).failures; });
  const std::string name(bug_name(bug));
  std::printf("summary: bugs: %-37s %s\n", name.c_str(), result.how.c_str());
  EXPECT_TRUE(result.found) << name << ": " << result.how;
}

TEST(Bugs, EachIsFound) {
  // Mistakes from kCreditLost on show only with several processes.
  for (int i = 0; i < static_cast<int>(Bug::kCreditLost); ++i) {
    if (!too_rare(static_cast<Bug>(i))) expect_found(static_cast<Bug>(i));
  }
}

// tests/bugs_test.py has the others of these two kinds.

TEST(Bugs, EachOfUnalignedCheckpointsIsFound) {
  for (const Bug bug : {Bug::kInFlightDropped, Bug::kInFlightTwice, Bug::kInFlightInputForgotten,
                        Bug::kRecordingEndsEarly})
    expect_found(bug);
}

TEST(Bugs, EachOfIncrementalCheckpointsIsFound) {
  for (const Bug bug : {Bug::kChangesSinceFailedCheckpointLost, Bug::kRemovedKeyReturns,
                        Bug::kSharedFileDeletedEarly, Bug::kSharedFilesKept})
    expect_found(bug);
}

}  // namespace
}  // namespace weir::sim

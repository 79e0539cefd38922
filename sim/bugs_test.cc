// Switches on each mistake of base/bug_switch.h in turn and runs seeds until one fails. This proves
// that the swarm would find the mistake.

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "bug_hunt.h"
#include "cluster_run.h"

namespace weir::sim {
namespace {

/// One of the first seeds finds most mistakes. An aborted checkpoint is usually not written to its
/// end, so its acknowledgment is rarely late.
uint64_t seeds_for(Bug bug) { return bug == Bug::kLateAckOfGivenUpCheckpoint ? 2000 : 200; }

TEST(Bugs, EachIsFound) {
  // Mistakes from kCreditLost on show only with several processes.
  for (int i = 0; i < static_cast<int>(Bug::kCreditLost); ++i) {
    const Hunt result = hunt(static_cast<Bug>(i), seeds_for(static_cast<Bug>(i)),
                             [](uint64_t seed) { return run_seed(seed).failures; });
    const std::string name(bug_name(static_cast<Bug>(i)));
    std::printf("summary: bugs: %-37s %s\n", name.c_str(), result.how.c_str());
    EXPECT_TRUE(result.found) << name << ": " << result.how;
  }
}

}  // namespace
}  // namespace weir::sim

// Every mistake of base/bug_switch.h is switched on in turn, and seeds are run until one fails:
// proof that the swarm would find it.

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "bug_hunt.h"
#include "cluster_run.h"

namespace weir::sim {
namespace {

/// Most are found by one of the first seeds. An aborted checkpoint is no longer written to its end,
/// so its acknowledgement is rarely late.
uint64_t seeds_for(Bug bug) { return bug == Bug::kLateAckOfGivenUpCheckpoint ? 2000 : 200; }

TEST(Bugs, EachIsFound) {
  // Those from kCreditLost on show only where there are several processes.
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

// Every mistake of base/bug_switch.h is switched on in turn, and seeds are run until one fails: proof that the swarm would find it.

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "bug_hunt.h"
#include "cluster_run.h"

namespace weir::sim {
namespace {

TEST(Bugs, EachIsFoundWithinTwoHundredSeeds) {
  // Those from kCreditLost on show only where there are several processes.
  for (int i = 0; i < static_cast<int>(Bug::kCreditLost); ++i) {
    const Hunt result = hunt(static_cast<Bug>(i), 200, [](uint64_t seed) { return run_seed(seed).failures; });
    const std::string name(bug_name(static_cast<Bug>(i)));
    std::printf("summary: bugs: %-37s %s\n", name.c_str(), result.how.c_str());
    EXPECT_TRUE(result.found) << name << ": " << result.how;
  }
}

}  // namespace
}  // namespace weir::sim

// Every mistake of base/bug_switch.h is switched on in turn, and seeds are run until one fails: proof that the swarm would find it.

#include <gtest/gtest.h>

#include <cstdio>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/strings.h"
#include "cluster_run.h"

namespace weir::sim {
namespace {

constexpr uint64_t kMostSeeds = 200;

class Bugs : public testing::TestWithParam<int> {
 protected:
  void TearDown() override { disable_bugs(); }
};

TEST_P(Bugs, IsFoundWithinTwoHundredSeeds) {
  set_log_level(static_cast<LogLevel>(static_cast<int>(LogLevel::kError) + 1));
  const Bug bug = static_cast<Bug>(GetParam());
  for (uint64_t seed = 1; seed <= kMostSeeds; ++seed) {
    enable_bug(bug);
    const RunResult result = run_seed(seed);
    disable_bugs();
    if (result.failures.empty()) continue;
    std::printf("summary: bugs: %-40s found by seed %3llu: %s\n", std::string(bug_name(bug)).c_str(), static_cast<unsigned long long>(seed),
                result.failures.front().c_str());
    return;
  }
  std::printf("summary: bugs: %-40s NOT FOUND\n", std::string(bug_name(bug)).c_str());
  ADD_FAILURE() << bug_name(bug) << " is not found by " << kMostSeeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(Each, Bugs, testing::Range(0, static_cast<int>(Bug::kCount)),
                         [](const auto& info) { return std::string(bug_name(static_cast<Bug>(info.param))); });

}  // namespace
}  // namespace weir::sim

// Every mistake of base/bug_switch.h is switched on in turn, and seeds are run until one fails: proof that the swarm would find it.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "base/bug_switch.h"
#include "base/log.h"
#include "cluster_run.h"

namespace weir::sim {
namespace {

constexpr uint64_t kMostSeeds = 200;

/// The seed that finds the mistake and how, or nothing. `report` gets a line.
bool find(Bug bug, std::FILE* report) {
  enable_bug(bug);
  for (uint64_t seed = 1; seed <= kMostSeeds; ++seed) {
    const RunResult result = run_seed(seed);
    if (result.failures.empty()) continue;
    std::fprintf(report, "found by seed %llu: %s\n", static_cast<unsigned long long>(seed), result.failures.front().substr(0, 200).c_str());
    return true;
  }
  return false;
}

/// In a process of its own, because a mistake may also run into one of the engine's own checks, which aborts: that is finding it too.
TEST(Bugs, EachIsFoundWithinTwoHundredSeeds) {
  set_log_sink([](LogLevel, std::string_view) {});
  // Those from kCreditLost on show only where there are several processes.
  for (int i = 0; i < static_cast<int>(Bug::kCreditLost); ++i) {
    const Bug bug = static_cast<Bug>(i);
    std::fflush(nullptr);
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      std::FILE* report = fdopen(ends[1], "w");
      const bool found = find(bug, report);
      std::fclose(report);
      _exit(found ? 0 : 1);
    }
    close(ends[1]);
    std::string text;
    char buffer[512];
    for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(n));
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    const bool checked = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    const bool found = checked || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (checked) text = "found by one of the engine's checks\n";
    if (text.empty()) text = "NOT FOUND\n";
    std::printf("summary: bugs: %-37s %s", std::string(bug_name(bug)).c_str(), text.c_str());
    EXPECT_TRUE(found) << bug_name(bug) << " is not found by " << kMostSeeds << " seeds";
  }
}

}  // namespace
}  // namespace weir::sim

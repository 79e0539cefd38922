#include "bug_hunt.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "base/log.h"
#include "base/strings.h"
#include "weir/detail/base/check.h"

namespace weir::sim {

#ifdef WEIR_BUGS
Hunt hunt(Bug bug, uint64_t most,
          const std::function<std::vector<std::string>(uint64_t seed)>& failures_of) {
  std::fflush(nullptr);
  int ends[2];
  WEIR_CHECK(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    set_log_sink([](LogLevel, std::string_view) {});
    enable_bug(bug);
    for (uint64_t seed = 1; seed <= most; ++seed) {
      const std::vector<std::string> failures = failures_of(seed);
      if (failures.empty()) continue;
      const std::string report = cat("found by seed ", seed, ": ", failures.front().substr(0, 200));
      _exit(write(ends[1], report.data(), report.size()) > 0 ? 0 : 1);
    }
    _exit(1);
  }
  close(ends[1]);
  Hunt result;
  char buffer[512];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    result.how.append(buffer, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  WEIR_CHECK(waitpid(child, &status, 0) == child);
  const bool checked = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
  result.found = checked || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
  if (checked) result.how = "found by one of the engine's checks";
  if (!result.found) result.how = cat("NOT FOUND by ", most, " seeds");
  return result;
}
#endif

}  // namespace weir::sim

#include "cluster/embedded.h"

#include <cstdio>

#include "base/strings.h"
#include "cluster/job_runner.h"
#include "cluster/progress_line.h"
#include "fs/real_registry.h"
#include "platform/process_signals.h"
#include "platform/real_platform.h"

namespace weir {
namespace {

constexpr int kRefused = 2;   ///< nothing was run: bad input, bad configuration, no permission
constexpr int kFailed = 1;
constexpr int kCancelled = 130;

void report(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

std::optional<std::string> setting(const Configuration& configuration, std::string_view key) {
  for (const Configuration::Entry& entry : configuration.entries()) {
    if (entry.key == key) return entry.value;
  }
  return std::nullopt;
}

}  // namespace

int run_embedded(const JobGraph& graph, const Configuration& configuration) {
  const auto options = job_options(configuration, graph.id);
  if (!options.ok()) {
    report(cat("error: ", options.status().message()));
    return kRefused;
  }
  ProcessSignals signals;
  RealFileSystems files({.config = [&](std::string_view key) { return setting(configuration, key); },
                         .environment = process_environment,
                         .login_user = process_login_user(),
                         .sleep = sleep_for,
                         .wall_ms = [] { return RealClock().wall_ms(); }});
  RealPlatform platform(files, static_cast<int>(configuration.get(options::kIoThreads)));
  JobRunner runner(graph, *options, platform.get(), [&signals] { signals.notify(); });

  const bool show_progress = configuration.get(options::kProgress);
  const Clock& clock = platform.get().clock;
  MonotonicTime last = clock.now();
  int64_t last_records = 0;
  JobView view;
  while (!is_terminal((view = runner.view()).state)) {
    if (signals.wait(std::chrono::seconds(1)) == ProcessSignals::Event::kTerminate) {
      report("cancelling; a second signal ends the process at once");
      runner.cancel();
    }
    const MonotonicTime now = clock.now();
    if (show_progress && now - last >= std::chrono::seconds(1)) {
      view = runner.view();
      const double seconds = std::chrono::duration<double>(now - last).count();
      report(progress_line(view, static_cast<double>(view.source_records - last_records) / seconds, now));
      last = now;
      last_records = view.source_records;
    }
  }
  if (view.state == JobState::kFailed) {
    report(cat("error: ", view.failure.message()));
    return view.refused ? kRefused : kFailed;
  }
  if (show_progress) report(progress_line(view, 0, clock.now()));
  return view.state == JobState::kCanceled ? kCancelled : 0;
}

}  // namespace weir

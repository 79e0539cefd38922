#include "cluster/roles/progress_watch.h"

#include <algorithm>
#include <chrono>

#include "base/strings.h"
#include "cluster/roles/process_end.h"
#include "cluster/roles/progress_line.h"

namespace weir {

ProgressWatch::ProgressWatch(const Configuration& configuration, const Clock& clock)
    : show_(configuration.get(options::kProgress)), clock_(clock), last_(clock.now()) {}

void ProgressWatch::show(const JobView& view) {
  const MonotonicTime now = clock_.now();
  if (!show_ || now - last_ < std::chrono::seconds(1)) return;
  const double seconds = std::chrono::duration<double>(now - last_).count();
  // A new leadership counts from zero.
  last_records_ = std::min(last_records_, view.source_records);
  report(
      progress_line(view, static_cast<double>(view.source_records - last_records_) / seconds, now));
  last_ = now;
  last_records_ = view.source_records;
}

int ProgressWatch::end(const JobView& view, bool own_output) {
  if (view.state == JobState::kFailed) {
    if (own_output && unwanted(view.failure)) return exit_code::kUnread;
    report(cat("error: ", view.failure.message()));
    return view.refused ? refusal_code(view.failure) : exit_code::kFailed;
  }
  if (show_) report(progress_line(view, 0, clock_.now()));
  if (!view.stopped_with.empty()) {
    report(cat("stopped with the savepoint ", view.stopped_with, ": --from ", view.stopped_with,
               " goes on from it"));
  }
  return view.state == JobState::kCanceled ? exit_code::kCanceled : 0;
}

}  // namespace weir

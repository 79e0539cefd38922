#include "flink/job_watch.h"

#include "base/strings.h"

namespace weir {
namespace {

constexpr int kFailed = 1;
constexpr int kCanceled = 130;
constexpr std::chrono::milliseconds kPoll{1000};
constexpr std::chrono::milliseconds kFirstPoll{200};
constexpr auto kPatience = std::chrono::minutes(5);
constexpr auto kShowAtLeast = std::chrono::seconds(10);

}  // namespace

JobWatch::JobWatch(Wait wait, const Clock& clock, const FlinkRest& rest, std::string job,
                   bool progress, std::function<void(const std::string&)> report)
    : wait_(std::move(wait)),
      clock_(clock),
      rest_(rest),
      job_(std::move(job)),
      progress_(progress),
      report_(std::move(report)),
      answered_(clock.now()) {}

JobWatch::Next JobWatch::step(std::chrono::milliseconds pause) {
  if (wait_(pause)) {
    report_(cat("the job goes on in the cluster; to cancel it: flink cancel ", job_,
                ", or curl -X PATCH '", rest_.url(), "/jobs/", job_, "?mode=cancel'"));
    return Next::kInterrupted;
  }
  auto job = rest_.job(job_);
  const MonotonicTime now = clock_.now();
  if (job.ok()) {
    if (silent_) report_(cat(rest_.url(), " answers again"));
    silent_ = false;
    answered_ = now;
    seen_ = *std::move(job);
    if (progress_) {
      if (auto checkpoints = rest_.checkpoints(job_); checkpoints.ok())
        checkpoints_ = *std::move(checkpoints);
      show();
    }
    return Next::kGoOn;
  }
  if (now - answered_ > kPatience) {
    report_(
        cat("error: ", job.status().message(), "; whether job ", job_, " goes on is not known"));
    return Next::kLost;
  }
  if (!std::exchange(silent_, true))
    report_(cat("warning: ", job.status().message(), "; asking again"));
  return Next::kGoOn;
}

void JobWatch::show() {
  std::string text = cat(seen_.state, "  tasks ", seen_.running_tasks, "/", seen_.tasks);
  if (checkpoints_.completed > 0)
    text += cat("  checkpoints ", checkpoints_.completed, ", the last ", checkpoints_.last_id);
  const MonotonicTime now = clock_.now();
  if (text == shown_text_ && now - shown_ < kShowAtLeast) return;
  report_(cat(text, "  records from the sources ", seen_.source_records));
  shown_text_ = text;
  shown_ = now;
}

bool JobWatch::until_started() {
  for (;;) {
    if (step(kFirstPoll) != Next::kGoOn) return false;
    if (!seen_.state.empty() && seen_.state != "INITIALIZING" && seen_.state != "CREATED")
      return true;
  }
}

int JobWatch::until_ended() {
  while (!seen_.ended()) {
    switch (step(kPoll)) {
      case Next::kGoOn: break;
      case Next::kInterrupted: return kCanceled;
      case Next::kLost: return kFailed;
    }
  }
  if (seen_.state == "FINISHED") {
    report_(cat("finished: job ", job_));
    return 0;
  }
  if (seen_.state == "CANCELED") {
    report_(cat("canceled: job ", job_));
    return kCanceled;
  }
  const auto failure = rest_.failure(job_);
  report_(cat("error: the job failed in Flink: ",
              failure.ok() ? *failure : std::string(failure.status().message())));
  return kFailed;
}

}  // namespace weir

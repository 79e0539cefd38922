#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "platform/platform.h"
#include "rest/job_snapshot.h"
#include "rest/report/otlp.h"
#include "weir/status.h"

namespace weir {

/// Where the figures of a job are sent.
struct ReportOptions {
  struct Collector {
    std::string url;
    MonotonicTime interval{std::chrono::seconds(10)};
    MonotonicTime timeout{std::chrono::seconds(10)};
    rest::OtlpService service;
  };
  struct Statsd {
    Address address;
    MonotonicTime interval{std::chrono::seconds(10)};
  };
  std::optional<Collector> metrics;  ///< an OpenTelemetry collector
  std::optional<Collector> traces;
  std::optional<Statsd> statsd;
  std::optional<MonotonicTime> log_interval;

  bool any() const { return metrics || traces || statsd || log_interval; }
};

/// Sends the figures of a job again and again. A receiver that does not answer delays nothing but
/// its own reports, and is warned of once until it answers again.
/// Thread: the destructor and finish() not within each other; reports are built and sent on
/// executors.
class Reporters {
 public:
  virtual ~Reporters() = default;
  /// The job has ended: sends everything once more, for at most 10 s.
  virtual void finish() = 0;

  /// `snapshot` is null while this process does not lead the job. The platform and what `snapshot`
  /// refers to outlive the result. UNAVAILABLE: the host of StatsD does not exist.
  static StatusOr<std::unique_ptr<Reporters>> start(
      const ReportOptions& options, std::function<std::shared_ptr<const JobSnapshot>()> snapshot,
      Platform& platform);
};

}  // namespace weir

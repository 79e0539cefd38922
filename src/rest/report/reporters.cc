#include "rest/report/reporters.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "http/curl_http.h"
#include "platform/udp_sender.h"
#include "platform/wakeup.h"
#include "rest/report/text_lines.h"

namespace weir {
namespace {

using Snapshot = std::function<std::shared_ptr<const JobSnapshot>()>;

/// Fits into a packet of Ethernet, so that none is lost because another one is.
constexpr size_t kDatagramBytes = 1432;

/// While this process does not lead the job.
constexpr MonotonicTime kLookAgain = std::chrono::seconds(1);

/// One receiver. Thread: send() one at a time.
class Receiver {
 public:
  Receiver(std::string name, MonotonicTime interval)
      : name_(std::move(name)), interval_(interval) {}
  virtual ~Receiver() = default;

  const std::string& name() const { return name_; }
  MonotonicTime interval() const { return interval_; }
  /// Sends a report about the job, and blocks meanwhile.
  virtual Status send(const JobSnapshot& job) = 0;

 private:
  const std::string name_;
  const MonotonicTime interval_;
};

/// Sends bodies to a URL.
class Post {
 public:
  explicit Post(const ReportOptions::Collector& collector)
      : url_(collector.url),
        http_({std::chrono::duration_cast<std::chrono::milliseconds>(collector.timeout),
               std::chrono::duration_cast<std::chrono::seconds>(collector.timeout),
               {}}) {}
  Status operator()(const std::string& body) {
    constexpr int64_t kMaxAnswered = 64 * 1024;
    const HttpReply reply = http_.post(url_, "application/json", body, kMaxAnswered);
    if (reply.outcome != HttpReply::Outcome::kAnswered)
      return unavailable(cat(url_, " does not answer: ", reply.problem));
    if (reply.status / 100 == 2) return {};
    return unavailable(cat(url_, " answers ", reply.status, " ", reply.body.substr(0, 200)));
  }

 private:
  const std::string url_;
  CurlHttp http_;
};

class MetricsCollector final : public Receiver {
 public:
  explicit MetricsCollector(const ReportOptions::Collector& collector)
      : Receiver("otel", collector.interval), service_(collector.service), post_(collector) {}
  Status send(const JobSnapshot& job) override { return post_(rest::otlp_metrics(job, service_)); }

 private:
  const rest::OtlpService service_;
  Post post_;
};

/// Looks every second, because only the last checkpoints are known.
class TraceCollector final : public Receiver {
 public:
  explicit TraceCollector(const ReportOptions::Collector& collector)
      : Receiver("traces otel", std::chrono::seconds(1)),
        service_(collector.service),
        post_(collector) {}
  Status send(const JobSnapshot& job) override {
    if (!job.checkpoints) return {};
    std::vector<CheckpointRecord> ended;
    std::set<CheckpointId> known;
    for (const CheckpointRecord& record : job.checkpoints->history) {
      if (record.state == CheckpointRecord::State::kInProgress) continue;
      known.insert(record.id);
      if (!sent_.contains(record.id)) ended.push_back(record);
    }
    if (!ended.empty()) WEIR_RETURN_IF_ERROR(post_(rest::otlp_spans(job, ended, service_)));
    sent_ = std::move(known);
    return {};
  }

 private:
  const rest::OtlpService service_;
  Post post_;
  std::set<CheckpointId> sent_;  ///< of those that the history still has
};

class Statsd final : public Receiver {
 public:
  Statsd(UdpSender sender, MonotonicTime interval)
      : Receiver("statsd", interval), sender_(std::move(sender)) {}
  Status send(const JobSnapshot& job) override {
    Status first;
    for (const std::string& datagram : rest::statsd_datagrams(job, kDatagramBytes)) {
      Status sent = sender_.send(datagram);
      if (first.ok()) first = std::move(sent);
    }
    return first;
  }

 private:
  UdpSender sender_;
};

class Log final : public Receiver {
 public:
  explicit Log(MonotonicTime interval) : Receiver("slf4j", interval) {}
  Status send(const JobSnapshot& job) override {
    WEIR_LOG(kInfo) << "metrics of the job:\n" << rest::log_lines(job);
    return {};
  }
};

class RealReporters final : public Reporters, private Actor {
 public:
  RealReporters(std::vector<std::unique_ptr<Receiver>> receivers, Snapshot snapshot,
                Platform& platform)
      : snapshot_(std::move(snapshot)), platform_(platform) {
    for (auto& receiver : receivers)
      entries_.push_back(std::make_shared<Entry>(std::move(receiver)));
    handle_ = platform_.scheduler.start("reporters", *this, {});
  }
  ~RealReporters() override { handle_->stop(); }

  void finish() override {
    handle_->stop();
    constexpr auto kMax = std::chrono::seconds(10);
    constexpr auto kLook = std::chrono::milliseconds(20);
    const auto job = snapshot_();
    if (!job) return;
    Wakeup nobody;
    const MonotonicTime end = platform_.clock.now() + kMax;
    const auto busy = [this] {
      return std::any_of(entries_.begin(), entries_.end(),
                         [](const auto& entry) { return entry->busy.load(); });
    };
    while (busy() && platform_.clock.now() < end) nobody.wait(kLook);
    for (const auto& entry : entries_) {
      if (!entry->busy) begin(entry, job);
    }
    while (busy() && platform_.clock.now() < end) nobody.wait(kLook);
  }

 private:
  struct Entry {
    explicit Entry(std::unique_ptr<Receiver> to) : receiver(std::move(to)) {}
    const std::unique_ptr<Receiver> receiver;
    MonotonicTime next{0};
    std::atomic<bool> busy{false};
    bool failed = false;  ///< of the one who sends
  };

  MonotonicTime step() override {
    const MonotonicTime now = platform_.clock.now();
    MonotonicTime soonest = kIdle;
    std::shared_ptr<const JobSnapshot> job;
    for (const auto& entry : entries_) {
      if (now >= entry->next && !entry->busy) {
        if (!job) job = snapshot_();
        entry->next = now + (job ? entry->receiver->interval() : kLookAgain);
        if (job) begin(entry, job);
      }
      // One that is still busy when its next report is due is looked at again later.
      soonest = std::min(soonest, std::max(entry->next, now + std::chrono::milliseconds(100)));
    }
    return soonest;
  }

  /// The work keeps alive what it uses: it may end after this object.
  void begin(const std::shared_ptr<Entry>& entry, const std::shared_ptr<const JobSnapshot>& job) {
    entry->busy = true;
    platform_.scheduler.run_blocking(cat("report ", entry->receiver->name()), [entry, job] {
      const Status status = entry->receiver->send(*job);
      if (!status.ok() && !entry->failed) {
        WEIR_LOG(kWarning) << "the reporter " << entry->receiver->name()
                           << " has lost a report, and goes on trying: " << status.message();
      } else if (status.ok() && entry->failed) {
        WEIR_LOG(kInfo) << "the reporter " << entry->receiver->name() << " is heard again";
      }
      entry->failed = !status.ok();
      entry->busy = false;
    });
  }

  const Snapshot snapshot_;
  Platform& platform_;
  std::vector<std::shared_ptr<Entry>> entries_;
  std::unique_ptr<ActorHandle> handle_;
};

}  // namespace

StatusOr<std::unique_ptr<Reporters>> Reporters::start(const ReportOptions& options,
                                                      Snapshot snapshot, Platform& platform) {
  std::vector<std::unique_ptr<Receiver>> receivers;
  if (options.metrics) receivers.push_back(std::make_unique<MetricsCollector>(*options.metrics));
  if (options.traces) receivers.push_back(std::make_unique<TraceCollector>(*options.traces));
  if (options.statsd) {
    auto sender = UdpSender::open(options.statsd->address);
    if (!sender.ok()) return sender.status().with_context("metrics.reporter.statsd");
    receivers.push_back(std::make_unique<Statsd>(*std::move(sender), options.statsd->interval));
  }
  if (options.log_interval) receivers.push_back(std::make_unique<Log>(*options.log_interval));
  return std::unique_ptr<Reporters>(
      std::make_unique<RealReporters>(std::move(receivers), std::move(snapshot), platform));
}

}  // namespace weir

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/http.h"
#include "weir/status.h"

namespace weir {

/// A Flink cluster's description of itself.
struct FlinkCluster {
  std::string version;
  bool uploads = true;  ///< jars can be sent over REST (web.submit.enable)
  int task_managers = 0;
  int slots = 0;
  int free_slots = 0;
  /// The cluster starts TaskManagers on demand, on YARN or Kubernetes. The number of free slots
  /// then means nothing.
  bool grows = false;
  bool adaptive = false;             ///< jobmanager.scheduler: a job also runs on fewer slots
  std::vector<std::string> running;  ///< names of jobs
};

struct FlinkRun {
  std::string entry_class;
  int parallelism = 1;
  std::string savepoint;  ///< empty: a fresh start
  bool allow_non_restored_state = false;
};

struct FlinkJob {
  std::string state;           ///< Flink's JobStatus: RUNNING, FINISHED, …
  int64_t source_records = 0;  ///< sent by the sources' chains
  int tasks = 0;
  int running_tasks = 0;
  bool ended() const { return state == "FINISHED" || state == "FAILED" || state == "CANCELED"; }
};

struct FlinkCheckpoints {
  int64_t completed = 0;
  int64_t last_id = 0;  ///< 0: none
  int64_t last_bytes = 0;
  std::string last_path;
};

/// The part of Flink's REST API that submits and watches a job. Thread: one. Every call blocks.
/// Codes:
///     UNAVAILABLE          no answer
///     FAILED_PRECONDITION  the answer is not Flink's, or a refusal; the message has its reason
class FlinkRest {
 public:
  /// INVALID_ARGUMENT: `url` is not an address.
  static StatusOr<FlinkRest> at(Http& http, const std::string& url);

  const std::string& url() const { return url_; }
  std::string job_page(const std::string& job) const {
    return url_ + "/#/job/running/" + job + "/overview";
  }

  StatusOr<FlinkCluster> cluster() const;
  /// Returns the jar's id in the cluster.
  StatusOr<std::string> upload(const std::string& name, std::string_view jar) const;
  /// Returns the id of the job, which the cluster has accepted.
  StatusOr<std::string> run(const std::string& jar, const FlinkRun& run) const;
  Status remove(const std::string& jar) const;
  StatusOr<FlinkJob> job(const std::string& id) const;
  StatusOr<FlinkCheckpoints> checkpoints(const std::string& job) const;
  /// Why the job failed: the root cause of its last failure.
  StatusOr<std::string> failure(const std::string& job) const;

 private:
  FlinkRest(Http& http, std::string url) : http_(&http), url_(std::move(url)) {}
  StatusOr<std::string> get(const std::string& path) const;
  StatusOr<std::string> answer(const std::string& what, const HttpReply& reply) const;

  Http* http_;
  std::string url_;
};

/// FAILED_PRECONDITION unless the bridge supports that version: 1.20 and later, 2.x.
Status check_flink_version(std::string_view version);

/// The root cause of a Java stack trace: the message of its last "Caused by".
std::string root_cause(std::string_view stack_trace);

}  // namespace weir

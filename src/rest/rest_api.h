#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/completed_checkpoint.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "rest/job_snapshot.h"
#include "rest/request.h"
#include "weir/status.h"

namespace weir {

namespace rest {
class Operations;
}

/// The job, as the REST interface reaches it. All functions may be called on any thread.
struct RestControl {
  /// Null while this process does not lead the job.
  std::function<std::shared_ptr<const JobSnapshot>()> snapshot;
  /// Somebody looks: keep the figures fresh for a while.
  std::function<void()> observe;
  std::function<void()> cancel;
  /// `done` is called on any thread, or never if this process stops leading.
  std::function<void(SnapshotFormat,
                     std::function<void(const StatusOr<CompletedCheckpoint>&)> done)>
      trigger_checkpoint;
};

/// Flink's REST interface for one job: turns a request into a reply. Paths, fields and errors are
/// Flink's, with and without the prefix /v1. Not here: HTTP (HttpServer), the bodies (json.h).
/// Thread: any, several at a time.
class RestApi {
 public:
  /// All arguments outlive it.
  RestApi(RestControl control, RestRules rules, const Clock& clock, Random& random);
  ~RestApi();

  RestReply handle(const RestRequest& request);

 private:
  struct Call;

  RestReply route(const Call& call);
  RestReply route_job(const Call& call);
  RestReply route_vertex(const Call& call, size_t vertex);
  RestReply route_checkpoints(const Call& call);
  RestReply route_worker(const Call& call);
  RestReply cancel(const Call& call);
  RestReply trigger_checkpoint(const Call& call);
  RestReply poll(const std::string& trigger);

  const RestControl control_;
  const RestRules rules_;
  /// Outcomes may arrive after the end of this object.
  const std::shared_ptr<rest::Operations> operations_;
};

}  // namespace weir

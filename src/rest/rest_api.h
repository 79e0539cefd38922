#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/savepoint_request.h"
#include "platform/clock.h"
#include "platform/process_figures.h"
#include "platform/process_text.h"
#include "platform/random.h"
#include "rest/figures_of.h"
#include "rest/job_snapshot.h"
#include "rest/process_pages.h"
#include "rest/request.h"
#include "weir/status.h"

namespace weir {

namespace rest {
class Operations;
enum class Operation;
}  // namespace rest

/// The job, as the REST interface reaches it. All functions may be called on any thread.
struct RestControl {
  /// Null while this process does not lead the job.
  std::function<std::shared_ptr<const JobSnapshot>()> snapshot;
  /// Somebody looks: keep the figures fresh for a while.
  std::function<void()> observe;
  std::function<void()> cancel;
  /// `done` is called on any thread, or never if this process stops leading.
  std::function<void(SnapshotFormat, CheckpointDone done)> trigger_checkpoint;
  /// The same.
  std::function<void(SavepointRequest, CheckpointDone done)> trigger_savepoint;
  /// Continues on this number of slots. `done` is called when the tasks run again; otherwise as
  /// above.
  std::function<void(int slots, std::function<void(const Status&)> done)> rescale;
  /// Removes a savepoint. `done` is called on any thread.
  std::function<void(const std::string& uri, std::function<void(Status)> done)> dispose_savepoint;
  bool has_savepoint_directory = false;  ///< for savepoints whose request names none
  /// What this process uses.
  std::function<ProcessFigures()> own_figures;
  /// A text of this process.
  std::function<std::string(ProcessText)> own_text;
  /// A text of a worker. `done` as above.
  std::function<void(const std::string& worker, ProcessText,
                     std::function<void(const StatusOr<std::string>&)> done)>
      worker_text;
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
  /// Whether a client has not yet been given the outcome of what it has started.
  bool has_unread_outcome() const;

 private:
  struct Call;

  RestReply route(const Call& call);
  RestReply page_status(const Call& call);
  RestReply profile(const Call& call);
  RestReply route_job(const Call& call);
  RestReply route_vertex(const Call& call, size_t vertex);
  RestReply route_checkpoints(const Call& call);
  RestReply route_worker(const Call& call);
  RestReply worker_page(const std::string& worker, const rest::ProcessPage& page, int64_t now_ms);
  std::vector<rest::NamedFigure> coordinator_figures(const JobSnapshot& job) const;
  RestReply cancel(const Call& call);
  RestReply trigger_checkpoint(const Call& call);
  RestReply trigger_savepoint(const Call& call);
  RestReply stop(const Call& call);
  RestReply resource_requirements(const Call& call);
  RestReply rescale(const Call& call);
  RestReply take_savepoint(SavepointRequest request, const std::string& trigger, bool cancels);
  RestReply dispose_savepoint(const Call& call);
  RestReply poll(rest::Operation operation, const std::string& trigger);

  const RestControl control_;
  const RestRules rules_;
  /// Outcomes may arrive after the end of this object.
  const std::shared_ptr<rest::Operations> operations_;
};

}  // namespace weir

#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/job_preparation.h"
#include "cluster/messages.h"
#include "platform/clock.h"

namespace weir {

/// The assigner's view of the job master. Called on its thread.
class SplitAssignerHost {
 public:
  virtual ~SplitAssignerHost() = default;
  /// Of the running attempt.
  virtual int32_t parallelism_of(int32_t vertex) const = 0;
  /// Sends to the worker of that subtask.
  virtual void send_splits(const AssignSplits& message) = 0;
  /// Runs `work` on the executor of that name, then the function that it returns on the job
  /// master's thread. Never runs either from within this call.
  virtual void run_enumerator(const std::string& executor,
                              std::function<std::function<void()>()> work) = 0;
  virtual void on_enumerator_failed(const Status& status) = 0;
};

/// Runs the enumerators of an attempt's sources, and gives the splits that they find to the readers
/// that ask, or to all in turn if the enumerator assigns at once. Each split is here or with a
/// reader. Thread: the job master's; enumerators run on executors of their own. Not here: sources
/// that know all splits at the start, which are dealt with the deployment.
class SplitAssigner {
 public:
  /// All references must outlive this; the graph and the files also outlive blocking work.
  SplitAssigner(const JobGraph& graph, FileSystemRegistry& files, Clock& clock,
                SplitAssignerHost& host)
      : graph_(graph), files_(files), clock_(clock), host_(host) {}

  /// The tasks of an attempt are running.
  void begin(AttemptId attempt, const SourceSplits& start);
  /// The attempt is over: nothing is sent any more, and the results of its discoveries are ignored.
  void end() { sources_.clear(); }

  /// Starts the discoveries that are due. Call it after any other call, and at the time that it
  /// returns.
  MonotonicTime poll(MonotonicTime now);
  void on_request(const RequestSplit& message);
  /// The state of each enumerator after all messages sent so far, for a checkpoint.
  std::map<OperatorId, std::string> states() const;

 private:
  using Enumerator = SplitEnumerator<std::string>;
  struct Source {
    AttemptId attempt = 0;
    int32_t vertex = 0;
    std::string state;
    std::deque<std::string> unassigned;
    bool all_found = false;
    bool at_once = false;                    ///< assign splits to the subtasks in turn
    int32_t next_subtask = 0;                ///< whose turn it is
    std::deque<int32_t> waiting;             ///< subtasks, in the order in which they asked
    std::optional<MonotonicTime> due;        ///< nothing: discovering, or all were found
    MonotonicTime interval;                  ///< the last one that the enumerator asked for
    std::shared_ptr<Enumerator> enumerator;  ///< null: to be restored
  };
  struct Found {
    Discovery<std::string> discovery;
    std::string state;
    bool at_once;  ///< a HybridSource changes its answer when it comes to its last source
    std::shared_ptr<Enumerator> enumerator;
  };

  void discover(Source& source);
  static StatusOr<Found> discover_blocking(const JobVertex& vertex,
                                           std::shared_ptr<Enumerator> enumerator,
                                           const std::string& state, FileSystemRegistry& files);
  void on_discovered(AttemptId attempt, int32_t vertex, StatusOr<Found> found);
  void assign(Source& source);
  void send(const Source& source, int32_t subtask, std::vector<std::string> splits);
  Source* find(AttemptId attempt, int32_t vertex);

  const JobGraph& graph_;
  FileSystemRegistry& files_;
  Clock& clock_;
  SplitAssignerHost& host_;
  std::vector<Source> sources_;  ///< those that find splits while the job runs
};

}  // namespace weir

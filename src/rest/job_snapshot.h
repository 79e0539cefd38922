#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/checkpoint_history.h"
#include "metrics/metric_report.h"

namespace weir {

/// A job as the REST interface shows it: what was known at one moment, in Flink's words. Never
/// changes. Wall-clock times are in ms since 1970; -1: not yet.
struct JobSnapshot {
  struct Operator {
    std::string id;  ///< 32 hex digits
    std::string name;
    std::string description = {};  ///< empty: the name
  };
  struct Vertex {
    std::string id;  ///< that of its first operator
    std::string name;
    int parallelism = 1;
    int max_parallelism = 128;
    bool is_source = false;
    std::vector<Operator> operators;
    int program_parallelism = 1;  ///< with enough slots
  };
  struct Edge {
    int from = 0;
    int to = 0;
    std::string ship_strategy;
  };
  struct Worker {
    std::string id;
    std::string host;
    std::string data_address;  ///< empty: none, because this process is the whole cluster
    int slots = 1;
    int used_slots = 0;
    int64_t last_heard_ms = 0;
    int index = -1;  ///< in the attempt; -1: takes no part
    WorkerFigures figures;
  };
  struct Failure {
    int64_t at_ms = 0;
    std::string message;
    std::string task;  ///< empty: it concerns the whole job
    std::string worker;
  };
  struct CheckpointSettings {
    bool exactly_once = true;
    int64_t interval_ms = 0;
    int64_t timeout_ms = 0;
    int64_t min_pause_ms = 0;
    int max_concurrent = 1;
    int tolerable_failures = 0;
    bool delete_on_cancellation = false;
    bool unaligned = false;
    int64_t aligned_timeout_ms = 0;  ///< before a barrier overtakes
  };

  std::string job_id;  ///< 32 hex digits
  std::string name;
  std::string state;                          ///< Flink's JobStatus
  std::map<std::string, int64_t> entered_ms;  ///< by JobStatus: when it was last entered
  int64_t now_ms = 0;
  int64_t started_ms = 0;
  int64_t ended_ms = -1;
  int64_t restarts = 0;
  std::string restart_strategy;
  int slots_wanted = 0;  ///< the maximum that the job uses; see RestControl::rescale

  std::vector<Vertex> vertices;  ///< in topological order
  std::vector<Edge> edges;
  std::string task_state;  ///< Flink's ExecutionState, the same for all tasks
  int64_t tasks_since_ms = -1;
  std::vector<int32_t> worker_of_shard;  ///< the index of the worker; empty: no attempt
  std::shared_ptr<const AttemptFigures> figures = std::make_shared<const AttemptFigures>();
  std::vector<Worker> workers;
  std::vector<Failure> failures;  ///< newest first
  /// Null if the job takes no checkpoints.
  std::shared_ptr<const CheckpointReport> checkpoints;
  CheckpointSettings checkpoint_settings;
  /// Settings, ordered by key, without secrets.
  std::vector<std::pair<std::string, std::string>> configuration;
};

}  // namespace weir

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/checkpoint_history.h"
#include "rest/job_snapshot.h"

namespace weir::rest {

/// How a service calls itself in OpenTelemetry.
struct OtlpService {
  std::string name;
  std::string version;
};

/// The body of a POST to /v1/metrics of a collector: OTLP with the JSON encoding of protobuf
/// (opentelemetry.io/docs/specs/otlp). Names are "flink.", the scope with dots, and the metric's,
/// as Flink's reporter writes them. Counters are cumulative sums since the attempt began, so that a
/// lost report loses nothing; Flink's are deltas. Histograms are summaries. Pure.
std::string otlp_metrics(const JobSnapshot& job, const OtlpService& service);

/// The body of a POST to /v1/traces: each checkpoint is a trace. Its root span is the checkpoint,
/// below it are spans of each task (until its first barrier, alignment, pause, writing), and of the
/// publication. Times within a task are counted back from its acknowledgement, because clocks of
/// processes differ. `checkpoints`: ended ones. Empty if there are none. Pure.
std::string otlp_spans(const JobSnapshot& job, const std::vector<CheckpointRecord>& checkpoints,
                       const OtlpService& service);

}  // namespace weir::rest

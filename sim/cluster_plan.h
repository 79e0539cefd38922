#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "sim_disk.h"
#include "weir/config.h"

namespace weir::sim {

/// One record of a workload. What it holds follows from the plan, the source and its number alone:
/// see event_of().
struct PlannedEvent {
  int64_t id = 0;  ///< source * kIdsPerSource + number
  int64_t key = 0;
  int64_t value = 0;
  int64_t time = 0;  ///< ms
};
inline constexpr int64_t kIdsPerSource = 1'000'000;
/// A record that comes late has a key of its own, from here on: this plus its id.
inline constexpr int64_t kLateKeys = 1'000'000'000;

enum class SourceKind { kGenerator, kCollection, kFile };
struct SourcePlan {
  SourceKind kind = SourceKind::kGenerator;
  int64_t count = 0;
  double rate = 0;          ///< records a second of virtual time; 0: as fast as it goes
  int64_t split_bytes = 0;  ///< kFile
};

enum class StepKind {
  kMap,
  kFilter,
  kFlatMap,
  kFork,       ///< each record as it is, and changed by a map on another way
  kKeyed,      ///< by another key, through a function that counts it in state and passes it on
  kBroadcast,  ///< to all subtasks, each of which keeps its part
  kBurst,      ///< of one record a source, as many in one call as no channel holds
};
struct StepPlan {
  StepKind kind = StepKind::kMap;
  bool rebalance = false;  ///< in front of it
};

/// What the job does with its records in the end.
enum class Ending {
  kPlain,    ///< writes each record
  kReduce,   ///< count and sum by key; writes each intermediate result
  kTimers,   ///< sums by key and interval in value and map state; writes a line per record and one
             ///< per interval, when its timer fires
  kWindows,  ///< sums by key and tumbling window
  kLists,    ///< the same from all records of a window, kept as they are; the keys are strings
  kAlarms,   ///< counts by key; a timer in processing time writes which records of the key it has
             ///< counted, one at the end of time the rest
};

/// A user function that throws, as planned.
enum class Callback {
  kLast,          ///< the one that counts or writes
  kTimestamp,     ///< the timestamp assigner
  kKey,           ///< a key selector
  kStep,          ///< a map, filter or flat_map on the way
  kOpen,          ///< of a keyed function; belongs to no record
  kCreateReader,  ///< of a source; likewise
  kWriteState,    ///< a serializer, when it writes
  kReadState,     ///< a serializer, when it reads
};
inline constexpr int kCallbacks = 8;
struct Mishap {
  int64_t id = 0;  ///< of the record; 0 if it belongs to none
  Callback at = Callback::kLast;
  auto operator<=>(const Mishap&) const = default;
};

/// What a seed stands for: a job and its input. Stays the same over all restarts.
struct WorkloadPlan {
  uint64_t data_seed = 0;
  std::vector<SourcePlan> sources;
  std::vector<StepPlan> steps;
  Ending ending = Ending::kPlain;
  int64_t keys = 1;
  int64_t window_ms = 100;
  int64_t disorder_ms = 0;  ///< no record is older than the newest before it by more
  size_t padding = 0;       ///< bytes of ballast in each entry of state
  int max_parallelism = 128;
  bool exactly_once = true;
  std::string checkpoint_disk;  ///< "file://" or "hdfs://nn:8020"
  std::string output_disk;
  bool overdue = false;  ///< checkpoints are asked for faster than storage takes them, so that many
                         ///< are given up
  double late = 0;       ///< share of the records that come long after their time
  bool extreme = false;  ///< and some of these have the most extreme timestamps there are
  std::vector<Mishap> throws_at;  ///< once for each entry
};

/// What may differ at each start of the program.
struct SettingsPlan {
  int parallelism = 1;
  int sink_parallelism = 1;
  bool chaining = true;
  int64_t batch_size = 1;
  int64_t channel_capacity = 2;
  int64_t buffer_timeout_ms = 10;
  int64_t watermark_interval_ms = 0;
  int64_t interval_ms = 0;      ///< 0: none by time
  int64_t event_threshold = 0;  ///< 0: none by events
  int64_t min_pause_ms = 0;
  int64_t timeout_ms = 1000;
  int max_concurrent = 1;
  int tolerable_failures = 0;
  int64_t inline_threshold = 0;
  int num_retained = 1;
};

/// What goes wrong in the safety phase.
struct FaultPlan {
  WorldFaults world;
  FileFaults checkpoint_files;
  FileFaults output_files;
  MonotonicTime life_max{0};   ///< processes are killed after up to this; 0: not by time
  int64_t operations_max = 0;  ///< and in the middle of one of so many file operations; 0: not so
  MonotonicTime down_max{0};   ///< until the next start
  double power_loss = 0;       ///< when a process is killed
  double damage = 0;  ///< likewise, and now and then while it runs: a bit of the newest checkpoint
                      ///< turns over, if an older one is retained
  double pause = 0;   ///< of a process, for seconds
  bool pause_at_operation = false;  ///< in the middle of blocking work
  double wall_skew = 0;  ///< the wall clock of a process is off by up to a year, and jumps
  double cancel = 0;     ///< instead of being killed the job is canceled
  double restart_when_finished = 0;
  MonotonicTime phase{0};  ///< how long faults go on
};

/// `wide`: with late records, many keys, more kinds of steps and endings, and exceptions anywhere,
/// in a part of the seeds. Drawn apart, so that the others run the same with and without.
WorkloadPlan draw_workload(SimRandom& random, bool wide);
/// How fast the machines are: slow storage and quick tasks make other races than the reverse.
WorldOptions draw_world(const WorkloadPlan& workload, SimRandom& random);
SettingsPlan draw_settings(const WorkloadPlan& workload, const SettingsPlan* before,
                           SimRandom& random);
FaultPlan draw_faults(const WorkloadPlan& workload, SimRandom& random);

PlannedEvent event_of(const WorkloadPlan& plan, size_t source, int64_t number);
/// A step's user function: the records that come of `event`. `copy` numbers those that a flat_map
/// makes.
std::vector<PlannedEvent> apply_step(const StepPlan& step, size_t index, const PlannedEvent& event);

/// A line for people: what a failing seed ran.
std::string describe(const WorkloadPlan& plan);
std::string describe(const SettingsPlan& plan);

}  // namespace weir::sim

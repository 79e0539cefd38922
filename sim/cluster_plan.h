#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "sim_disk.h"
#include "weir/config.h"

namespace weir::sim {

/// One record of a workload. The plan, the source and the number determine its contents: see
/// event_of().
struct PlannedEvent {
  int64_t id = 0;  ///< source * kIdsPerSource + number
  int64_t key = 0;
  int64_t value = 0;
  int64_t time = 0;  ///< ms
};
inline constexpr int64_t kIdsPerSource = 1'000'000;
/// Each late record has a key of its own: kLateKeys plus its id.
inline constexpr int64_t kLateKeys = 1'000'000'000;

enum class SourceKind {
  kGenerator,
  kCollection,
  kFile,
  kTrickle,  ///< splits appear while the job runs
  kSilent,   ///< is idle most of the time, and has the newest records
};
struct SourcePlan {
  SourceKind kind = SourceKind::kGenerator;
  int64_t count = 0;
  double rate = 0;          ///< records a second of virtual time; 0: no limit
  int64_t split_bytes = 0;  ///< kFile
  // kTrickle: a discovery finds this many splits of this size, and another follows.
  int64_t splits_at_once = 0;
  int64_t split_records = 0;  ///< also kSilent
  int64_t discover_ms = 0;
  int64_t idle_ms = 0;  ///< kSilent: how long until it counts as idle
};

enum class StepKind {
  kMap,
  kFilter,
  kFlatMap,
  kFork,       ///< each record twice: unchanged, and changed by a map on a second path
  kKeyed,      ///< counts records by another key in state, and forwards them
  kBroadcast,  ///< to all subtasks, each of which keeps its part
  kBurst,      ///< one record a source becomes more records in one call than a channel holds
  kJoin,       ///< results and a side output of one function, joined by an operator of two inputs
  // Each record comes by two ways, and goes on when it has come by both.
  kAnnounced,         ///< by key, and broadcast
  kAnnouncedInLists,  ///< the same without keys, in list state of the function
  kIntervalJoin,
  kWindowJoin,
};
struct StepPlan {
  StepKind kind = StepKind::kMap;
  bool rebalance = false;  ///< before the step
};

/// How the job ends: what it computes from its records and writes.
enum class Ending {
  kPlain,   ///< writes each record
  kReduce,  ///< count and sum by key; writes each intermediate result
  kTimers,  ///< sums by key and interval in value and map state; writes a line for each record, and
            ///< one for each interval when its timer fires
  kWindows,  ///< sums by key and tumbling window
  kLists,    ///< the same, from a list of all records of a window; the keys are strings
  kAlarms,   ///< counts by key; a processing-time timer writes which records of the key it has
             ///< counted, and a timer at the end of time writes the rest
};

/// A user function that the plan lets throw.
enum class Callback {
  kLast,          ///< the function that counts or writes
  kTimestamp,     ///< the timestamp assigner
  kKey,           ///< a key selector
  kStep,          ///< a map, filter or flat_map before the ending
  kOpen,          ///< open() of a keyed function; belongs to no record
  kCreateReader,  ///< create_reader() of a source; belongs to no record
  kWriteState,    ///< a serializer, on write
  kReadState,     ///< a serializer, on read
  kDiscover,      ///< an enumerator, when it would find this record
};
inline constexpr int kCallbacks = 8;  ///< that belong to any workload
struct Mishap {
  int64_t id = 0;  ///< the record's id; 0 if it belongs to none
  Callback at = Callback::kLast;
  auto operator<=>(const Mishap&) const = default;
};

/// A job and its input, as a seed draws them. Stays the same over all restarts.
struct WorkloadPlan {
  uint64_t data_seed = 0;
  std::vector<SourcePlan> sources;
  std::vector<StepPlan> steps;
  Ending ending = Ending::kPlain;
  int64_t keys = 1;
  int64_t window_ms = 100;
  int64_t disorder_ms = 0;  ///< maximum lag of a record behind the newest time before it
  int64_t drift_ms = 0;     ///< the sources are aligned with this drift; 0: they are not
  size_t padding = 0;       ///< bytes of ballast in each state entry
  int max_parallelism = 128;
  bool exactly_once = true;
  std::string checkpoint_disk;  ///< "file://" or "hdfs://nn:8020"
  std::string output_disk;
  bool overdue = false;   ///< checkpoints are triggered faster than storage takes them, so many are
                          ///< aborted
  double late = 0;        ///< share of records that arrive long after their time
  int64_t buckets = 0;    ///< directories of the output; 0: files in one directory
  int64_t part_size = 0;  ///< bytes at which a file of the output is ended; 0: by checkpoints only
  bool extreme = false;   ///< some late records have the most extreme timestamps
  int most_concurrent = 2;        ///< checkpoints
  std::vector<Mishap> throws_at;  ///< one exception for each entry
};

/// Settings that may differ at each start of the program.
struct SettingsPlan {
  int parallelism = 1;
  int sink_parallelism = 1;
  bool chaining = true;
  int64_t batch_size = 1;
  int64_t channel_capacity = 2;
  int64_t buffer_timeout_ms = 10;
  int64_t watermark_interval_ms = 0;
  int64_t interval_ms = 0;      ///< 0: not by time
  int64_t event_threshold = 0;  ///< 0: not by events
  int64_t min_pause_ms = 0;
  int64_t timeout_ms = 1000;
  int max_concurrent = 1;
  int tolerable_failures = 0;
  int64_t inline_threshold = 0;
  int num_retained = 1;
  bool incremental = false;
  bool compressed = false;
  bool delete_when_canceled = false;  ///< all checkpoints
  int64_t overtake_ms = -1;           ///< barriers overtake after this time; -1: never
};

/// The faults of the safety phase.
struct FaultPlan {
  WorldFaults world;
  FileFaults checkpoint_files;
  FileFaults output_files;
  MonotonicTime life_max{0};   ///< maximum time until a process is killed; 0: not by time
  int64_t operations_max = 0;  ///< a process is killed within one of its first operations_max file
                               ///< operations; 0: not by operations
  MonotonicTime down_max{0};   ///< until the next start
  double power_loss = 0;       ///< chance, when a process is killed
  double damage = 0;  ///< chance, when a process is killed and now and then while it runs: a bit of
                      ///< the newest checkpoint flips, if an older one is retained
  double pause = 0;   ///< chance that a process pauses for seconds
  bool pause_at_operation = false;  ///< the pause begins within blocking work
  double wall_skew = 0;  ///< chance that a process's wall clock is off by up to a year, and jumps
  double cancel = 0;     ///< chance that the job is canceled instead of killed
  double restart_when_finished = 0;
  MonotonicTime phase{0};  ///< how long faults happen
};

/// How starts of the program follow one another, besides by death and `--from latest`. All are
/// chances.
struct StartsPlan {
  double overlap = 0;        ///< the program is started again while it runs, and both go on
  double at_once = 0;        ///< it is started twice at the same time
  double pause_earlier = 0;  ///< the earlier one pauses then
  MonotonicTime pause_max{0};
  double kill_earlier = 0;    ///< at each look
  double cancel_earlier = 0;  ///< at each look; some delete all checkpoints then
  double go_back = 0;         ///< a start is given a retained checkpoint by its path
  int num_retained = 0;       ///< of all starts; only with go_back
  double abandoned = 0;       ///< a start is given an abandoned checkpoint, and must refuse it

  bool any() const { return overlap > 0 || at_once > 0 || go_back > 0; }
};

/// `wide`: some seeds have late records, many keys, more kinds of steps and endings, and exceptions
/// anywhere. These are drawn from a separate generator, so that the other seeds run the same with
/// and without `wide`.
WorkloadPlan draw_workload(SimRandom& random, bool wide);
/// How fast the machines are. Slow storage with fast tasks makes other races than fast storage with
/// slow tasks.
WorldOptions draw_world(const WorkloadPlan& workload, SimRandom& random);
SettingsPlan draw_settings(const WorkloadPlan& workload, const SettingsPlan* before,
                           SimRandom& random);
FaultPlan draw_faults(const WorkloadPlan& workload, SimRandom& random);
/// Drawn from a separate generator, and only for some seeds.
StartsPlan draw_starts(const WorkloadPlan& workload, const FaultPlan& faults, bool wide);

PlannedEvent event_of(const WorkloadPlan& plan, size_t source, int64_t number);
/// A step's user function: the records that `event` becomes. `copy` numbers the records that a
/// flat_map makes.
std::vector<PlannedEvent> apply_step(const StepPlan& step, size_t index, const PlannedEvent& event);

/// One line for the test's output: the job of a failing seed.
std::string describe(const WorkloadPlan& plan);
std::string describe(const SettingsPlan& plan);

}  // namespace weir::sim

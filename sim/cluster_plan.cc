#include "cluster_plan.h"

#include <algorithm>

#include "base/strings.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Mostly 0, otherwise up to `most`. Seeds with one kind of fault find other mistakes than seeds
/// with all kinds.
double sometimes(SimRandom& random, double most) {
  if (!random.chance(0.35)) return 0;
  return most * static_cast<double>(1 + random.below(100)) / 100;
}

int64_t one_of(SimRandom& random, std::initializer_list<int64_t> values) {
  return values.begin()[random.below(values.size())];
}

FileFaults draw_file_faults(SimRandom& random) {
  FileFaults faults;
  faults.fail_read = sometimes(random, 0.03);
  faults.fail_before = sometimes(random, 0.05);
  faults.fail_after = sometimes(random, 0.05);
  faults.torn_append = sometimes(random, 0.05);
  faults.cut_close = sometimes(random, 0.05);
  if (random.chance(0.25)) {
    faults.outage_gap = milliseconds(random.between(500, 10000));
    faults.outage_max = milliseconds(random.between(10, 3000));
  }
  return faults;
}

}  // namespace

WorldOptions draw_world(const WorkloadPlan& workload, SimRandom& random) {
  WorldOptions options;
  options.step_max = std::chrono::microseconds(one_of(random, {5, 50, 50, 500}));
  options.message_max = std::chrono::microseconds(one_of(random, {10, 2000, 2000, 50000}));
  options.io_max = milliseconds(workload.overdue ? 300 : one_of(random, {1, 10, 10, 50, 300}));
  return options;
}

namespace {

// Eight batches of a Collector. Most channels hold fewer.
constexpr int64_t kBurstAt = 17;
constexpr size_t kBurstRecords = 8192;

/// Thousands of keys, so that state has many pages.
void draw_many_keys(WorkloadPlan& plan, SimRandom& random) {
  plan.keys = random.between(1000, 4000);
  for (SourcePlan& source : plan.sources) {
    source.count = random.between(1000, 5000);
    source.rate =
        static_cast<double>(source.count) * 1000 / static_cast<double>(random.between(1000, 4000));
    source.split_bytes *= 10;
  }
  plan.padding = std::min<size_t>(plan.padding, 50);
}

bool in_event_time(Ending ending) {
  return ending == Ending::kTimers || ending == Ending::kWindows || ending == Ending::kLists;
}

void widen(WorkloadPlan& plan, SimRandom& random) {
  if (random.chance(0.15)) plan.ending = Ending::kAlarms;
  for (StepPlan& step : plan.steps) {
    if (random.chance(0.3))
      step.kind = random.chance(0.6) ? StepKind::kKeyed : StepKind::kBroadcast;
  }
  if (plan.steps.empty() && random.chance(0.5))
    plan.steps.push_back({StepKind::kKeyed, random.chance(0.3)});
  if (random.chance(0.04)) draw_many_keys(plan, random);
  if (plan.exactly_once && random.chance(0.4)) {
    plan.late = 0.01 * static_cast<double>(random.between(1, 10));
    plan.extreme = random.chance(0.5);
  }
  for (Mishap& mishap : plan.throws_at) {
    mishap.at = static_cast<Callback>(random.below(kCallbacks));
    if (mishap.at == Callback::kCreateReader || mishap.at == Callback::kOpen) mishap.id = 0;
  }
}

/// One source finds its splits while the job runs.
void draw_trickle(WorkloadPlan& plan, SimRandom& random) {
  const size_t index = random.below(plan.sources.size());
  SourcePlan& source = plan.sources[index];
  source.kind = SourceKind::kTrickle;
  source.splits_at_once = one_of(random, {1, 1, 4, 20});
  source.split_records = std::max<int64_t>(1, source.count / random.between(5, 60));
  const int64_t discoveries = source.count / (source.splits_at_once * source.split_records) + 1;
  source.discover_ms = std::max<int64_t>(1, random.between(100, 4000) / discoveries);
  const int64_t number = source.split_records * source.splits_at_once;
  if (random.chance(0.3) && number < source.count)
    plan.throws_at.push_back({number, Callback::kDiscover});
}

/// One more source, for which event time must not wait.
void draw_silent(WorkloadPlan& plan, SimRandom& random) {
  SourcePlan source;
  source.kind = SourceKind::kSilent;
  source.count = random.between(3, 12);
  source.split_records = random.between(1, 4);
  source.idle_ms = one_of(random, {1, 10, 50});
  plan.sources.push_back(source);
}

}  // namespace

WorkloadPlan draw_workload(SimRandom& random, bool wide) {
  WorkloadPlan plan;
  plan.data_seed = random.next();
  const size_t sources = random.chance(0.3) ? 2 : 1;
  for (size_t i = 0; i < sources; ++i) {
    SourcePlan source;
    source.kind = static_cast<SourceKind>(random.below(3));
    source.count = random.between(20, 300);
    if (random.chance(0.85))
      source.rate =
          static_cast<double>(source.count) * 1000 / static_cast<double>(random.between(200, 4000));
    source.split_bytes = random.between(200, 4000);
    plan.sources.push_back(source);
  }
  plan.ending = static_cast<Ending>(random.below(5));
  const size_t steps = random.below(4);
  for (size_t i = 0; i < steps; ++i)
    plan.steps.push_back({static_cast<StepKind>(random.below(4)), random.chance(0.3)});
  plan.keys = random.between(1, 24);
  plan.window_ms = one_of(random, {20, 50, 100, 500});
  plan.disorder_ms = one_of(random, {0, 0, 20, 200});
  plan.padding = random.chance(0.5) ? 0 : random.below(400);
  plan.max_parallelism = static_cast<int>(one_of(random, {4, 5, 8, 128}));
  plan.exactly_once = !random.chance(0.1);
  plan.overdue = random.chance(0.15);
  plan.checkpoint_disk = random.chance(0.5) ? "file://" : "hdfs://nn:8020";
  plan.output_disk = random.chance(0.5) ? "file://" : "hdfs://nn:8020";
  if (random.chance(0.4)) {
    for (int64_t i = random.between(1, 3); i > 0; --i) {
      const size_t source = random.below(plan.sources.size());
      plan.throws_at.push_back({static_cast<int64_t>(source) * kIdsPerSource +
                                random.between(0, plan.sources[source].count - 1)});
    }
  }
  SimRandom apart(splitmix_output(plan.data_seed ^ 0x71de));
  if (wide && apart.chance(0.6)) widen(plan, apart);
  SimRandom bursts(splitmix_output(plan.data_seed ^ 0xb057));
  if (wide && plan.ending != Ending::kAlarms && plan.late == 0 && bursts.chance(0.12))
    plan.steps.push_back({StepKind::kBurst, bursts.chance(0.5)});
  SimRandom trickles(splitmix_output(plan.data_seed ^ 0x721c));
  if (wide && trickles.chance(0.3)) draw_trickle(plan, trickles);
  SimRandom files(splitmix_output(plan.data_seed ^ 0xf11e));
  if (wide && files.chance(0.3)) {
    plan.buckets = files.chance(0.8) ? files.between(1, 12) : 0;
    if (plan.buckets == 0 || files.chance(0.6)) plan.part_size = one_of(files, {1, 50, 500});
  }
  SimRandom joins(splitmix_output(plan.data_seed ^ 0x101e));
  if (wide && joins.chance(0.15)) plan.steps.push_back({StepKind::kJoin, joins.chance(0.5)});
  SimRandom silents(splitmix_output(plan.data_seed ^ 0x51e7));
  if (wide && plan.exactly_once && in_event_time(plan.ending) && silents.chance(0.25))
    draw_silent(plan, silents);
  SimRandom drifts(splitmix_output(plan.data_seed ^ 0xd21f));
  if (wide && plan.sources.size() > 1 && drifts.chance(0.4))
    plan.drift_ms = one_of(drifts, {1, 50, 500});
  SimRandom pairs(splitmix_output(plan.data_seed ^ 0x9a125));
  // First, because the ids are unique there. A join by time drops late records.
  if (wide && plan.sources.back().kind != SourceKind::kSilent && pairs.chance(0.4)) {
    const auto kind = static_cast<int>(StepKind::kAnnounced) +
                      static_cast<int>(pairs.below(plan.late > 0 ? 2 : 4));
    plan.steps.insert(plan.steps.begin(), {static_cast<StepKind>(kind), pairs.chance(0.5)});
  }
  if (wide) plan.most_concurrent = 4;
  return plan;
}

namespace {

/// Half of the seeds take unaligned checkpoints, at most starts: drawn from a separate generator,
/// so that the other seeds run as before.
void draw_overtaking(const WorkloadPlan& workload, SettingsPlan& settings) {
  SimRandom seed(splitmix_output(workload.data_seed ^ 0x0e7a));
  if (!workload.exactly_once || !seed.chance(0.55)) return;
  SimRandom start(splitmix_output(workload.data_seed ^ 0x0e7b) +
                  static_cast<uint64_t>(1000 * settings.interval_ms + settings.event_threshold +
                                        settings.timeout_ms));
  if (start.chance(0.1)) return;
  settings.overtake_ms = one_of(start, {0, 0, 0, 1, 10, 100});
  settings.max_concurrent = 1;
}

}  // namespace

SettingsPlan draw_settings(const WorkloadPlan& workload, const SettingsPlan* before,
                           SimRandom& random) {
  SettingsPlan plan;
  plan.parallelism = static_cast<int>(random.between(1, 4));
  if (before != nullptr && random.chance(0.5)) plan.parallelism = before->parallelism;
  plan.sink_parallelism =
      random.chance(0.8) ? plan.parallelism : static_cast<int>(random.between(1, 4));
  plan.chaining = random.chance(0.7);
  plan.batch_size = one_of(random, {1, 2, 7, 16, 64});
  plan.channel_capacity = random.between(2, 8);
  plan.buffer_timeout_ms = one_of(random, {0, 1, 10, 100});
  plan.watermark_interval_ms = one_of(random, {0, 5, 50});
  if (random.chance(0.7)) plan.interval_ms = random.between(10, 400);
  if (plan.interval_ms == 0 || random.chance(0.3)) plan.event_threshold = random.between(5, 100);
  plan.min_pause_ms = random.chance(0.8) ? 0 : random.between(1, 100);
  plan.timeout_ms = one_of(random, {50, 500, 5000, 30000});
  plan.max_concurrent = static_cast<int>(random.between(1, workload.most_concurrent));
  plan.tolerable_failures = static_cast<int>(one_of(random, {0, 1, 3, 100, 100}));
  plan.inline_threshold = one_of(random, {0, 100, 1000, 20480});
  plan.num_retained = static_cast<int>(random.between(1, 3));
  if (workload.overdue) {
    plan.interval_ms = random.between(10, 60);
    plan.timeout_ms = one_of(random, {100, 200, 400});
    plan.tolerable_failures = 100;
    plan.inline_threshold = random.chance(0.8) ? 20480 : 0;
  }
  // Drawn from a separate generator, so that the other seeds run as before.
  SimRandom modes(splitmix_output(workload.data_seed ^ 0x1c4e ^
                                  static_cast<uint64_t>(plan.batch_size * 8 + plan.parallelism)));
  plan.incremental = modes.chance(1.0 / 3);
  // State inside `_metadata` has no layers.
  if (plan.incremental) plan.inline_threshold = one_of(modes, {0, 0, 0, 100});
  plan.compressed = modes.chance(0.25);
  draw_overtaking(workload, plan);
  return plan;
}

FaultPlan draw_faults(const WorkloadPlan& workload, SimRandom& random) {
  FaultPlan plan;
  plan.phase = milliseconds(random.between(500, 12000));
  plan.down_max = milliseconds(one_of(random, {1, 100, 7000}));
  plan.restart_when_finished = 0.3;
  if (random.chance(0.1)) return plan;  // no faults
  plan.world.actor_stall = sometimes(random, 0.002);
  plan.world.slow_io = sometimes(random, 0.05);
  plan.world.slow_io_max = seconds(random.between(1, 10));
  plan.world.kill_at_file_operation = sometimes(random, 0.004);
  if (random.chance(0.5)) plan.world.late_effect = 0.5;
  if (random.chance(0.5)) plan.checkpoint_files = draw_file_faults(random);
  if (random.chance(0.5)) plan.output_files = draw_file_faults(random);
  if (random.chance(0.6)) plan.life_max = milliseconds(random.between(50, 4000));
  if (random.chance(0.4))
    plan.operations_max = random.chance(0.3) ? random.between(10, 100) : random.between(100, 2000);
  plan.power_loss = sometimes(random, 0.5);
  plan.damage = sometimes(random, 0.3);
  plan.pause = sometimes(random, 0.5);
  // Drawn from a separate generator, so that a seed runs the same with and without pauses in
  // blocking work: see RunOptions.
  SimRandom rests(splitmix_output(workload.data_seed ^ 0x4e57));
  if (rests.chance(0.5)) {
    // Either each operation takes a short time, or a few operations take very long.
    const bool each = rests.chance(0.5);
    plan.world.slow_operation = each ? 1 : static_cast<double>(rests.between(1, 50)) / 1000;
    plan.world.slow_operation_max =
        milliseconds(each ? one_of(rests, {1, 5, 50}) : one_of(rests, {500, 5000, 20000}));
  }
  plan.pause_at_operation = rests.chance(0.5);
  plan.wall_skew = sometimes(random, 0.5);
  plan.cancel = sometimes(random, 0.3);
  // A job can't survive this combination: the newer checkpoint is damaged while the request to
  // delete the older one is still in flight.
  if (plan.damage > 0) plan.world.late_effect = 0;
  return plan;
}

StartsPlan draw_starts(const WorkloadPlan& workload, const FaultPlan& faults, bool wide) {
  StartsPlan plan;
  SimRandom random(splitmix_output(workload.data_seed ^ 0x57a27));
  // A damaged checkpoint may be the only one that is left of a line.
  if (!wide || !workload.exactly_once || faults.damage > 0 || !random.chance(0.4)) return plan;
  if (random.chance(0.7)) {
    plan.overlap = random.chance(0.5) ? 0.3 : 0.9;
    plan.at_once = sometimes(random, 0.5);
    plan.pause_earlier = random.chance(0.7) ? 0.7 : 0;
    plan.pause_max = milliseconds(one_of(random, {50, 1000, 5000, 30000}));
    plan.kill_earlier = sometimes(random, 0.05);
    plan.cancel_earlier = sometimes(random, 0.05);
  }
  if (random.chance(0.6)) {
    plan.go_back = random.chance(0.5) ? 0.3 : 0.7;
    plan.num_retained = static_cast<int>(random.between(2, 5));
    plan.abandoned = sometimes(random, 0.3);
  }
  return plan;
}

namespace {

/// Any time where the ending doesn't use event time; otherwise only times that don't advance it.
int64_t extreme_time(Ending ending, uint64_t chance) {
  static constexpr int64_t kTimes[] = {-1,        INT64_MIN + 1, INT64_MIN + 2, INT64_MIN + 1000,
                                       INT64_MIN, INT64_MAX,     INT64_MAX - 1, INT64_MAX - 1000};
  return kTimes[chance % (in_event_time(ending) ? 4 : 8)];
}

}  // namespace

/// Later than the records of all other sources.
constexpr int64_t kSilentTime = 10'000'000;

PlannedEvent event_of(const WorkloadPlan& plan, size_t source, int64_t number) {
  const uint64_t bits = splitmix_output(
      plan.data_seed +
      (source * kIdsPerSource + static_cast<uint64_t>(number) + 1) * kSplitmixGamma);
  PlannedEvent event;
  event.id = static_cast<int64_t>(source) * kIdsPerSource + number;
  event.key = static_cast<int64_t>(bits % static_cast<uint64_t>(plan.keys));
  event.value = static_cast<int64_t>((bits >> 16) % 1000);
  event.time = 10 * number;
  if (plan.sources[source].kind == SourceKind::kSilent) {
    event.key = kLateKeys + event.id;
    event.time += kSilentTime;
  }
  if (plan.disorder_ms > 0)
    event.time += static_cast<int64_t>((bits >> 32) % static_cast<uint64_t>(plan.disorder_ms + 1));
  const uint64_t chance = splitmix_output(bits ^ 0x1a7e);
  if (plan.late > 0 && static_cast<double>(chance % 1000) < 1000 * plan.late) {
    event.key = kLateKeys + event.id;
    event.time -= 5000;
    if (plan.extreme && chance % 3 == 0) event.time = extreme_time(plan.ending, chance / 3);
  }
  return event;
}

std::vector<PlannedEvent> apply_step(const StepPlan& step, size_t index,
                                     const PlannedEvent& event) {
  PlannedEvent changed = event;
  switch (step.kind) {
    case StepKind::kMap:
      changed.value = (event.value * 7 + static_cast<int64_t>(index) + 1) % 1009;
      return {changed};
    case StepKind::kFilter:
      if ((event.value + event.id) % 5 == 0) return {};
      return {changed};
    case StepKind::kFlatMap: {
      std::vector<PlannedEvent> copies;
      for (int64_t copy = 0; copy < event.value % 3; ++copy) {
        changed.value = (event.value * 2 + copy) % 1009;
        copies.push_back(changed);
      }
      return copies;
    }
    case StepKind::kBurst:
      return std::vector<PlannedEvent>(event.id % kIdsPerSource == kBurstAt ? kBurstRecords : 1,
                                       changed);
    case StepKind::kFork: changed.value = (event.value + 500) % 1009; return {event, changed};
    case StepKind::kKeyed:
    case StepKind::kJoin:
    case StepKind::kBroadcast:
    case StepKind::kAnnounced:
    case StepKind::kAnnouncedInLists:
    case StepKind::kIntervalJoin:
    case StepKind::kWindowJoin: return {event};
  }
  return {};
}

std::string describe(const WorkloadPlan& plan) {
  static constexpr const char* kSources[] = {"generator", "collection", "file", "trickle",
                                             "silent"};
  static constexpr const char* kSteps[] = {
      "map",           "filter",     "flat_map", "fork",      "keyed",
      "broadcast",     "burst",      "join",     "announced", "announced_in_lists",
      "interval_join", "window_join"};
  static constexpr const char* kEndings[] = {"plain",   "reduce", "timers",
                                             "windows", "lists",  "alarms"};
  static constexpr const char* kCallbackNames[] = {"the last function",
                                                   "the timestamp assigner",
                                                   "a key selector",
                                                   "a step",
                                                   "open",
                                                   "create_reader",
                                                   "a serializer that writes",
                                                   "a serializer that reads",
                                                   "an enumerator"};
  std::string text;
  for (const SourcePlan& source : plan.sources) {
    text += cat(text.empty() ? "" : " + ", kSources[static_cast<int>(source.kind)], '(',
                source.count, ", ", static_cast<int64_t>(source.rate), "/s)");
  }
  for (const StepPlan& step : plan.steps)
    text += cat(step.rebalance ? " ~> " : " -> ", kSteps[static_cast<int>(step.kind)]);
  text += cat(" -> ", kEndings[static_cast<int>(plan.ending)], " -> files; ", plan.keys,
              " keys, max parallelism ", plan.max_parallelism, ", window ", plan.window_ms,
              " ms, disorder ", plan.disorder_ms, " ms, drift ", plan.drift_ms, " ms, padding ",
              plan.padding, plan.exactly_once ? ", exactly once" : ", at least once",
              ", checkpoints on ", plan.checkpoint_disk, ", output on ", plan.output_disk,
              plan.overdue ? ", checkpoints overdue" : "");
  if (plan.buckets > 0) text += cat(", ", plan.buckets, " buckets");
  if (plan.part_size > 0) text += cat(", files of ", plan.part_size, " bytes");
  if (plan.late > 0)
    text +=
        cat(", ", static_cast<int>(100 * plan.late), " % late", plan.extreme ? ", extreme" : "");
  for (const Mishap& mishap : plan.throws_at)
    text += cat(", ", kCallbackNames[static_cast<int>(mishap.at)], " throws at ", mishap.id);
  return text;
}

std::string describe(const SettingsPlan& plan) {
  return cat("parallelism ", plan.parallelism, ", sink ", plan.sink_parallelism,
             plan.chaining ? "" : ", no chaining", ", batch ", plan.batch_size, ", capacity ",
             plan.channel_capacity, ", interval ", plan.interval_ms, " ms, threshold ",
             plan.event_threshold, ", timeout ", plan.timeout_ms, " ms, concurrent ",
             plan.max_concurrent, ", tolerable ", plan.tolerable_failures, ", inline ",
             plan.inline_threshold, ", retained ", plan.num_retained,
             plan.incremental ? ", incremental" : "", plan.compressed ? ", compressed" : "",
             plan.delete_when_canceled ? ", none when canceled" : "",
             plan.overtake_ms < 0 ? std::string()
                                  : cat(", barriers overtake after ", plan.overtake_ms, " ms"));
}

}  // namespace weir::sim

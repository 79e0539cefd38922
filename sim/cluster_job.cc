#include "cluster_job.h"

#include <stdexcept>

#include "base/status_macros.h"
#include "base/strings.h"
#include "cluster_events.h"
#include "cluster_silent.h"
#include "cluster_trickle.h"
#include "graph/build_job_graph.h"
#include "weir/connector/file_sink.h"
#include "weir/connector/file_source.h"
#include "weir/connector/generator_source.h"
#include "weir/detail/base/check.h"
#include "weir/detail/connector/collection_source.h"
#include "weir/detail/connector/source_operator.h"
#include "weir/detail/connector/split_codec.h"
#include "weir/stream/environment.h"

namespace weir::sim {
namespace {

using Graph = std::shared_ptr<detail::StreamGraph>;

std::string input_path(size_t source) { return cat(kInputDirectory, "/events-", source, ".txt"); }

std::string line_of(const Event& event) {
  return cat(event.id, ' ', event.key, ' ', event.value, ' ', event.time);
}

Event event_of_line(std::string_view line) {
  const auto words = split(line, ' ');
  if (words.size() != 4) throw std::runtime_error("a line of the input has not four numbers");
  const auto number = [&](size_t i) {
    return static_cast<int64_t>(std::stoll(std::string(words[i])));
  };
  return {number(0), number(1), number(2), number(3)};
}

template <class SourceT>
DataStream<Event> add_source(const Graph& graph, SourceT source, const WorkloadPlan& plan,
                             const std::shared_ptr<Mishaps>& mishaps, size_t index) {
  auto strategy = for_bounded_out_of_orderness<Event>(std::chrono::milliseconds(plan.disorder_ms))
                      .with_timestamp_assigner([mishaps](const Event& e) {
                        throw_if_due(*mishaps, e.id, Callback::kTimestamp);
                        return e.time;
                      });
  if (const int64_t idle_ms = plan.sources[index].idle_ms; idle_ms > 0)
    strategy = strategy.with_idleness(std::chrono::milliseconds(idle_ms));
  if (plan.drift_ms > 0) {
    strategy = strategy.with_watermark_alignment("all", std::chrono::milliseconds(plan.drift_ms),
                                                 std::chrono::milliseconds(10));
  }
  const auto shared = std::make_shared<const SourceT>(std::move(source));
  detail::StreamNode node;
  node.name = "events";
  node.uid = cat("source-", index);
  node.make_enumerator = detail::enumerator_factory(shared);
  node.factory = [shared, strategy,
                  mishaps](const detail::OperatorSettings& operators) -> std::unique_ptr<Operator> {
    throw_if_due(*mishaps, 0, Callback::kCreateReader);
    return std::make_unique<detail::SourceReaderOperator<Event>>(
        detail::untyped(shared->create_reader()), strategy, operators);
  };
  node.alignment = strategy.alignment();
  if (plan.sources[index].kind == SourceKind::kCollection) node.parallelism = 1;
  return SingleOutputStreamOperator<Event>::add(graph, std::move(node));
}

DataStream<Event> add_source(const Graph& graph, const WorkloadPlan& plan,
                             const std::shared_ptr<Mishaps>& mishaps, const Watched& watched,
                             size_t index) {
  const SourcePlan& source = plan.sources[index];
  switch (source.kind) {
    case SourceKind::kGenerator:
      return add_source(graph,
                        GeneratorSource<Event>(source.count,
                                               [plan, index](int64_t i) {
                                                 return Event::of(event_of(plan, index, i));
                                               })
                            .rate(source.rate),
                        plan, mishaps, index);
    case SourceKind::kCollection: {
      std::vector<Event> events;
      for (int64_t i = 0; i < source.count; ++i)
        events.push_back(Event::of(event_of(plan, index, i)));
      return add_source(graph, detail::CollectionSource<Event>(std::move(events)), plan, mishaps,
                        index);
    }
    case SourceKind::kTrickle:
      return add_source(graph, TrickleSource(plan, index, mishaps), plan, mishaps, index);
    case SourceKind::kSilent:
      return add_source(graph, SilentSource(plan, index, watched), plan, mishaps, index);
    case SourceKind::kFile: break;
  }
  auto file = FileSource<Event>::lines(cat("file://", input_path(index)), event_of_line);
  file.rate(source.rate).split_bytes(source.split_bytes).chunk_bytes(512);
  return add_source(graph, std::move(file), plan, mishaps, index);
}

DataStream<Event> add_sources(const Graph& graph, const WorkloadPlan& plan,
                              const std::shared_ptr<Mishaps>& mishaps) {
  const auto watched = std::make_shared<bool>(false);
  DataStream<Event> events = add_source(graph, plan, mishaps, watched, 0);
  for (size_t i = 1; i < plan.sources.size(); ++i)
    events = events.union_with(add_source(graph, plan, mishaps, watched, i));
  if (plan.sources.back().kind != SourceKind::kSilent) return events;
  return events.rebalance()
      .transform<Event>("watch", [watched] { return std::make_unique<Watch>(watched); })
      .uid("watch");
}

/// Receives all records (broadcast), and each subtask keeps only its own part.
class KeepOwnPart final : public Operator {
 public:
  Status open(OperatorContext& context) override {
    subtask_ = context.subtask();
    parallelism_ = context.parallelism();
    return {};
  }
  void process(Batch& batch, Output& out) override {
    auto& in = static_cast<BatchOf<Event>&>(batch);
    BatchOf<Event> kept;
    for (size_t i = 0; i < in.records.size(); ++i) {
      if (in.records[i].id % parallelism_ == subtask_) kept.add(in.records[i], in.timestamp(i));
    }
    if (!kept.empty()) out.emit(kept);
  }

 private:
  int subtask_ = 0;
  int parallelism_ = 1;
};

DataStream<Event> add_step(const DataStream<Event>& input, const WorkloadPlan& plan,
                           const std::shared_ptr<Mishaps>& mishaps, size_t index) {
  const StepPlan step = plan.steps[index];
  DataStream<Event> from = step.rebalance ? input.rebalance() : input;
  const std::string uid = cat("step-", index);
  const auto made = [step, index, mishaps](const Event& e) {
    throw_if_due(*mishaps, e.id, Callback::kStep);
    return apply_step(step, index, e.planned());
  };
  switch (step.kind) {
    case StepKind::kMap:
      return from.map([made](const Event& e) { return Event::of(made(e).at(0)); }).uid(uid);
    case StepKind::kFilter:
      return from.filter([made](const Event& e) { return !made(e).empty(); }).uid(uid);
    case StepKind::kFlatMap:
    case StepKind::kBurst:
      return from
          .flat_map([made](const Event& e, Collector<Event>& out) {
            for (const PlannedEvent& each : made(e)) out.collect(Event::of(each));
          })
          .uid(uid);
    case StepKind::kFork:
      return input.union_with(
          from.map([made](const Event& e) { return Event::of(made(e).at(1)); }).uid(uid));
    case StepKind::kKeyed: return add_keyed_step(from, uid, mishaps);
    case StepKind::kJoin: return add_join_step(input, uid, step.rebalance, mishaps);
    case StepKind::kAnnounced:
    case StepKind::kAnnouncedInLists:
    case StepKind::kIntervalJoin:
    case StepKind::kWindowJoin: return add_pairing_step(input, plan, index, uid, mishaps);
    case StepKind::kBroadcast:
      return input.broadcast()
          .transform<Event>("keep own part", [] { return std::make_unique<KeepOwnPart>(); })
          .uid(uid);
  }
  return from;
}

DataStream<std::string> add_ending(const DataStream<Event>& events, const WorkloadPlan& plan,
                                   const std::shared_ptr<Mishaps>& mishaps) {
  if (plan.ending != Ending::kPlain) return add_keyed_ending(events, plan, mishaps);
  return events
      .map([mishaps](const Event& e) {
        throw_if_due(*mishaps, e.id);
        return cat("r ", line_of(e));
      })
      .uid("lines");
}

/// Buckets depend on the line alone. One of them is the output directory itself.
FileSink<std::string> make_sink(const WorkloadPlan& plan) {
  FileSink<std::string> sink(cat(plan.output_disk, kOutputDirectory));
  if (plan.buckets > 0) {
    sink.with_bucket_assigner([buckets = plan.buckets](const std::string& line) {
      int64_t sum = 0;
      for (const char c : line) sum += c;
      const int64_t bucket = sum % buckets;
      return bucket == 0 ? std::string() : cat("b", bucket % 3, "/", bucket);
    });
  }
  if (plan.part_size > 0)
    sink.with_rolling_policy(DefaultRollingPolicy().with_max_part_size(plan.part_size));
  return sink;
}

std::string ms(int64_t count) { return cat(count, " ms"); }

}  // namespace

JobId job_id_of_workload() { return murmur3_128("simulated workload"); }

void throw_if_due(Mishaps& mishaps, int64_t id, Callback at) {
  const auto due = mishaps.find({id, at});
  if (due == mishaps.end() || due->second == 0) return;
  --due->second;
  throw std::runtime_error(cat("the user function fails at record ", id, ", as planned"));
}

void write_input(const WorkloadPlan& plan, MemoryFileSystem& disk) {
  for (size_t source = 0; source < plan.sources.size(); ++source) {
    if (plan.sources[source].kind != SourceKind::kFile) continue;
    std::string text;
    for (int64_t i = 0; i < plan.sources[source].count; ++i)
      text += line_of(Event::of(event_of(plan, source, i))) + "\n";
    WEIR_CHECK(disk.make_directories(kInputDirectory).ok());
    WEIR_CHECK(write_file(disk, input_path(source), text).ok());
  }
}

StatusOr<JobGraph> make_job_graph(const WorkloadPlan& plan, const SettingsPlan& settings,
                                  std::shared_ptr<Mishaps> mishaps) {
  mishaps_of_serializers() = mishaps;
  const auto graph = std::make_shared<detail::StreamGraph>();
  DataStream<Event> events = add_sources(graph, plan, mishaps);
  for (size_t i = 0; i < plan.steps.size(); ++i) events = add_step(events, plan, mishaps, i);
  add_ending(events, plan, mishaps)
      .sink_to(make_sink(plan))
      .uid("output")
      .set_parallelism(settings.sink_parallelism);
  JobGraphOptions options;
  options.name = "simulated workload";
  options.id = job_id_of_workload();
  options.parallelism = settings.parallelism;
  options.max_parallelism = plan.max_parallelism;
  options.chaining = settings.chaining;
  options.operators.batch_size = static_cast<size_t>(settings.batch_size);
  options.operators.auto_watermark_interval_ms = settings.watermark_interval_ms;
  return build_job_graph(*graph, options);
}

StatusOr<JobOptions> make_job_options(const WorkloadPlan& plan, const SettingsPlan& settings,
                                      const std::string& from) {
  Configuration configuration;
  const auto set = [&](std::string_view key, const std::string& value) {
    WEIR_CHECK(configuration.set(key, value).ok());
  };
  set("execution.checkpointing.dir", cat(plan.checkpoint_disk, kCheckpointDirectory));
  set("execution.state-recovery.path", from);
  set("execution.checkpointing.mode", plan.exactly_once ? "EXACTLY_ONCE" : "AT_LEAST_ONCE");
  if (settings.interval_ms > 0) set("execution.checkpointing.interval", ms(settings.interval_ms));
  if (settings.event_threshold > 0)
    set("execution.checkpointing.event-threshold", cat(settings.event_threshold));
  set("execution.checkpointing.min-pause", ms(settings.min_pause_ms));
  set("execution.checkpointing.timeout", ms(settings.timeout_ms));
  set("execution.checkpointing.max-concurrent-checkpoints", cat(settings.max_concurrent));
  if (settings.overtake_ms >= 0) {
    set("execution.checkpointing.unaligned.enabled", "true");
    set("execution.checkpointing.aligned-checkpoint-timeout", ms(settings.overtake_ms));
  }
  set("execution.checkpointing.tolerable-failed-checkpoints", cat(settings.tolerable_failures));
  set("execution.checkpointing.num-retained", cat(settings.num_retained));
  if (settings.delete_when_canceled)
    set("execution.checkpointing.externalized-checkpoint-retention", "DELETE_ON_CANCELLATION");
  set("execution.checkpointing.data-inline-threshold", cat(settings.inline_threshold, " b"));
  if (settings.incremental) set("execution.checkpointing.incremental", "true");
  if (settings.compressed) set("execution.checkpointing.snapshot-compression", "true");
  set("execution.buffer-timeout.interval", ms(settings.buffer_timeout_ms));
  set("weir.batch-size", cat(settings.batch_size));
  set("weir.channel-capacity", cat(settings.channel_capacity));
  set("restart-strategy.type", "exponential-delay");
  set("restart-strategy.exponential-delay.initial-backoff", "20 ms");
  set("restart-strategy.exponential-delay.max-backoff", "2 s");
  return job_options(configuration, job_id_of_workload());
}

}  // namespace weir::sim

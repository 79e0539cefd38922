// What do a deployment and a checkpoint cost the coordinator of a large job?
//
// A JobMaster in the simulated world, with stub workers of 4 slots each. The stubs register, accept
// deployments, acknowledge each checkpoint (with their own data file) and report progress as
// workers do, in encoded frames, but run no task. The job is a keyed count on all slots.
// Checkpoints come every second of simulated time. Printed per checkpoint: the number of frames
// between the coordinator and the workers; the processor time of the coordinator's steps (decoding,
// accounting and encoding; without sockets); that of its blocking work (writing `_metadata` and
// `_weir` to a disk in memory, deleting the previous checkpoint); and the sizes of both files.
//
// After the checkpoints a task fails, and the job is deployed again from the last one. Printed for
// the fresh and the restored deployment: the bytes sent to all workers together, and the processor
// time of the job master's step that sends them; for the restored one also that of reading the
// checkpoint. `forward`: the same operators without an exchange, in one chain.
//
//   coordinator_scale [--workers N,N,...] [--checkpoints N] [--edges all|forward]

#include <time.h>
#include <xxhash.h>

#include <cstdio>
#include <map>
#include <random>

#include "base/log.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "cluster/job_master/job_master.h"
#include "graph/build_job_graph.h"
#include "sim_disk.h"
#include "sim_process.h"
#include "weir/detail/base/check.h"
#include "weir/detail/connector/source_operator.h"
#include "weir/detail/connector/split_codec.h"
#include "weir/weir.h"

namespace weir {
namespace {

using std::chrono::milliseconds;

constexpr int kSlots = 4;
constexpr milliseconds kInterval{1000};
constexpr milliseconds kProgressInterval{200};  ///< the interval of real shards

struct Event {
  uint64_t key = 0;
  WEIR_FIELDS(Event, key)
};
class Count final : public KeyedProcessFunction<uint64_t, Event, int64_t> {
 public:
  void open(RuntimeContext& context) override {
    count_ = context.state(ValueStateDescriptor<int64_t>("count"));
  }
  void process_element(const Event&, Context&, Collector<int64_t>& out) override {
    out.collect(++count_.mutable_value());
  }

 private:
  ValueState<int64_t> count_;
};
class Nowhere final : public Sink<int64_t> {
 public:
  std::unique_ptr<SinkWriter<int64_t>> create_writer() const override { return nullptr; }
  std::unique_ptr<Committer> create_committer(FileSystemRegistry&) const override {
    return nullptr;
  }
  Status probe(FileSystemRegistry&) const override { return {}; }
};

JobGraph keyed_count(int parallelism, bool exchange) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto source = std::make_shared<const GeneratorSource<Event>>(
      GeneratorSource<Event>::unbounded([](int64_t i) { return Event{static_cast<uint64_t>(i)}; }));
  detail::StreamNode node;
  node.name = "events";
  node.make_enumerator = detail::enumerator_factory(source);
  node.factory = [source](const detail::OperatorSettings& settings) -> std::unique_ptr<Operator> {
    return std::make_unique<detail::SourceReaderOperator<Event>>(
        source->create_reader(), WatermarkStrategy<Event>(no_watermarks()), settings);
  };
  const auto events = SingleOutputStreamOperator<Event>::add(graph, std::move(node));
  if (exchange) {
    events.key_by(&Event::key).process(Count{}).sink_to(Nowhere());
  } else {
    events.map([](const Event& event) { return static_cast<int64_t>(event.key); })
        .sink_to(Nowhere());
  }
  JobGraphOptions options;
  options.name = "coordinator scale";
  options.id = murmur3_128("coordinator scale");
  options.parallelism = parallelism;
  auto built = build_job_graph(*graph, options);
  WEIR_CHECK(built.ok());
  return *std::move(built);
}

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Cost {
  double steps_s = 0;
  double blocking_s = 0;
  int64_t steps = 0;
  int64_t frames_out = 0;
  int64_t frames_in = 0;
  int64_t progress = 0;  ///< of frames_in
  int64_t bytes_out = 0;
  int64_t bytes_in = 0;
  int64_t deployments = 0;  ///< frames
  int64_t deployment_bytes = 0;
  double deployment_s = 0;
};

bool is_deployment(std::string_view frame) {
  static const std::string kBegin = encode(FromMaster(Deploy())).substr(0, sizeof(int64_t));
  return frame.starts_with(kBegin);
}

/// Measures an actor's steps.
class TimedActor final : public Actor {
 public:
  TimedActor(Actor& actor, Cost& cost) : actor_(actor), cost_(cost) {}
  MonotonicTime step() override {
    const int64_t deployments = cost_.deployments;
    const double begin = thread_seconds();
    const MonotonicTime next = actor_.step();
    const double took = thread_seconds() - begin;
    cost_.steps_s += took;
    if (cost_.deployments > deployments) cost_.deployment_s += took;
    ++cost_.steps;
    return next;
  }

 private:
  Actor& actor_;
  Cost& cost_;
};
class TimedScheduler final : public Scheduler {
 public:
  TimedScheduler(Scheduler& scheduler, Cost& cost) : scheduler_(scheduler), cost_(cost) {}
  std::unique_ptr<ActorHandle> start(std::string name, Actor& actor,
                                     ActorOptions options) override {
    return scheduler_.start(std::move(name), actor, options);
  }
  void run_blocking(std::string_view executor, std::function<void()> work) override {
    scheduler_.run_blocking(executor, [this, work = std::move(work)] {
      const double begin = thread_seconds();
      work();
      cost_.blocking_s += thread_seconds() - begin;
    });
  }

 private:
  Scheduler& scheduler_;
  Cost& cost_;
};

/// A worker as the job master sees it.
class StubWorker {
 public:
  StubWorker(sim::SimWorld& world, sim::SimDisk& disk, const JobGraph& graph,
             const JobOptions& options, Cost& cost, int number)
      : world_(world),
        disk_(disk),
        graph_(graph),
        options_(options),
        cost_(cost),
        number_(number) {}

  void connect(JobMaster& master) {
    struct ToStub final : Connection {
      explicit ToStub(StubWorker& stub) : stub(stub) {}
      void send(std::string frame) override { stub.receive(std::move(frame)); }
      StubWorker& stub;
    };
    endpoint_ = master.accept(std::make_unique<ToStub>(*this));
    RegisterWorker hello;
    hello.fingerprint = graph_.fingerprint.to_hex();
    hello.job_name = graph_.name;
    hello.worker = cat("stub-", number_);
    hello.host = cat("host-", number_);
    hello.data_address = cat("host-", number_, ":4711");
    hello.slots = kSlots;
    send(hello);
  }
  void fail() { send(TaskFailed{attempt_, "count", unavailable("a task fails")}); }

 private:
  void receive(std::string frame) {
    ++cost_.frames_out;
    cost_.bytes_out += static_cast<int64_t>(frame.size());
    if (is_deployment(frame)) {
      ++cost_.deployments;
      cost_.deployment_bytes += static_cast<int64_t>(frame.size());
    }
    later([this, frame = std::move(frame)] {
      auto message = decode_from_master(frame);
      WEIR_CHECK(message.ok());
      if (const auto* deploy = std::get_if<Deploy>(&*message)) {
        own_ = deploy->own;
        attempt_ = deploy->attempt;
        shards_ = deploy->own_shards;
        send(Deployed{attempt_});
      } else if (std::holds_alternative<Start>(*message)) {
        for (size_t i = 0; i < shards_.size(); ++i) report_progress(attempt_);
      } else if (const auto* cancel = std::get_if<Cancel>(&*message)) {
        attempt_ = 0;
        send(Canceled{cancel->attempt});
      } else if (std::holds_alternative<Heartbeat>(*message)) {
        send(HeartbeatReply{});
      } else if (const auto* trigger = std::get_if<TriggerCheckpoint>(&*message)) {
        acknowledge(*trigger);
      }
    });
  }
  void send(const FromWorker& message) {
    std::string frame = encode(message);
    ++cost_.frames_in;
    cost_.progress += std::holds_alternative<ProgressReport>(message);
    cost_.bytes_in += static_cast<int64_t>(frame.size());
    endpoint_.on_frame(std::move(frame));
  }
  void later(std::function<void()> what, MonotonicTime at_least = {}) {
    world_.at(world_.now() + at_least + world_.random().delay(milliseconds(100)), nullptr,
              std::move(what));
  }
  void report_progress(AttemptId attempt) {
    if (attempt != attempt_) return;
    records_ += 1000;
    send(ProgressReport{attempt_, records_, kMinWatermark, 0});
    later([this, attempt] { report_progress(attempt); }, kProgressInterval - milliseconds(50));
  }

  void acknowledge(const TriggerCheckpoint& trigger) {
    AcknowledgeCheckpoint ack;
    ack.attempt = trigger.attempt;
    ack.id = trigger.id;
    ack.process = own_;
    const std::string name = data_file_name({own_, static_cast<uint64_t>(trigger.id)});
    std::string bytes;
    for (const JobVertex& vertex : graph_.vertices) {
      for (const JobOperator& op : vertex.chain) {
        const bool keyed = op.name == "process";
        for (const int shard : shards_) {
          if (shard >= vertex.parallelism) continue;
          OperatorSubtaskState state{op.id, shard, {}};
          if (vertex.is_source && &op == &vertex.chain[0]) {
            state.state.operator_state = OperatorStateHandle{
                {{"splits", {ListStateMode::kSplit, {60, 84, 108, 132, 156, 180, 204, 228}}}},
                InlineBytes{std::string(252, 'x')}};
          } else if (keyed) {
            const KeyGroupRange range =
                key_groups_of_subtask(shard, vertex.parallelism, vertex.max_parallelism);
            KeyedStateHandle handle{
                range, {}, FileSegment{name, static_cast<int64_t>(bytes.size()), 0}};
            for (int group = 0; group < range.size(); ++group)
              handle.offsets.push_back(100 + 10 * group);
            std::get<FileSegment>(handle.stream).length = 100 + 10 * range.size();
            bytes += std::string(static_cast<size_t>(100 + 10 * range.size()), 'x');
            state.state.keyed_state = std::move(handle);
          }
          ack.states.push_back(std::move(state));
        }
        if (!keyed) continue;
        OperatorStateDescription description{
            op.id, op.uid, Serializer<uint64_t>::describe(), {}, {}};
        description.keyed_states.push_back(
            {KeyedStateInfo::Kind::kValue, "count", {}, Serializer<int64_t>::describe()});
        description.keyed_states.back().name_space.kind = TypeKind::kVoid;
        ack.descriptions.push_back(std::move(description));
      }
    }
    const std::string directory =
        Uri(options_.job_directory).path + "/" + checkpoint_directory_name(trigger.id);
    (void)disk_.raw().make_directories(directory);
    WEIR_CHECK(write_file(disk_.raw(), directory + "/" + name, bytes).ok());
    DataFile& file = ack.files.emplace_back();
    file.name = name;
    file.length = static_cast<int64_t>(bytes.size());
    file.checksum = XXH3_64bits(bytes.data(), bytes.size());
    send(ack);
  }
  struct Uri {
    explicit Uri(const std::string& uri) : path(parse_file_uri(uri).value().path) {}
    std::string path;
  };

  sim::SimWorld& world_;
  sim::SimDisk& disk_;
  const JobGraph& graph_;
  const JobOptions& options_;
  Cost& cost_;
  const int number_;
  Endpoint endpoint_;
  AttemptId attempt_ = 0;
  int own_ = 0;
  std::vector<int32_t> shards_;
  int64_t records_ = 0;
};

void run(int workers, int checkpoints, bool exchange) {
  const JobGraph graph = keyed_count(workers * kSlots, exchange);
  Configuration configuration;
  WEIR_CHECK(configuration.set("execution.checkpointing.dir", "file:///checkpoints").ok());
  WEIR_CHECK(
      configuration.set("execution.checkpointing.interval", cat(kInterval.count(), " ms")).ok());
  auto options = job_options(configuration, graph.id);
  WEIR_CHECK(options.ok());
  options->workers_apart = false;  // one line per worker would be too much output

  sim::SimWorld world(1);
  sim::SimDisk& disk = world.add_disk(
      "file://", std::make_unique<sim::SimDisk>(world, "file://", sim::DiskKind::kLocal));
  sim::SimProcess process(world, "coordinator");
  Cost cost;
  TimedScheduler scheduler(process.platform().scheduler, cost);
  Platform platform{process.platform().clock, process.platform().random, scheduler,
                    process.platform().transport, process.platform().files};
  std::vector<std::unique_ptr<StubWorker>> stubs;
  JobMaster master(graph, *options, platform, 1, nullptr, [] {});
  TimedActor timed(master, cost);
  auto handle = scheduler.start("coordinator", timed, {});
  master.mailbox().set_wake([&] { handle->wake(); });
  for (int i = 0; i < workers; ++i) {
    stubs.push_back(std::make_unique<StubWorker>(world, disk, graph, *options, cost, i));
    stubs.back()->connect(master);
  }

  const auto wait_for = [&](int64_t completed) {
    const auto outcome =
        world.run_until([&] { return master.view().checkpoints->completed >= completed; },
                        milliseconds(20000) + completed * 2 * kInterval);
    const JobView view = master.view();
    if (outcome != sim::SimWorld::Outcome::kDone) {
      std::fprintf(stderr, "error: %s, %ld checkpoints completed: %s %s\n", to_string(view.state),
                   view.checkpoints->completed, std::string(view.failure.message()).c_str(),
                   view.checkpoints->last_failure().c_str());
      std::exit(1);
    }
  };
  wait_for(1);
  const Cost started = cost;
  const Cost before = cost;
  wait_for(1 + checkpoints);
  const auto per = [&](auto Cost::* what) {
    return static_cast<double>(cost.*what - before.*what) / checkpoints;
  };
  const double progress = per(&Cost::progress);
  const std::string last =
      parse_file_uri(options->job_directory).value().path + "/" +
      checkpoint_directory_name(master.view().checkpoints->latest_completed->id) + "/";
  const auto size = [&](std::string_view file) {
    return static_cast<double>(disk.raw().stat(last + std::string(file)).value().size) / 1e6;
  };
  std::printf("%7d %9.0f %10.0f %8.2f %8.2f %9.1f %9.1f %10.2f %7.2f %9.0f", workers,
              per(&Cost::frames_in) + per(&Cost::frames_out) - progress, progress,
              per(&Cost::bytes_in) / 1e6, per(&Cost::bytes_out) / 1e6, per(&Cost::steps_s) * 1e3,
              per(&Cost::blocking_s) * 1e3, size(kMetadataFile), size(kSidecarFile),
              (started.steps_s + started.blocking_s) * 1e3);

  const Cost fresh = cost;
  stubs[0]->fail();
  if (world.run_until([&] { return cost.deployments >= 2 * workers; }, milliseconds(60000)) !=
      sim::SimWorld::Outcome::kDone) {
    std::fprintf(stderr, "error: no second deployment: %s\n",
                 std::string(master.view().failure.message()).c_str());
    std::exit(1);
  }
  std::printf(" %9.2f %8.1f %11.2f %11.1f %10.1f\n",
              static_cast<double>(fresh.deployment_bytes) / 1e6, fresh.deployment_s * 1e3,
              static_cast<double>(cost.deployment_bytes - fresh.deployment_bytes) / 1e6,
              (cost.deployment_s - fresh.deployment_s) * 1e3,
              (cost.blocking_s - fresh.blocking_s) * 1e3);
  std::fflush(stdout);
  master.mailbox().set_wake(nullptr);
  handle->stop();
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  std::map<std::string, std::string> flags = {
      {"--workers", "125,250,500,1000"}, {"--checkpoints", "10"}, {"--edges", "all"}};
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!flags.contains(argv[i])) {
      std::fprintf(stderr, "error: unknown flag %s\n", argv[i]);
      return 2;
    }
    flags[argv[i]] = argv[i + 1];
  }
  weir::set_log_level(weir::LogLevel::kError);
  std::printf(
      "a job master and stubs of workers with %d slots each; per checkpoint, one a second:\n",
      weir::kSlots);
  std::printf(
      "workers  messages  +progress   MB in   MB out  steps ms writing ms  _metadata MB  _weir MB "
      "start ms deploy MB    in ms restored MB       in ms reading ms\n");
  for (const std::string_view count : weir::split(flags["--workers"], ',')) {
    weir::run(std::stoi(std::string(count)), std::stoi(flags["--checkpoints"]),
              flags["--edges"] != "forward");
  }
  return 0;
}

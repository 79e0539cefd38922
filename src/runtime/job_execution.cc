#include "runtime/job_execution.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "runtime/metric_summary.h"
#include "weir/detail/base/check.h"

namespace weir {

/// The services that one task uses.
class JobExecution::Services final : public TaskServices {
 public:
  Services(Platform& platform, BlockingGate& gate, Shard& shard)
      : platform_(platform), gate_(gate), shard_(shard) {}
  void set_task(Task* task) { task_ = task; }

  void run_blocking(std::string_view executor,
                    std::function<std::function<void()>()> work) override {
    gate_.enter();
    platform_.scheduler.run_blocking(executor, [this, work = std::move(work)] {
      if (std::function<void()> continuation = work())
        shard_.post(Shard::Continuation{task_, std::move(continuation)});
      gate_.leave();
    });
  }
  int64_t wall_ms() const override { return platform_.clock.wall_ms(); }
  FileSystemRegistry& files() override { return platform_.files; }

 private:
  Platform& platform_;
  BlockingGate& gate_;
  Shard& shard_;
  Task* task_ = nullptr;
};

JobExecution::JobExecution(const JobGraph& graph, ExecutionOptions options, Platform& platform,
                           BlockingGate& gate, ShardListener& listener,
                           CheckpointId restored_checkpoint, AttemptId attempt, Placement placement,
                           DataServer* server, RunIdentity run)
    : graph_(graph),
      options_(options),
      platform_(platform),
      placement_(placement),
      exchange_(graph, std::move(placement), {attempt, options.channel_capacity},
                platform.transport, server) {
  int slots = 1;
  for (const JobVertex& vertex : graph.vertices) slots = std::max(slots, vertex.parallelism);
  WEIR_CHECK(check_placement(graph, placement_, server != nullptr).ok());
  for (int i = 0; i < slots; ++i) {
    shard_at_.push_back(nullptr);
    if (placement_.worker_of(i) != placement_.own) continue;
    shards_.push_back(std::make_unique<Shard>(i, platform.clock, listener, options.shard));
    shard_at_.back() = shards_.back().get();
  }
  make_channels();
  const uint64_t nonce = platform.random.next();
  for (int v = 0; v < static_cast<int>(graph.vertices.size()); ++v) {
    const JobVertex& vertex = graph.vertices[v];
    for (int subtask = 0; subtask < vertex.parallelism; ++subtask) {
      if (shard_at_[subtask] == nullptr) continue;
      Shard& shard = *shard_at_[subtask];
      services_.push_back(std::make_unique<Services>(platform, gate, shard));
      SubtaskPlace place{subtask,
                         vertex.parallelism,
                         vertex.max_parallelism,
                         nonce,
                         restored_checkpoint,
                         options.copy_reserve,
                         options.max_record_bytes,
                         run};
      place.tracks_changes = options.tracks_changes;
      auto task = std::make_unique<Task>(vertex, v, place, *services_.back(), shard.fibers(),
                                         gate_of(v, subtask), outputs_of(v, subtask));
      services_.back()->set_task(task.get());
      shard.add_task(std::move(task));
    }
  }
}

JobExecution::~JobExecution() {
  stop();
  exchange_.close();
  MetricSummary metrics;
  for (const auto& shard : shards_) {
    for (const auto& task : shard->tasks()) {
      OperatorChain& chain = task->chain();
      for (size_t i = 0; i < chain.size(); ++i)
        metrics.add(chain.host(i).operator_name(), chain.host(i).metrics());
      task->close();
    }
  }
  for (const std::string& line : metrics.lines()) { WEIR_LOG(kInfo) << line; }
}

void JobExecution::make_channels() {
  uint32_t id = 0;
  for (const ExecutionChannel& channel : build_execution_graph(graph_).channels)
    make_channel(id++, channel);
}

void JobExecution::make_channel(uint32_t id, const ExecutionChannel& channel) {
  const JobEdge& edge = graph_.edges[channel.edge];
  Shard* const from = shard_at_[channel.from];
  Shard* const to = shard_at_[channel.to];
  auto& writers = writers_[{channel.edge, channel.from}];
  Readers& readers = readers_[{edge.to, channel.to}];
  const JobVertex& sender = graph_.vertices[static_cast<size_t>(edge.from)];
  const JobOperator& from_operator = sender.chain[sender_of(sender, edge)];
  const auto add_reader = [&](std::shared_ptr<ChannelReader> end) {
    readers.ends.push_back(std::move(end));
    readers.inputs.push_back(edge.input);
    readers.origins.push_back({&edge, from_operator.id});
  };
  if (from != nullptr && to != nullptr) {
    auto local = std::make_shared<Channel>(options_.channel_capacity);
    local->set_wakers([to] { to->wake(); }, [from] { from->wake(); });
    writers.push_back(local);
    add_reader(local);
  } else if (from != nullptr) {
    writers.push_back(exchange_.make_writer(id, placement_.worker_of(channel.to),
                                            from_operator.name, edge.codec,
                                            [from] { from->wake(); }));
  } else if (to != nullptr) {
    add_reader(exchange_.make_reader(id, placement_.worker_of(channel.from), edge.codec,
                                     [to] { to->wake(); }));
  }
}

std::unique_ptr<InputGate> JobExecution::gate_of(int vertex, int subtask) {
  const auto inputs = readers_.find({vertex, subtask});
  if (inputs == readers_.end()) return nullptr;
  Readers& readers = inputs->second;
  std::vector<bool> aligned_only;
  for (const ChannelOrigin& origin : readers.origins)
    aligned_only.push_back(origin.edge->aligned_only);
  auto gate = std::make_unique<InputGate>(std::move(readers.ends), options_.mode,
                                          std::move(readers.inputs), std::move(aligned_only));
  if (!options_.overtake_after) return gate;
  const JobVertex& to = graph_.vertices[static_cast<size_t>(vertex)];
  // A channel holds its capacity, and its sender a few more elements. A step of the sender that
  // emits more must end before its barrier; beyond this number it waits until they are processed.
  const size_t limit = 4 * options_.channel_capacity + 16;
  gate->record_with(std::make_unique<InFlightRecorder>(
                        std::move(readers.origins),
                        InFlightRecorder::Place{subtask, to.parallelism, to.max_parallelism}),
                    limit);
  return gate;
}

std::vector<Task::OutgoingEdge> JobExecution::outputs_of(int vertex, int subtask) {
  std::vector<Task::OutgoingEdge> outputs;
  for (int e = 0; e < static_cast<int>(graph_.edges.size()); ++e) {
    const JobEdge& edge = graph_.edges[e];
    if (edge.from != vertex) continue;
    auto partition = std::make_unique<OutputPartition>(
        OutputPartition::Options{
            edge.partitioning, edge.hasher, graph_.vertices[edge.to].max_parallelism,
            options_.batch_size, options_.batch_bytes, options_.max_record_bytes, edge.codec,
            edge.partitioner, static_cast<uint64_t>(subtask),
            edge.buffer_timeout_ms ? std::chrono::milliseconds(*edge.buffer_timeout_ms)
                                   : options_.buffer_timeout},
        std::move(writers_[{e, subtask}]));
    outputs.push_back(
        {std::move(partition), sender_of(graph_.vertices[vertex], edge), edge.output});
  }
  return outputs;
}

void JobExecution::connect(std::function<void(Status)> on_connected,
                           std::function<void(Status)> on_broken) {
  exchange_.connect(std::move(on_connected), std::move(on_broken));
}

size_t JobExecution::task_count() const {
  size_t count = 0;
  for (const auto& shard : shards_) count += shard->tasks().size();
  return count;
}

void JobExecution::start(bool pin) {
  for (const auto& shard : shards_) {
    ActorOptions options;
    if (pin) options.cpu = shard->index();
    handles_.push_back(platform_.scheduler.start(cat("shard-", shard->index()), *shard, options));
    shard->set_handle(handles_.back().get());
  }
}

void JobExecution::stop() {
  exchange_.silence();
  for (const auto& handle : handles_) handle->stop();
}

void JobExecution::post_to_all(const Shard::Command& command) {
  for (const auto& shard : shards_) shard->post(command);
}

void JobExecution::post_to(int shard, Shard::Command command) {
  for (const auto& each : shards_) {
    if (each->index() == shard) return each->post(std::move(command));
  }
}

}  // namespace weir

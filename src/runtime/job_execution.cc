#include "runtime/job_execution.h"

#include <algorithm>

#include "base/strings.h"

namespace weir {

/// What one task sees of the world.
class JobExecution::Services final : public TaskServices {
 public:
  Services(Platform& platform, BlockingGate& gate, Shard& shard) : platform_(platform), gate_(gate), shard_(shard) {}
  void set_task(Task* task) { task_ = task; }

  void run_blocking(std::function<std::function<void()>()> work) override {
    gate_.enter();
    platform_.scheduler.run_blocking([this, work = std::move(work)] {
      if (std::function<void()> continuation = work()) shard_.post(Shard::Continuation{task_, std::move(continuation)});
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

JobExecution::JobExecution(const JobGraph& graph, ExecutionOptions options, Platform& platform, BlockingGate& gate,
                           ShardListener& listener, CheckpointId restored_checkpoint)
    : graph_(graph), options_(options), platform_(platform) {
  int slots = 1;
  for (const JobVertex& vertex : graph.vertices) slots = std::max(slots, vertex.parallelism);
  for (int i = 0; i < slots; ++i) shards_.push_back(std::make_unique<Shard>(i, platform.clock, listener, options.shard));
  make_channels();
  const uint64_t nonce = platform.random.next();
  for (int v = 0; v < static_cast<int>(graph.vertices.size()); ++v) {
    const JobVertex& vertex = graph.vertices[v];
    for (int subtask = 0; subtask < vertex.parallelism; ++subtask) {
      Shard& shard = *shards_[subtask];
      services_.push_back(std::make_unique<Services>(platform, gate, shard));
      const SubtaskPlace place{subtask, vertex.parallelism, vertex.max_parallelism, nonce, restored_checkpoint};
      auto task = std::make_unique<Task>(vertex, v, place, *services_.back(), gate_of(v, subtask), outputs_of(v, subtask));
      services_.back()->set_task(task.get());
      shard.add_task(std::move(task));
    }
  }
}

JobExecution::~JobExecution() {
  stop();
  for (const auto& shard : shards_) {
    for (const auto& task : shard->tasks()) task->close();
  }
}

void JobExecution::make_channels() {
  for (const JobEdge& edge : graph_.edges) {
    const int from = graph_.vertices[edge.from].parallelism;
    const int to = graph_.vertices[edge.to].parallelism;
    auto& of_edge = channels_.emplace_back(from, std::vector<std::shared_ptr<Channel>>(to));
    for (int f = 0; f < from; ++f) {
      for (int t = 0; t < to; ++t) {
        if (edge.partitioning == Partitioning::kForward && f != t) continue;
        of_edge[f][t] = std::make_shared<Channel>(options_.channel_capacity);
        of_edge[f][t]->set_wakers([consumer = shards_[t].get()] { consumer->wake(); },
                                  [producer = shards_[f].get()] { producer->wake(); });
      }
    }
  }
}

std::unique_ptr<InputGate> JobExecution::gate_of(int vertex, int subtask) {
  std::vector<std::shared_ptr<Channel>> inputs;
  for (size_t e = 0; e < graph_.edges.size(); ++e) {
    if (graph_.edges[e].to != vertex) continue;
    for (const auto& from : channels_[e]) {
      if (from[subtask]) inputs.push_back(from[subtask]);
    }
  }
  if (inputs.empty()) return nullptr;
  return std::make_unique<InputGate>(std::move(inputs), options_.mode);
}

std::vector<std::unique_ptr<OutputPartition>> JobExecution::outputs_of(int vertex, int subtask) {
  std::vector<std::unique_ptr<OutputPartition>> outputs;
  for (size_t e = 0; e < graph_.edges.size(); ++e) {
    const JobEdge& edge = graph_.edges[e];
    if (edge.from != vertex) continue;
    std::vector<std::shared_ptr<Channel>> targets;
    for (const auto& channel : channels_[e][subtask]) {
      if (channel) targets.push_back(channel);
    }
    outputs.push_back(std::make_unique<OutputPartition>(
        OutputPartition::Options{edge.partitioning, edge.hasher, graph_.vertices[edge.to].max_parallelism, options_.batch_size},
        std::move(targets)));
  }
  return outputs;
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
  for (const auto& handle : handles_) handle->stop();
}

void JobExecution::post_to_all(const Shard::Command& command) {
  for (const auto& shard : shards_) shard->post(command);
}

}  // namespace weir

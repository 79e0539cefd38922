#pragma once

#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "checkpoint/in_flight_list.h"
#include "runtime/in_flight_recorder.h"
#include "runtime/in_flight_restore.h"
#include "runtime/in_flight_time.h"
#include "runtime/input_gate.h"
#include "runtime/output_partition.h"
#include "weir/detail/types/record_codec_of.h"

namespace weir::in_flight_tests {

using Ints = BatchOf<int>;
using Kind = StreamElement::Kind;
inline constexpr int kMaxParallelism = 16;

/// The key of a record is its number modulo 10.
class ByLastDigit final : public KeyHasher {
 public:
  std::unique_ptr<KeyHasher> copy() const override { return std::make_unique<ByLastDigit>(); }
  void hash(Batch& batch) const override {
    if (!batch.key_hashes.empty()) return;
    for (const int record : static_cast<Ints&>(batch).records)
      batch.key_hashes.push_back(record % 10);
  }
};

/// Sends a record to the subtask of its last digit.
class ToLastDigit final : public RecordPartitioner {
 public:
  std::unique_ptr<RecordPartitioner> copy() const override {
    return std::make_unique<ToLastDigit>();
  }
  Status choose(const Batch& batch, int receivers, std::vector<uint16_t>* which) const override {
    which->clear();
    for (const int record : static_cast<const Ints&>(batch).records)
      which->push_back(static_cast<uint16_t>(record % 10 % receivers));
    return {};
  }
};

inline JobOperator operator_of(const std::string& name) {
  JobOperator op;
  op.name = name;
  op.uid = name;
  op.id = murmur3_128(name);
  return op;
}

inline JobGraph graph_of(Partitioning partitioning, int senders, int receivers) {
  JobGraph graph;
  for (const auto& [name, parallelism] : {std::pair{"from", senders}, std::pair{"to", receivers}}) {
    JobVertex vertex;
    vertex.name = name;
    vertex.parallelism = parallelism;
    vertex.max_parallelism = kMaxParallelism;
    vertex.chain.push_back(operator_of(name));
    graph.vertices.push_back(std::move(vertex));
  }
  JobEdge edge;
  edge.from = 0;
  edge.to = 1;
  edge.partitioning = partitioning;
  edge.codec = detail::record_codec<int>();
  if (partitioning == Partitioning::kHash) edge.hasher = std::make_shared<ByLastDigit>();
  if (partitioning == Partitioning::kCustom) edge.partitioner = std::make_shared<ToLastDigit>();
  graph.edges.push_back(std::move(edge));
  return graph;
}

/// An edge with its channels and receiving gates, of one attempt.
class Attempt {
 public:
  Attempt(Partitioning partitioning, int senders, int receivers, size_t capacity = 4)
      : graph_(graph_of(partitioning, senders, receivers)),
        receivers_(static_cast<size_t>(receivers)) {
    std::vector<std::vector<std::shared_ptr<ChannelReader>>> in(receivers_);
    for (int sender = 0; sender < senders; ++sender) {
      std::vector<std::shared_ptr<ChannelWriter>> out;
      for (size_t receiver = 0; receiver < receivers_; ++receiver) {
        if (partitioning == Partitioning::kForward && receiver != static_cast<size_t>(sender))
          continue;
        auto channel = std::make_shared<Channel>(capacity);
        out.push_back(channel);
        in[receiver].push_back(channel);
      }
      const JobEdge& edge = graph_.edges[0];
      partitions_.push_back(std::make_unique<OutputPartition>(
          OutputPartition::Options{.partitioning = partitioning,
                                   .hasher = edge.hasher,
                                   .max_parallelism = kMaxParallelism,
                                   .batch_size = 2,
                                   .codec = edge.codec,
                                   .partitioner = edge.partitioner},
          std::move(out)));
    }
    for (size_t receiver = 0; receiver < receivers_; ++receiver) {
      std::vector<ChannelOrigin> origins(in[receiver].size(),
                                         {&graph_.edges[0], murmur3_128("from")});
      gates_.push_back(std::make_unique<InputGate>(in[receiver], CheckpointingMode::kExactlyOnce));
      gates_.back()->record_with(
          std::make_unique<InFlightRecorder>(
              std::move(origins),
              InFlightRecorder::Place{static_cast<int>(receiver), receivers, kMaxParallelism}),
          100);
    }
  }

  void emit(int sender, int record, Timestamp timestamp = kNoTimestamp) {
    Ints batch;
    batch.add(record, timestamp);
    partitions_[static_cast<size_t>(sender)]->emit(batch);
  }
  void watermark(int sender, Timestamp value) {
    partitions_[static_cast<size_t>(sender)]->broadcast(Kind::kWatermark, value);
  }
  void status(int sender, bool idle) {
    partitions_[static_cast<size_t>(sender)]->broadcast(Kind::kWatermarkStatus, idle ? 1 : 0);
  }
  InputGate& gate(size_t receiver) { return *gates_[receiver]; }
  size_t receivers() const { return receivers_; }

  /// "1@10 w20 idle b3 end", as the task gets it; at most `most` elements.
  std::string receive(size_t receiver, int most = 1000) {
    std::string text;
    StreamElement element;
    const auto next = [&] {
      for (auto& partition : partitions_) partition->pump();
      gates_[receiver]->pull();
      return gates_[receiver]->next(&element);
    };
    while (most-- > 0 && next()) {
      if (!text.empty()) text += ' ';
      if (element.kind == Kind::kBatch) {
        const auto& batch = static_cast<const Ints&>(*element.batch);
        for (size_t i = 0; i < batch.size(); ++i) {
          text += cat(i == 0 ? "" : " ", batch.records[i]);
          if (batch.timestamp(i) != kNoTimestamp) text += cat('@', batch.timestamp(i));
        }
        gates_[receiver]->recycle(std::move(element.batch));
      } else if (element.kind == Kind::kWatermarkStatus) {
        text += element.value != 0 ? "idle" : "active";
      } else {
        text += cat(element.kind == Kind::kBarrier ? 'b' : 'w', element.value);
      }
    }
    return text;
  }
  void send_barrier(CheckpointId id) {
    for (auto& partition : partitions_) partition->broadcast(Kind::kBarrier, id);
  }
  /// Takes checkpoint `id` of all receivers although nothing of what was sent has been processed.
  void overtake(CheckpointId id) {
    send_barrier(id);
    for (size_t receiver = 0; receiver < receivers_; ++receiver) {
      InputGate& gate = *gates_[receiver];
      gate.barriers().overtake(id);
      StreamElement barrier;
      ASSERT_TRUE(gate.next_overtaking(&barrier));
      EXPECT_EQ(barrier.value, id);
      std::optional<OperatorLists> lists;
      for (int i = 0; i < 100 && !lists; ++i) {
        gate.pull();
        for (auto& partition : partitions_) partition->pump();
        lists = gate.take_recorded(id);
      }
      ASSERT_TRUE(lists.has_value());
      stored_.push_back(*std::move(lists));
    }
  }
  const std::vector<OperatorLists>& stored() const { return stored_; }
  void forget_stored() { stored_.clear(); }

  /// Restores what another attempt has stored, as the restore plan deals it out.
  Status restore(const Attempt& before) {
    OperatorSnapshotState state;
    state.parallelism = static_cast<int>(before.receivers_);
    state.max_parallelism = kMaxParallelism;
    CheckpointedOperator target;
    target.parallelism = static_cast<int>(receivers_);
    target.max_parallelism = kMaxParallelism;
    std::vector<OperatorLists> lists(receivers_);
    for (size_t old_subtask = 0; old_subtask < before.stored_.size(); ++old_subtask) {
      for (const auto& [name, list] : before.stored_[old_subtask]) {
        EXPECT_EQ(list.mode, ListStateMode::kUnion);
        for (const int reader : in_flight_readers(in_flight_list(name)->route,
                                                  static_cast<int>(old_subtask), state, target)) {
          std::vector<std::string>& all = lists[static_cast<size_t>(reader)][name].elements;
          all.insert(all.end(), list.elements.begin(), list.elements.end());
        }
      }
    }
    for (size_t subtask = 0; subtask < receivers_; ++subtask) {
      InFlightRestore in_flight(graph_, 1, static_cast<int>(subtask));
      if (Status status = in_flight.take_from(0, lists[subtask]); !status.ok()) return status;
      EXPECT_TRUE(lists[subtask].empty());
      RestoredInFlight restored = in_flight.take();
      if (before.receivers_ != receivers_) forget_event_time(&restored);
      gates_[subtask]->replay(std::move(restored.channels));
    }
    return {};
  }
  JobGraph& graph() { return graph_; }

 private:
  JobGraph graph_;
  const size_t receivers_;
  std::vector<std::unique_ptr<OutputPartition>> partitions_;
  std::vector<std::unique_ptr<InputGate>> gates_;
  std::vector<OperatorLists> stored_;
};

inline std::multiset<int> numbers(const std::string& received) {
  std::multiset<int> numbers;
  for (size_t at = 0; at < received.size(); at = received.find(' ', at) + 1) {
    if (std::isdigit(static_cast<unsigned char>(received[at])) != 0)
      numbers.insert(std::stoi(received.substr(at)));
    if (received.find(' ', at) == std::string::npos) break;
  }
  return numbers;
}

inline std::multiset<int> one_to(int last) {
  std::multiset<int> numbers;
  for (int i = 1; i <= last; ++i) numbers.insert(i);
  return numbers;
}

}  // namespace weir::in_flight_tests

#include "runtime/output_partition.h"

#include "base/bug_switch.h"
#include "weir/detail/base/check.h"

namespace weir {

OutputPartition::OutputPartition(Options options,
                                 std::vector<std::shared_ptr<ChannelWriter>> channels)
    : options_(std::move(options)),
      random_(options_.seed),
      limit_(options_.batch_size, options_.batch_bytes, options_.codec),
      channels_(std::move(channels)),
      gathered_(channels_.size()),
      waiting_(channels_.size()) {
  WEIR_CHECK(!channels_.empty());
  if (options_.partitioning == Partitioning::kHash && channels_.size() > 1) {
    WEIR_CHECK(options_.hasher != nullptr);
    subtask_of_group_.resize(options_.max_parallelism);
    for (int group = 0; group < options_.max_parallelism; ++group) {
      subtask_of_group_[group] = static_cast<uint16_t>(subtask_of_key_group(
          group, static_cast<int>(channels_.size()), options_.max_parallelism));
    }
  }
  targets_.resize(channels_.size());
}

Status OutputPartition::check(const Batch& batch) const {
  if (options_.partitioning == Partitioning::kForward) return {};  // its records stay in the shard
  return check_record_bytes(batch, options_.codec.get(), options_.max_record_bytes);
}

void OutputPartition::emit(Batch& batch) {
  if (batch.empty()) return;
  limit_.measure(batch);
  if (batch.size() <= limit_.most()) return route(batch);
  for (const std::unique_ptr<Batch>& part : split_batch(batch, limit_.most())) route(*part);
}

void OutputPartition::route(Batch& batch) {
  switch (options_.partitioning) {
    case Partitioning::kForward: gather(0, batch); return;
    case Partitioning::kHash:
      if (channels_.size() == 1) {
        gather(0, batch);
      } else {
        scatter_by_key(batch);
      }
      return;
    case Partitioning::kGlobal: gather(0, batch); return;
    case Partitioning::kShuffle: scatter_by_chance(batch); return;
    case Partitioning::kCustom: scatter_by_partitioner(batch); return;
    case Partitioning::kRebalance:
    case Partitioning::kRescale:  // its channels lead to its share only
      gather(next_target_, batch);
      next_target_ = next_target_ + 1 == channels_.size() ? 0 : next_target_ + 1;
      return;
    case Partitioning::kBroadcast:
      for (size_t target = 1; target < channels_.size(); ++target) {
        const std::unique_ptr<Batch> copy = batch.copy();
        gather(target, *copy);
      }
      gather(0, batch);
      return;
  }
}

void OutputPartition::scatter_by_key(Batch& batch) {
  if (!hasher_)
    // Here, so that an exception of the user's copy constructor becomes a failure of the task.
    hasher_ = options_.hasher->copy();
  hasher_->hash(batch);
  const size_t count = batch.size();
  which_.resize(count);
  for (size_t i = 0; i < count; ++i) {
    which_[i] = subtask_of_group_[key_group_of(batch.key_hashes[i], options_.max_parallelism)];
  }
  scatter(batch);
}

void OutputPartition::scatter_by_chance(Batch& batch) {
  batch.key_hashes.clear();
  which_.resize(batch.size());
  for (uint16_t& target : which_) {
    // SplitMix64. A fixed seed is enough, because nothing depends on unpredictable numbers.
    uint64_t mixed = (random_ += 0x9E3779B97F4A7C15u);
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    target = static_cast<uint16_t>((mixed ^ mixed >> 31) % channels_.size());
  }
  scatter(batch);
}

void OutputPartition::scatter_by_partitioner(Batch& batch) {
  if (!partitioner_) partitioner_ = options_.partitioner->copy();
  batch.key_hashes.clear();
  const Status chosen = partitioner_->choose(batch, static_cast<int>(channels_.size()), &which_);
  if (chosen.ok()) return scatter(batch);
  failure_ = chosen;
  batch.clear();
}

void OutputPartition::scatter(Batch& batch) {
  const bool timed = !batch.timestamps.empty();
  for (size_t target = 0; target < channels_.size(); ++target) {
    if (gathered_[target] && !gathered_[target]->empty() &&
        gathered_[target]->timestamps.empty() == timed)
      send_gathered(target);
    if (!gathered_[target]) gathered_[target] = empty_like(target, batch);
    targets_[target] = gathered_[target].get();
  }
  batch.scatter(which_.data(), targets_.data());
  for (size_t target = 0; target < channels_.size(); ++target) {
    if (gathered_[target]->size() >= limit_.full()) send_gathered(target);
  }
}

void OutputPartition::gather(size_t target, Batch& batch) {
  // A batch that is large enough is sent whole: its contents are swapped, and no record is touched.
  if (batch.size() * 2 >= limit_.full()) {
    send_gathered(target);
    gathered_[target] = empty_like(target, batch);
    gathered_[target]->swap(batch);
    send_gathered(target);
    return;
  }
  if (gathered_[target] && !gathered_[target]->empty() &&
      (gathered_[target]->timestamps.empty() != batch.timestamps.empty() ||
       gathered_[target]->key_hashes.empty() != batch.key_hashes.empty())) {
    send_gathered(target);
  }
  if (!gathered_[target]) gathered_[target] = empty_like(target, batch);
  which_.assign(batch.size(), 0);
  Batch* const into = gathered_[target].get();
  batch.scatter(which_.data(), &into);
  if (gathered_[target]->size() >= limit_.full()) send_gathered(target);
}

std::unique_ptr<Batch> OutputPartition::empty_like(size_t target, const Batch& batch) {
  std::unique_ptr<Batch> empty = channels_[target]->take_empty();
  return empty ? std::move(empty) : batch.make_empty();
}

void OutputPartition::send_gathered(size_t target) {
  if (!gathered_[target] || gathered_[target]->empty()) return;
  const int64_t bytes = limit_.bytes_of(gathered_[target]->size());
  if (metrics_ != nullptr) {
    metrics_->bytes_out.inc(bytes);
    metrics_->batches_out.inc();
  }
  send(target, StreamElement{StreamElement::Kind::kBatch, bytes, std::move(gathered_[target])});
}

void OutputPartition::send(size_t target, StreamElement element) {
  if (waiting_[target].empty() && channels_[target]->try_push(element)) return;
  waiting_[target].push_back(std::move(element));
  ++waiting_count_;
}

void OutputPartition::broadcast(StreamElement::Kind kind, int64_t value) {
  if (!bug_enabled(Bug::kWatermarkAheadOfRecords) || kind != StreamElement::Kind::kWatermark)
    flush();
  for (size_t target = 0; target < channels_.size(); ++target)
    send(target, StreamElement{kind, value, nullptr});
}

void OutputPartition::flush() {
  for (size_t target = 0; target < channels_.size(); ++target) send_gathered(target);
}

MonotonicTime OutputPartition::flush_if_due(MonotonicTime now) {
  if (options_.buffer_timeout.count() < 0) return MonotonicTime::max();
  if (now >= next_flush_) {
    flush();
    next_flush_ = now + options_.buffer_timeout;
  }
  return next_flush_;
}

bool OutputPartition::pump() {
  if (waiting_count_ == 0) return true;
  for (size_t target = 0; target < channels_.size(); ++target) {
    auto& waiting = waiting_[target];
    while (!waiting.empty() && channels_[target]->try_push(waiting.front())) {
      waiting.pop_front();
      --waiting_count_;
    }
  }
  return waiting_count_ == 0;
}

}  // namespace weir

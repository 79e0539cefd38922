// Reads the partitions of one subtask.

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <deque>
#include <set>

#include "base/log.h"
#include "base/strings.h"
#include "kafka/fetched_partition.h"
#include "kafka/topic_catalog.h"

namespace weir::detail {
namespace {

using kafka::Client;
using kafka::FetchedPartition;
using kafka::WakeUp;

/// How long one wait may occupy a thread of the I/O pool.
constexpr int kWaitMs = 200;
/// How long to wait at most for a free thread of that pool.
constexpr int64_t kIdlePollMs = 25;
constexpr int64_t kLagIntervalMs = 1000;
/// Less than any useful idle time.
constexpr int64_t kBehindIntervalMs = 25;
constexpr int kPoisonLogged = 10;
constexpr size_t kPoisonShown = 100;  ///< bytes

KafkaProperties defaults_of(const KafkaProperties& given) {
  KafkaProperties all = {
      {"auto.offset.reset", "error"},
      {"isolation.level", "read_committed"},
      // Each partition has a queue of its own with this limit.
      {"queued.max.messages.kbytes", "16384"},
      {"client.id", "weir"},
  };
  for (const auto& [name, value] : given) all[name] = value;
  return all;
}

const KafkaProperties kFixed = {
    {"enable.auto.commit", "false"},
    {"auto.commit.enable", "false"},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "true"},
};

std::string shown(std::optional<std::string_view> value) {
  if (!value) return "no value";
  std::string text;
  for (const char c : value->substr(0, kPoisonShown)) text += c >= ' ' && c != 127 ? c : '.';
  return cat("value '", text, value->size() > kPoisonShown ? "…'" : "'");
}

class PartitionReader final : public KafkaReader {
 public:
  PartitionReader(const KafkaSourceOptions& options, KafkaPoison poison)
      : properties_(defaults_of(options.properties)), poison_(poison) {}
  ~PartitionReader() override {
    if (wake_up_) wake_up_->notify();  // ends a wait on the I/O pool
  }

  void track_splits(SplitTracker& tracker) override { tracker_ = &tracker; }
  void pause_or_resume_splits(const std::vector<std::string>& pause,
                              const std::vector<std::string>& resume) override {
    paused_.insert(pause.begin(), pause.end());
    for (const std::string& id : resume) paused_.erase(id);
  }

  Status open(OperatorContext& context) override {
    context_ = &context;
    auto client = Client::create(Client::Kind::kConsumer, properties_, kFixed);
    if (!client.ok()) return client.status();
    client_ = *std::move(client);
    wake_up_ = std::make_shared<WakeUp>(client_);
    pending_records_ = &context.metrics().gauge("pendingRecords");
    errors_ = &context.metrics().counter("numRecordsInErrors");
    bytes_ = &context.metrics().counter("numBytesIn");
    return {};
  }

  void add_splits(std::vector<KafkaSplit> splits) override {
    for (KafkaSplit& split : splits) {
      if (split.next >= split.stop) continue;
      auto started = FetchedPartition::start(client_, wake_up_, std::move(split));
      if (!started.ok()) return context_->fail(started.status());
      partitions_.push_back(*std::move(started));
      if (tracker_ != nullptr) tracker_->begin(partitions_.back()->id());
    }
  }

  PollResult take(size_t max, std::span<const KafkaMessage>* messages) override {
    using enum PollResult::Status;
    client_->serve();
    messages_.clear();
    if (partitions_.empty()) return {kEnd};
    for (size_t tried = 0; tried < partitions_.size(); ++tried) {
      if (next_ >= partitions_.size()) next_ = 0;
      FetchedPartition& partition = *partitions_[next_++];
      if (partition.at_stop() || paused_.contains(partition.id())) continue;
      if (Status taken = partition.take(max, &messages_); !taken.ok()) {
        context_->fail(std::move(taken));
        messages_.clear();
        return {kNothingNow};
      }
      if (messages_.empty()) continue;
      if (tracker_ != nullptr) tracker_->records_of(partition.id());
      break;
    }
    keep_active();
    measure();
    *messages = messages_;
    if (!messages_.empty()) return {kMore};
    drop_finished();
    if (partitions_.empty()) return {kEnd};
    wait();
    return {kNothingNow, context_->processing_time_ms() + kIdlePollMs};
  }

  std::vector<KafkaSplit> snapshot() override {
    std::vector<KafkaSplit> splits;
    splits.reserve(partitions_.size());
    for (const auto& partition : partitions_) {
      if (!partition->at_stop()) splits.push_back(partition->split());
    }
    return splits;
  }

  void checkpoint_taken(int64_t id) override {
    if (properties_.contains("group.id")) positions_.emplace_back(id, snapshot());
  }

  void checkpoint_completed(int64_t id) override {
    std::vector<KafkaSplit> splits;
    while (!positions_.empty() && positions_.front().first <= id) {
      splits = std::move(positions_.front().second);
      positions_.pop_front();
    }
    if (!splits.empty()) commit(splits);
  }

  bool malformed(const KafkaMessage& message, std::string_view problem) override {
    errors_->inc();
    if (poison_ == KafkaPoison::kCollect) return true;
    const std::string text =
        cat("the message at offset ", message.offset, " of ", message.topic, "-", message.partition,
            " cannot be deserialized: ", problem, " (", shown(message.value), ")");
    if (poison_ == KafkaPoison::kSkip) {
      if (errors_->count() <= kPoisonLogged) {
        WEIR_LOG(kWarning) << context_->operator_name() << " skips it: " << text;
      }
      return true;
    }
    context_->fail(invalid_argument(cat(text,
                                        ". Correct the deserializer, or skip such messages with "
                                        "on_poison_message(PoisonMessage::kSkip), or collect them "
                                        "with on_poison_message(function)")));
    return false;
  }

 private:
  /// A partition that is behind its end is not idle: its messages are on their way, or an open
  /// transaction holds them back.
  void keep_active() {
    const int64_t now_ms = context_->processing_time_ms();
    if (tracker_ == nullptr ||
        (now_ms >= looked_at_ms_ && now_ms - looked_at_ms_ < kBehindIntervalMs))
      return;
    looked_at_ms_ = now_ms;
    for (const auto& partition : partitions_) {
      if (!partition->at_stop() && partition->lag() > 0) tracker_->begin(partition->id());
    }
  }

  void measure() {
    for (const KafkaMessage& message : messages_)
      bytes_->inc(static_cast<int64_t>(message.value ? message.value->size() : 0));
    const int64_t now_ms = context_->processing_time_ms();
    if (now_ms >= measured_at_ms_ && now_ms - measured_at_ms_ < kLagIntervalMs) return;
    measured_at_ms_ = now_ms;
    int64_t lag = 0;
    for (const auto& partition : partitions_) {
      const int64_t of_one = partition->lag();
      lag += of_one;
      gauge(partition->split(), "records-lag").set(of_one);
      gauge(partition->split(), "currentOffset").set(partition->split().next - 1);
    }
    pending_records_->set(lag);
  }

  /// A figure of one partition, by Flink's name.
  Gauge& gauge(const KafkaSplit& split, std::string_view name) {
    return context_->metrics().gauge(
        cat("KafkaSourceReader.topic.", split.topic, ".partition.", split.partition, ".", name));
  }

  /// To stop fetching blocks for a moment, so it is done on the I/O pool.
  void drop_finished() {
    const auto finished = std::stable_partition(partitions_.begin(), partitions_.end(),
                                                [](const auto& p) { return !p->at_stop(); });
    if (finished == partitions_.end()) return;
    std::vector<std::shared_ptr<FetchedPartition>> dropped(finished, partitions_.end());
    for (const auto& partition : dropped) {
      if (tracker_ != nullptr) tracker_->end(partition->id());
    }
    partitions_.erase(finished, partitions_.end());
    context_->run_blocking([dropped]() mutable -> std::function<void()> {
      dropped.clear();
      return nullptr;
    });
  }

  void wait() {
    if (waiting_) return;
    waiting_ = true;
    context_->run_blocking([this, wake_up = wake_up_]() -> std::function<void()> {
      wake_up->wait(kWaitMs);
      return [this] { waiting_ = false; };
    });
  }

  /// For monitoring only: a failure is logged by librdkafka, and the next checkpoint tries again.
  void commit(const std::vector<KafkaSplit>& splits) {
    rd_kafka_topic_partition_list_t* list =
        rd_kafka_topic_partition_list_new(static_cast<int>(splits.size()));
    for (const KafkaSplit& split : splits) {
      rd_kafka_topic_partition_list_add(list, split.topic.c_str(), split.partition)->offset =
          split.next;
      gauge(split, "committedOffset").set(split.next);
    }
    const rd_kafka_resp_err_t error = rd_kafka_commit(client_->get(), list, /*async=*/1);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      WEIR_LOG(kWarning) << "Kafka: cannot commit the offsets of the group, which are only for "
                            "monitoring: "
                         << rd_kafka_err2str(error);
    }
    rd_kafka_topic_partition_list_destroy(list);
  }

  const KafkaProperties properties_;
  const KafkaPoison poison_;
  OperatorContext* context_ = nullptr;
  SplitTracker* tracker_ = nullptr;
  std::set<std::string> paused_;  ///< ids of partitions
  std::shared_ptr<Client> client_;
  std::shared_ptr<WakeUp> wake_up_;
  std::vector<std::shared_ptr<FetchedPartition>> partitions_;
  size_t next_ = 0;  ///< the partition whose turn it is
  std::vector<KafkaMessage> messages_;
  bool waiting_ = false;
  std::deque<std::pair<int64_t, std::vector<KafkaSplit>>> positions_;  ///< by checkpoint
  Gauge* pending_records_ = nullptr;
  Counter* errors_ = nullptr;
  Counter* bytes_ = nullptr;
  int64_t measured_at_ms_ = 0;
  int64_t looked_at_ms_ = 0;
};

}  // namespace

std::unique_ptr<KafkaReader> make_kafka_reader(const KafkaSourceOptions& options,
                                               KafkaPoison poison) {
  return std::make_unique<PartitionReader>(options, poison);
}

}  // namespace weir::detail

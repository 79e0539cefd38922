// Finds partitions at the broker that librdkafka can run within a process.

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>

#include "checkpoint/testing/one_file_system.h"
#include "fs/memory/memory_file_system.h"
#include "kafka/producer.h"
#include "weir/detail/connector/kafka_reader.h"

namespace weir::kafka {
namespace {

using detail::KafkaOffsetRule;
using detail::KafkaSourceOptions;
using detail::KafkaSplit;
using Enumerator = SplitEnumerator<KafkaSplit>;

/// A broker whose topics have one partition each.
class LocalBroker {
 public:
  LocalBroker() {
    std::array<char, 256> problem{};
    owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), problem.data(), problem.size());
    cluster_ = rd_kafka_mock_cluster_new(owner_, 1);
  }
  ~LocalBroker() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(owner_);
  }
  LocalBroker(const LocalBroker&) = delete;
  LocalBroker& operator=(const LocalBroker&) = delete;

  KafkaProperties properties() const {
    return {{"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_)}};
  }
  void make_topic(const std::string& name, int messages) {
    ASSERT_EQ(rd_kafka_mock_topic_create(cluster_, name.c_str(), 1, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
    const auto producer = Producer::create(properties(), {});
    ASSERT_TRUE(producer.ok()) << producer.status().message();
    for (int i = 0; i < messages; ++i) {
      KafkaOutput record;
      record.topic = name;
      record.value = "x";
      (*producer)->send(record);
    }
    ASSERT_TRUE((*producer)->flush().ok());
  }

 private:
  rd_kafka_t* owner_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

class PartitionEnumeratorTest : public testing::Test {
 protected:
  PartitionEnumeratorTest() {
    options_.properties = broker_.properties();
    options_.pattern = "in-.*";
    options_.start.kind = KafkaOffsetRule::Kind::kLatest;
  }
  /// "in-a-0 from 3; …": the partitions that are new.
  std::string discover(Enumerator& enumerator) {
    const auto found = enumerator.discover(files_);
    if (!found.ok()) return std::string(found.status().message());
    std::string text;
    for (const KafkaSplit& split : found->splits)
      text += split.topic + "-" + std::to_string(split.partition) + " from " +
              std::to_string(split.next) + "; ";
    return text;
  }

  LocalBroker broker_;
  OneFileSystem files_{std::make_shared<MemoryFileSystem>()};
  KafkaSourceOptions options_;
};

TEST_F(PartitionEnumeratorTest, PartitionThatAppearsLaterIsReadFromItsBeginning) {
  broker_.make_topic("in-a", 3);
  broker_.make_topic("other", 1);
  const auto enumerator = detail::make_kafka_enumerator(options_);
  EXPECT_EQ(discover(*enumerator), "in-a-0 from 3; ");
  broker_.make_topic("in-b", 2);
  EXPECT_EQ(discover(*enumerator), "in-b-0 from 0; ");
  EXPECT_EQ(discover(*enumerator), "");
}

TEST_F(PartitionEnumeratorTest, RestoredEnumeratorKnowsItsPartitions) {
  broker_.make_topic("in-a", 3);
  const auto enumerator = detail::make_kafka_enumerator(options_);
  discover(*enumerator);
  const auto restored = detail::make_kafka_enumerator(options_);
  ASSERT_TRUE(restored->restore(enumerator->snapshot()).ok());
  EXPECT_EQ(discover(*restored), "");
  broker_.make_topic("in-c", 1);
  EXPECT_EQ(discover(*restored), "in-c-0 from 0; ");
}

}  // namespace
}  // namespace weir::kafka

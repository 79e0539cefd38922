// The cost of a message of Kafka in weir, from topic to topic.
//
// A hand-written loop with librdkafka reads a topic, counts by key, and writes each message again:
// it neither parses nor formats. A job parses each message as JSON, counts by key, and writes the
// count as JSON. Both read the same messages, with the same settings of librdkafka, in turns. The
// figure is the CPU time of the whole process for each message, librdkafka's threads included. The
// parser alone is measured too: by weir's format, on the same messages, without Kafka.
//
//   kafka_copy --servers HOST:PORT [--messages N] [--bytes N] [--rounds N]

#include <librdkafka/rdkafka.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kafka_client.h"
#include "weir/connector/kafka_sink.h"
#include "weir/connector/kafka_source.h"
#include "weir/format/json_format.h"
#include "weir/log.h"
#include "weir/weir.h"

namespace {

constexpr int kKeys = 1000;
constexpr size_t kBatch = 1000;

struct Count {
  std::string key;
  int64_t count = 1;
  std::string text;
  WEIR_FIELDS(Count, key, count, text)
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void produce(rd_kafka_t* producer, rd_kafka_topic_t* topic, std::string_view key,
             std::string_view value) {
  while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                          const_cast<char*>(value.data()), value.size(), key.data(), key.size(),
                          nullptr) != 0) {
    rd_kafka_poll(producer, 10);
  }
}

/// Message number `i`, of `bytes` bytes.
std::string make_message(int i, int bytes) {
  std::string text = R"({"key":"key-)" + std::to_string(i % kKeys) + R"(","count":1,"text":")";
  const size_t left = std::max<size_t>(static_cast<size_t>(bytes), text.size() + 2) - text.size();
  return text + std::string(left - 2, 'x') + R"("})";
}

void fill(const std::string& servers, const std::string& name, int messages, int bytes) {
  rd_kafka_t* producer = client(RD_KAFKA_PRODUCER, servers, {{"linger.ms", "20"}});
  rd_kafka_topic_t* topic = rd_kafka_topic_new(producer, name.c_str(), nullptr);
  for (int i = 0; i < messages; ++i) {
    produce(producer, topic, "key-" + std::to_string(i % kKeys), make_message(i, bytes));
    if (i % 1000 == 0) rd_kafka_poll(producer, 0);
  }
  rd_kafka_flush(producer, 60'000);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(producer);
}

/// CPU seconds of the loop by hand.
double by_hand(const std::string& servers, const std::string& in, const std::string& out,
               int messages) {
  const double begin = cpu_seconds();
  rd_kafka_t* consumer =
      client(RD_KAFKA_CONSUMER, servers, {{"isolation.level", "read_committed"}});
  rd_kafka_t* producer =
      client(RD_KAFKA_PRODUCER, servers,
             {{"enable.idempotence", "true"}, {"delivery.report.only.error", "true"}});
  rd_kafka_topic_t* from = rd_kafka_topic_new(consumer, in.c_str(), nullptr);
  rd_kafka_topic_t* to = rd_kafka_topic_new(producer, out.c_str(), nullptr);
  rd_kafka_consume_start(from, 0, RD_KAFKA_OFFSET_BEGINNING);
  std::unordered_map<std::string, int64_t> counts;
  std::vector<rd_kafka_message_t*> batch(kBatch);
  for (int done = 0; done < messages;) {
    const ssize_t got = rd_kafka_consume_batch(from, 0, 100, batch.data(), kBatch);
    for (ssize_t i = 0; i < got; ++i) {
      const rd_kafka_message_t* message = batch[static_cast<size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const std::string key(static_cast<const char*>(message->key), message->key_len);
        ++counts[key];
        produce(producer, to, key, {static_cast<const char*>(message->payload), message->len});
        ++done;
      }
      rd_kafka_message_destroy(batch[static_cast<size_t>(i)]);
    }
    rd_kafka_poll(producer, 0);
  }
  rd_kafka_flush(producer, 60'000);
  rd_kafka_consume_stop(from, 0);
  rd_kafka_topic_destroy(from);
  rd_kafka_topic_destroy(to);
  rd_kafka_destroy(consumer);
  rd_kafka_destroy(producer);
  return cpu_seconds() - begin;
}

/// CPU seconds to read and write the messages as JSON.
double by_parser(int messages, int bytes) {
  std::vector<std::string> texts;
  for (int i = 0; i < kKeys; ++i) texts.push_back(make_message(i, bytes));
  const double begin = cpu_seconds();
  weir::JsonFormat<Count> format;
  std::string out;
  for (int i = 0; i < messages; ++i) {
    const auto record = format.deserialize(texts[static_cast<size_t>(i % kKeys)]);
    out.clear();
    if (!record.ok() || !format.serialize(*record, out).ok()) std::exit(1);
  }
  return cpu_seconds() - begin;
}

double by_weir(const std::string& servers, const std::string& in, const std::string& out,
               weir::DeliveryGuarantee guarantee) {
  const double begin = cpu_seconds();
  weir::StreamExecutionEnvironment env;
  env.set_parallelism(1);
  auto source = weir::KafkaSource<Count>::builder();
  source.bootstrap_servers(servers).topics(in).bounded(weir::OffsetsInitializer::latest());
  source.value_format(weir::JsonFormat<Count>());
  auto sink = weir::KafkaSink<Count>::builder();
  sink.bootstrap_servers(servers)
      .topic(out)
      .key_serializer([](const Count& count) { return count.key; })
      .value_format(weir::JsonFormat<Count>())
      .delivery_guarantee(guarantee)
      .transactional_id_prefix("bench");
  env.from_source(source.build(), weir::no_watermarks(), "messages")
      .key_by(&Count::key)
      .reduce(
          [](const Count& a, const Count& b) { return Count{a.key, a.count + b.count, b.text}; })
      .sink_to(sink.build());
  const auto result = env.run("bench");
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", std::string(result.status().message()).c_str());
    std::exit(1);
  }
  return cpu_seconds() - begin;
}

}  // namespace

int main(int argc, char** argv) {
  auto flags = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const std::string servers = flags.flag("servers", "", "the brokers; topics in, out must exist");
  const int messages = flags.flag("messages", 1'000'000, "in the topic");
  const int bytes = flags.flag("bytes", 100, "of a message");
  const int rounds = flags.flag("rounds", 3, "");
  const std::string in = flags.flag("in", "bench-in", "an empty topic with one partition");
  const std::string out = flags.flag("out", "bench-out", "a topic");
  weir::set_log_level(weir::LogLevel::kWarning);
  fill(servers, in, messages, bytes);
  for (int round = 0; round < rounds; ++round) {
    const double hand = by_hand(servers, in, out, messages);
    const double parser = by_parser(messages, bytes);
    const double least = by_weir(servers, in, out, weir::DeliveryGuarantee::kAtLeastOnce);
    const double once = by_weir(servers, in, out, weir::DeliveryGuarantee::kExactlyOnce);
    const double ns = 1e9 / messages;
    std::printf(
        "%d bytes: by hand %.0f ns of CPU a message, the parser %.0f; weir at-least-once %.0f, "
        "exactly-once %.0f; without the parser %.2f and %.2f of the loop by hand\n",
        bytes, hand * ns, parser * ns, least * ns, once * ns, (least - parser) / hand,
        (once - parser) / hand);
    std::fflush(stdout);
  }
}

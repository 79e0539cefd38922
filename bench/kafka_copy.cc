// The cost of a message of Kafka in weir, from topic to topic.
//
// A hand-written loop with librdkafka reads a topic, counts by key, and writes each count. A job
// does the same. Both read the same messages, with the same settings of librdkafka, in turns. The
// figure is the CPU time of the whole process for each message, librdkafka's threads included.
//
//   kafka_copy --servers HOST:PORT [--messages N] [--bytes N] [--rounds N]

#include <librdkafka/rdkafka.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <unordered_map>
#include <vector>

#include "weir/connector/kafka_sink.h"
#include "weir/connector/kafka_source.h"
#include "weir/log.h"
#include "weir/weir.h"

namespace {

constexpr int kKeys = 1000;
constexpr size_t kBatch = 1000;

struct Count {
  std::string key;
  int64_t count = 1;
  WEIR_FIELDS(Count, key, count)
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

rd_kafka_t* client(rd_kafka_type_t type, const std::string& servers,
                   std::vector<std::pair<const char*, const char*>> properties) {
  char problem[256];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  properties.emplace_back("bootstrap.servers", servers.c_str());
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf, name, value, problem, sizeof problem) != RD_KAFKA_CONF_OK) {
      std::fprintf(stderr, "%s\n", problem);
      std::exit(1);
    }
  }
  return rd_kafka_new(type, conf, problem, sizeof problem);
}

void produce(rd_kafka_t* producer, rd_kafka_topic_t* topic, const std::string& key,
             const std::string& value) {
  while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                          const_cast<char*>(value.data()), value.size(), key.data(), key.size(),
                          nullptr) != 0) {
    rd_kafka_poll(producer, 10);
  }
}

void fill(const std::string& servers, const std::string& name, int messages, int bytes) {
  rd_kafka_t* producer = client(RD_KAFKA_PRODUCER, servers, {{"linger.ms", "20"}});
  rd_kafka_topic_t* topic = rd_kafka_topic_new(producer, name.c_str(), nullptr);
  for (int i = 0; i < messages; ++i) {
    const std::string key = "key-" + std::to_string(i % kKeys);
    std::string value = key + " ";
    value.resize(static_cast<size_t>(bytes), 'x');
    produce(producer, topic, key, value);
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
        const std::string text(static_cast<const char*>(message->payload), message->len);
        const std::string key = text.substr(0, text.find(' '));
        std::string value = key + " " + std::to_string(++counts[key]) + " ";
        value.resize(message->len, 'x');
        produce(producer, to, key, value);
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

double by_weir(const std::string& servers, const std::string& in, const std::string& out, int bytes,
               weir::DeliveryGuarantee guarantee) {
  const double begin = cpu_seconds();
  weir::StreamExecutionEnvironment env;
  env.set_parallelism(1);
  auto source = weir::KafkaSource<Count>::builder();
  source.bootstrap_servers(servers).topics(in).bounded(weir::OffsetsInitializer::latest());
  source.value_only_deserializer([](std::string_view value) {
    return Count{std::string(value.substr(0, value.find(' '))), 1};
  });
  auto sink = weir::KafkaSink<Count>::builder();
  sink.bootstrap_servers(servers)
      .topic(out)
      .key_serializer([](const Count& count) { return count.key; })
      .value_serializer([bytes](const Count& count) {
        std::string value = count.key + " " + std::to_string(count.count) + " ";
        value.resize(static_cast<size_t>(bytes), 'x');
        return value;
      })
      .delivery_guarantee(guarantee)
      .transactional_id_prefix("bench");
  env.from_source(source.build(), weir::no_watermarks(), "messages")
      .key_by(&Count::key)
      .reduce([](const Count& a, const Count& b) { return Count{a.key, a.count + b.count}; })
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
    const double least = by_weir(servers, in, out, bytes, weir::DeliveryGuarantee::kAtLeastOnce);
    const double once = by_weir(servers, in, out, bytes, weir::DeliveryGuarantee::kExactlyOnce);
    const double ns = 1e9 / messages;
    std::printf(
        "%d bytes: by hand %.0f ns of CPU a message; weir at-least-once %.0f (%.2f), "
        "exactly-once %.0f (%.2f)\n",
        bytes, hand * ns, least * ns, least / hand, once * ns, once / hand);
    std::fflush(stdout);
  }
}

// The time from an event in a topic of Kafka to its result in another topic.
//
// A producer writes events at a steady rate, each with the time at which it was made. A job counts
// them by key, and writes each new count. A consumer, which reads what is committed, compares the
// time in each result with its own clock; all run on one machine. Results of the first seconds do
// not count. With exactly-once a result is visible when its checkpoint is complete: on average half
// an interval, and at most an interval, passes until the checkpoint begins.
//
//   kafka_latency --servers HOST:PORT [--rate N] [--seconds N] [--interval-ms N]
//                 -D execution.checkpointing.dir=DIR
//
// The topics in-least, out-least, in-once and out-once must exist and be empty.

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "kafka_client.h"
#include "weir/connector/kafka_sink.h"
#include "weir/connector/kafka_source.h"
#include "weir/format/json_format.h"
#include "weir/log.h"
#include "weir/weir.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kKeys = 1000;
constexpr int kTicksPerSecond = 500;
constexpr std::chrono::seconds kWarmUp{4};

struct Event {
  std::string key;
  int64_t count = 1;
  int64_t made_us = 0;
  WEIR_FIELDS(Event, key, count, made_us)
};

int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch())
      .count();
}

void write_events(const std::string& servers, const std::string& name, int rate, int seconds) {
  rd_kafka_t* producer = client(RD_KAFKA_PRODUCER, servers,
                                {{"linger.ms", "0"}, {"delivery.report.only.error", "true"}});
  rd_kafka_topic_t* topic = rd_kafka_topic_new(producer, name.c_str(), nullptr);
  const auto begin = Clock::now();
  const int each = rate / kTicksPerSecond;
  int number = 0;
  for (int tick = 0; tick < seconds * kTicksPerSecond; ++tick) {
    std::this_thread::sleep_until(begin +
                                  tick * std::chrono::microseconds(1'000'000 / kTicksPerSecond));
    for (int i = 0; i < each; ++i, ++number) {
      const std::string key = "key-" + std::to_string(number % kKeys);
      const std::string value =
          R"({"key":")" + key + R"(","count":1,"made_us":)" + std::to_string(now_us()) + "}";
      rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                       const_cast<char*>(value.data()), value.size(), key.data(), key.size(),
                       nullptr);
    }
    rd_kafka_poll(producer, 0);
  }
  rd_kafka_flush(producer, 60'000);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(producer);
}

/// The times from the making of an event until its result arrived, in µs.
std::vector<int64_t> read_results(const std::string& servers, const std::string& name,
                                  const std::atomic<bool>& done) {
  rd_kafka_t* consumer =
      client(RD_KAFKA_CONSUMER, servers, {{"isolation.level", "read_committed"}});
  rd_kafka_topic_t* topic = rd_kafka_topic_new(consumer, name.c_str(), nullptr);
  rd_kafka_consume_start(topic, 0, RD_KAFKA_OFFSET_BEGINNING);
  std::vector<int64_t> times;
  const int64_t first = now_us() + std::chrono::microseconds(kWarmUp).count();
  constexpr std::string_view kField = R"("made_us":)";
  while (!done) {
    rd_kafka_message_t* message = rd_kafka_consume(topic, 0, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const std::string_view text(static_cast<const char*>(message->payload), message->len);
      const size_t at = text.find(kField);
      int64_t made = 0;
      if (at != std::string_view::npos)
        std::from_chars(text.data() + at + kField.size(), text.data() + text.size(), made);
      if (made >= first) times.push_back(now_us() - made);
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consume_stop(topic, 0);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(consumer);
  return times;
}

void add_job(weir::StreamExecutionEnvironment& env, const std::string& servers,
             const std::string& in, const std::string& out, weir::DeliveryGuarantee guarantee) {
  auto source = weir::KafkaSource<Event>::builder();
  source.bootstrap_servers(servers).topics(in).value_format(weir::JsonFormat<Event>());
  auto sink = weir::KafkaSink<Event>::builder();
  sink.bootstrap_servers(servers)
      .topic(out)
      .key_serializer([](const Event& event) { return event.key; })
      .value_format(weir::JsonFormat<Event>())
      .property("linger.ms", "0")
      .delivery_guarantee(guarantee)
      .transactional_id_prefix("latency");
  env.from_source(source.build(), weir::no_watermarks(), "events")
      .uid("events")
      .key_by(&Event::key)
      .reduce(
          [](const Event& a, const Event& b) { return Event{a.key, a.count + b.count, b.made_us}; })
      .uid("counts")
      .sink_to(sink.build())
      .uid("results");
}

void measure(int argc, char** argv, const std::string& mode, weir::DeliveryGuarantee guarantee) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const std::string servers = env.flag("servers", "", "the brokers");
  const int rate = env.flag("rate", 10'000, "events a second");
  const int seconds = env.flag("seconds", 20, "for each guarantee");
  const int interval = env.flag("interval-ms", 1000, "of checkpoints");
  env.set_parallelism(1);
  env.enable_checkpointing(std::chrono::milliseconds(interval));
  add_job(env, servers, "in-" + mode, "out-" + mode, guarantee);
  std::stop_source stop;
  weir::RunOptions options;
  options.cancel = stop.get_token();
  std::thread job([&] {
    const auto result = env.run("latency " + mode, options);
    if (!stop.stop_requested()) {
      std::fprintf(stderr, "%s\n", std::string(result.status().message()).c_str());
      std::exit(1);
    }
  });
  std::atomic<bool> done = false;
  std::vector<int64_t> times;
  std::thread reader([&] { times = read_results(servers, "out-" + mode, done); });
  write_events(servers, "in-" + mode, rate, seconds);
  std::this_thread::sleep_for(std::chrono::milliseconds(2 * interval));
  done = true;
  reader.join();
  stop.request_stop();
  job.join();
  std::sort(times.begin(), times.end());
  const auto at = [&](double part) {
    return times.empty()
               ? 0.0
               : static_cast<double>(
                     times[static_cast<size_t>(part * static_cast<double>(times.size() - 1))]) /
                     1000;
  };
  std::printf(
      "%s: %d events a second, checkpoints each %d ms: %zu results; ms from event to result: "
      "p50 %.1f, p99 %.1f, p99.9 %.1f, largest %.1f\n",
      mode.c_str(), rate, interval, times.size(), at(0.5), at(0.99), at(0.999), at(1));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  weir::set_log_level(weir::LogLevel::kWarning);
  measure(argc, argv, "least", weir::DeliveryGuarantee::kAtLeastOnce);
  measure(argc, argv, "once", weir::DeliveryGuarantee::kExactlyOnce);
}

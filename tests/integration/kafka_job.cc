// The job of the tests against a real Kafka: counts the messages of each key, and writes each new
// count to another topic. The value of a message is "KEY NUMBER"; of a result "KEY COUNT NUMBER".

#include <atomic>
#include <charconv>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "weir/connector/kafka_sink.h"
#include "weir/connector/kafka_source.h"
#include "weir/weir.h"
#ifdef WEIR_BUGS
#include "base/bug_switch.h"
#endif

namespace {

struct Event {
  std::string key;
  int64_t count = 1;
  int64_t number = 0;
  WEIR_FIELDS(Event, key, count, number)
};

Event parse(std::string_view value) {
  const size_t space = value.find(' ');
  Event event;
  event.key = value.substr(0, space);
  const char* end = value.data() + value.size();
  if (space == std::string_view::npos ||
      std::from_chars(value.data() + space + 1, end, event.number).ptr != end) {
    throw std::runtime_error("it is not KEY NUMBER");
  }
  return event;
}

const weir::OutputTag<Event> kDeadLetters("dead letters");

/// Sends what was made of poison messages to a side output. They have a negative count.
class Divert final : public weir::ProcessFunction<Event, Event> {
 public:
  void process_element(const Event& event, Context& context, weir::Collector<Event>& out) override {
    if (event.count < 0) context.output(kDeadLetters, event);
    else out.collect(event);
  }
};

class ShowWatermark final : public weir::ProcessFunction<Event, std::string> {
 public:
  void process_element(const Event& event, Context& context,
                       weir::Collector<std::string>& out) override {
    out.collect(event.key + " " + std::to_string(event.number) + " at " +
                std::to_string(context.current_watermark()));
  }
};

weir::OffsetsInitializer offsets_of(const std::string& text) {
  using Reset = weir::OffsetResetStrategy;
  if (text == "latest") return weir::OffsetsInitializer::latest();
  if (text == "committed") return weir::OffsetsInitializer::committed_offsets();
  if (text == "committed-or-latest")
    return weir::OffsetsInitializer::committed_offsets(Reset::kLatest);
  if (text.starts_with("time="))
    return weir::OffsetsInitializer::timestamp(std::stoll(text.substr(5)));
  if (text.starts_with("offset=")) {  // offset=TOPIC:PARTITION:OFFSET
    const size_t first = text.find(':');
    const size_t second = text.find(':', first + 1);
    return weir::OffsetsInitializer::offsets(
        {{{text.substr(7, first - 7), std::stoi(text.substr(first + 1))},
          std::stoll(text.substr(second + 1))}},
        Reset::kEarliest);
  }
  return weir::OffsetsInitializer::earliest();
}

/// Kills the process at one commit of its sinks, when the checkpoint is complete and its
/// transactions are not committed.
class DyingCommitter final : public weir::Committer {
 public:
  DyingCommitter(std::unique_ptr<weir::Committer> committer, int64_t last_commit)
      : committer_(std::move(committer)), last_commit_(last_commit) {}
  weir::Status commit(const std::vector<std::string>& committables) override {
    static std::atomic<int64_t> commits{0};
    if (!committables.empty() && ++commits == last_commit_) raise(SIGKILL);
    return committer_->commit(committables);
  }
  weir::StatusOr<std::vector<std::string>> find_orphans(const weir::SinkStart& start) override {
    return committer_->find_orphans(start);
  }
  weir::Status remove_orphans(const std::vector<std::string>& names) override {
    return committer_->remove_orphans(names);
  }

 private:
  const std::unique_ptr<weir::Committer> committer_;
  const int64_t last_commit_;
};

class DyingSink final : public weir::Sink<Event> {
 public:
  DyingSink(weir::KafkaSink<Event> sink, int64_t last_commit)
      : sink_(std::move(sink)), last_commit_(last_commit) {}
  std::unique_ptr<weir::SinkWriter<Event>> create_writer() const override {
    return sink_.create_writer();
  }
  std::unique_ptr<weir::Committer> create_committer(
      weir::FileSystemRegistry& files) const override {
    return std::make_unique<DyingCommitter>(sink_.create_committer(files), last_commit_);
  }
  weir::Status probe(weir::FileSystemRegistry& files) const override { return sink_.probe(files); }

 private:
  const weir::KafkaSink<Event> sink_;
  const int64_t last_commit_;
};

}  // namespace

int main(int argc, char** argv) {
#ifdef WEIR_BUGS
  weir::enable_bug(weir::Bug::kDropPendingCommittablesOnRestore);
#endif
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const std::string servers = env.flag("servers", "", "the brokers");
  const std::string input = env.flag("in", "", "the topic to read, or a pattern: ~REGEX");
  const std::string output = env.flag("out", "", "the topic to write; otherwise it is printed");
  const std::string guarantee = env.flag("guarantee", "exactly-once", "of the sink");
  const std::string start = env.flag("start", "earliest", "where to start");
  const std::string stop = env.flag("stop", "", "where to end, for a bounded job");
  const std::string group = env.flag("group", "", "the group of the source");
  const bool skip = env.flag("skip-poison", false, "skips messages that cannot be parsed");
  const std::string dead_letters = env.flag("dead-letters", "", "a topic for such messages");
  const bool details = env.flag("details", false, "prints all parts of the messages instead");
  const bool accept_loss = env.flag("accept-loss", false, "of aborted transactions");
  const std::string prefix = env.flag("prefix", "test", "of transactional ids");
  const std::string source_properties = env.flag("source-properties", "", "NAME=VALUE;…");
  const std::string sink_properties = env.flag("sink-properties", "", "NAME=VALUE;…");
  const int64_t die_at_commit = env.flag("die-at-commit", int64_t{0}, "kills the process there");
  const double rate = env.flag("rate", 0.0, "messages a second; 0: no limit");
  const bool watermarks = env.flag("watermarks", false, "prints the watermark with each number");
  const auto discovery = env.flag("discovery", std::chrono::milliseconds(1000), "of partitions");
  for (const char* name : {"servers", "accept-loss", "die-at-commit"}) env.may_vary(name);

  const auto for_each = [](std::string text, auto set) {
    for (size_t end = 0; !text.empty(); text.erase(0, end == text.npos ? end : end + 1)) {
      end = text.find(';');
      const std::string pair = text.substr(0, end);
      set(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
    }
  };
  const auto configure = [&](auto builder) {
    builder.bootstrap_servers(servers)
        .partition_discovery_interval(discovery)
        .starting_offsets(offsets_of(start))
        .rate(rate)
        .on_poison_message(skip ? weir::PoisonMessage::kSkip : weir::PoisonMessage::kFail);
    if (input.starts_with("~")) builder.topic_pattern(input.substr(1));
    else builder.topics(input);
    if (!group.empty()) builder.group_id(group);
    if (!stop.empty()) builder.bounded(offsets_of(stop));
    for_each(source_properties, [&](auto name, auto value) { builder.property(name, value); });
    return builder;
  };

  if (details) {
    auto builder = configure(weir::KafkaSource<std::string>::builder());
    builder.deserializer([](const weir::KafkaMessage& message,
                            weir::KafkaCollector<std::string>& out) {
      std::string line = std::string(message.topic) + " " + std::to_string(message.partition) +
                         " " + std::to_string(message.offset) + " " +
                         std::string(message.key.value_or("null")) + " " +
                         std::string(message.value.value_or("null"));
      for (const weir::KafkaHeader& header : message.headers())
        line += " " + std::string(header.name) + "=" + std::string(header.value.value_or("null"));
      out.collect(line + (message.timestamp > 0 ? " timed" : " untimed"));
    });
    env.from_source(builder.build(), weir::no_watermarks(), "messages").uid("messages").print();
    return env.execute("kafka details");
  }
  auto builder = configure(weir::KafkaSource<Event>::builder());
  builder.value_only_deserializer(parse);
  if (!dead_letters.empty()) {
    builder.on_poison_message([](const weir::KafkaMessage& message, std::string_view problem) {
      return Event{std::string(message.value.value_or("")) + ": " + std::string(problem), -1,
                   message.offset};
    });
  }
  if (watermarks) {
    const auto strategy = weir::for_monotonous_timestamps<Event>()
                              .with_timestamp_assigner([](const Event& e) { return e.number; })
                              .with_idleness(std::chrono::milliseconds(300));
    env.from_source(builder.build(), strategy, "events")
        .uid("events")
        .process(ShowWatermark())
        .print();
    return env.execute("kafka watermarks");
  }
  const auto events = env.from_source(builder.build(), weir::no_watermarks(), "events")
                          .uid("events")
                          .process(Divert())
                          .uid("divert");
  const auto counts = events.key_by(&Event::key)
                          .reduce([](const Event& a, const Event& b) {
                            return Event{a.key, a.count + 1, b.number};
                          })
                          .uid("counts");
  const auto text = [](const Event& e) {
    return e.key + " " + std::to_string(e.count) + " " + std::to_string(e.number);
  };
  if (!dead_letters.empty()) {
    auto sink = weir::KafkaSink<Event>::builder();
    sink.bootstrap_servers(servers).topic(dead_letters).value_serializer(text);
    sink.delivery_guarantee(weir::DeliveryGuarantee::kExactlyOnce).transactional_id_prefix(prefix);
    events.get_side_output(kDeadLetters).sink_to(sink.build()).uid("dead letters");
  }
  if (output.empty()) {
    counts.map(text).print();
  } else {
    auto sink = weir::KafkaSink<Event>::builder();
    sink.bootstrap_servers(servers)
        .topic(output)
        .key_serializer([](const Event& e) { return e.key; })
        .value_serializer(text)
        .delivery_guarantee(guarantee == "exactly-once" ? weir::DeliveryGuarantee::kExactlyOnce
                                                        : weir::DeliveryGuarantee::kAtLeastOnce)
        .transactional_id_prefix(prefix);
    if (accept_loss) sink.on_lost_transaction(weir::LostTransactions::kAccept);
    for_each(sink_properties, [&](auto name, auto value) { sink.property(name, value); });
    if (die_at_commit > 0) counts.sink_to(DyingSink(sink.build(), die_at_commit)).uid("results");
    else counts.sink_to(sink.build()).uid("results");
  }
  return env.execute("kafka counts");
}

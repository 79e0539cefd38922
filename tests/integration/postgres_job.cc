// The job of the tests against a real PostgreSQL: counts numbers by key, and writes each new count.
// Number i belongs to the key i % 6.

#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "weir/connector/jdbc_sink.h"
#include "weir/weir.h"

namespace {

constexpr int64_t kKeys = 6;

struct Event {
  std::string key;
  int64_t count = 1;
  int64_t number = 0;
  WEIR_FIELDS(Event, key, count, number)
};

/// Kills the process just before a commit of its sinks, or just after it, when the database has the
/// rows but no checkpoint knows.
class DyingCommitter final : public weir::Committer {
 public:
  DyingCommitter(std::unique_ptr<weir::Committer> committer, int64_t at, bool after)
      : committer_(std::move(committer)), at_(at), after_(after) {}
  weir::Status commit(const std::vector<std::string>& committables) override {
    static std::atomic<int64_t> commits{0};
    const bool last = !committables.empty() && ++commits == at_;
    if (last && !after_) raise(SIGKILL);
    weir::Status status = committer_->commit(committables);
    if (last) raise(SIGKILL);
    return status;
  }
  weir::StatusOr<std::vector<std::string>> find_orphans(const weir::SinkStart& start) override {
    return committer_->find_orphans(start);
  }

 private:
  const std::unique_ptr<weir::Committer> committer_;
  const int64_t at_;
  const bool after_;
};

class DyingSink final : public weir::Sink<Event> {
 public:
  DyingSink(weir::JdbcSink<Event> sink, int64_t at, bool after)
      : sink_(std::move(sink)), at_(at), after_(after) {}
  std::unique_ptr<weir::SinkWriter<Event>> create_writer() const override {
    return sink_.create_writer();
  }
  std::unique_ptr<weir::Committer> create_committer(
      weir::FileSystemRegistry& files) const override {
    return std::make_unique<DyingCommitter>(sink_.create_committer(files), at_, after_);
  }
  weir::Status probe(weir::FileSystemRegistry& files) const override { return sink_.probe(files); }

 private:
  const weir::JdbcSink<Event> sink_;
  const int64_t at_;
  const bool after_;
};

}  // namespace

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const std::string connection = env.flag("connection", "", "to PostgreSQL");
  const std::string sql = env.flag("sql", "", "the statement, with $1 = key, $2 = count, …");
  const std::string upsert = env.flag("upsert", "", "another statement, for a second sink");
  const std::string guarantee = env.flag("guarantee", "exactly-once", "of the sinks");
  const int64_t count = env.flag("count", int64_t{600}, "how many numbers");
  const int64_t rate = env.flag("rate", int64_t{0}, "numbers a second; 0: no limit");
  const int64_t padding = env.flag("padding", int64_t{0}, "bytes to add to each key");
  const int64_t die_before = env.flag("die-before-commit", int64_t{0}, "kills the process there");
  const int64_t die_after = env.flag("die-after-commit", int64_t{0}, "kills the process there");
  const bool forget = env.flag("forget-parameter", false, "sets only two of the parameters");
  const bool accept_older = env.flag("accept-older", false, "checkpoints");
  for (const char* name : {"die-before-commit", "die-after-commit", "rate", "accept-older"})
    env.may_vary(name);

  auto numbers = weir::GeneratorSource<Event>(count, [padding](int64_t i) {
    return Event{"k" + std::to_string(i % kKeys) + std::string(static_cast<size_t>(padding), 'x'),
                 1, i / kKeys};
  });
  if (rate > 0) numbers.rate(static_cast<double>(rate));
  const auto counts = env.from_source(numbers, weir::no_watermarks(), "numbers")
                          .uid("numbers")
                          .key_by(&Event::key)
                          .reduce([](const Event& a, const Event& b) {
                            return Event{a.key, a.count + 1, b.number};
                          })
                          .uid("counts");
  const auto sink_of = [&](const std::string& statement) {
    auto builder = weir::JdbcSink<Event>::builder();
    builder.connection(connection)
        .query_statement(statement,
                         [forget](weir::JdbcStatement& row, const Event& event) {
                           row.set(1, event.key).set(2, event.count);
                           if (!forget) row.set(3, event.number);
                         })
        .batch_size(200)
        .timeout(std::chrono::seconds(10))
        .delivery_guarantee(guarantee == "exactly-once" ? weir::DeliveryGuarantee::kExactlyOnce
                                                        : weir::DeliveryGuarantee::kAtLeastOnce);
    if (accept_older) builder.on_older_checkpoint(weir::OlderCheckpoint::kAccept);
    return builder.build();
  };
  const int64_t at = die_before > 0 ? die_before : die_after;
  if (at > 0) counts.sink_to(DyingSink(sink_of(sql), at, die_after > 0)).uid("results");
  else counts.sink_to(sink_of(sql)).uid("results");
  if (!upsert.empty()) counts.sink_to(sink_of(upsert)).uid("totals");
  return env.execute("counts in PostgreSQL");
}

// Does the memory of a job stay flat under checkpoints?
//
// One shard updates random keys of a large ValueState at full rate, with a checkpoint every second.
// The resident set is read every second. The largest of the last minute is compared with the
// largest of the first whole minute after the state is full (in a short run: the last sixth with
// the first). Exit code 1 if it is more than 1.05 times as large.
//
//   state_memory [--megabytes N] [--seconds N] [--interval-ms N] [--checkpoint-dir URI]

#include <weir/weir.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "keyed_count.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Payload {
  int64_t count = 0;
  int64_t a = 1, b = 2, c = 3, d = 4, e = 5;
  WEIR_FIELDS(Payload, count, a, b, c, d, e)
};

int64_t resident_mb() {
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * 4096 >> 20;
}

/// Each key once, then random ones for some time.
class Keys final : public weir::Source<Event> {
 public:
  Keys(uint64_t keys, int64_t seconds) : keys_(keys), seconds_(seconds) {}
  weir::StatusOr<std::vector<std::string>> enumerate(weir::FileSystemRegistry&,
                                                     int) const override {
    return std::vector<std::string>{};
  }
  std::unique_ptr<weir::SourceReader<Event>> create_reader() const override {
    return std::make_unique<Reader>(keys_, seconds_);
  }
  bool bounded() const override { return true; }

 private:
  class Reader final : public weir::SourceReader<Event> {
   public:
    Reader(uint64_t keys, int64_t seconds) : keys_(keys), seconds_(seconds) {}
    weir::Status open(weir::OperatorContext&) override { return {}; }
    void add_splits(std::vector<std::string>) override {}
    weir::PollResult poll(weir::BatchOf<Event>& out, size_t max_records) override {
      if (next_ >= keys_) {
        if (until_ == Clock::time_point()) until_ = Clock::now() + std::chrono::seconds(seconds_);
        if (Clock::now() >= until_) return {weir::PollResult::Status::kEnd};
      }
      for (size_t i = 0; i < max_records; ++i, ++next_)
        out.add(Event{next_ < keys_ ? next_ : key_of(next_, keys_)});
      return {};
    }
    std::vector<std::string> snapshot() override { return {}; }

   private:
    const uint64_t keys_;
    const int64_t seconds_;
    uint64_t next_ = 0;
    Clock::time_point until_;
  };
  const uint64_t keys_;
  const int64_t seconds_;
};

class Update final : public weir::KeyedProcessFunction<uint64_t, Event, int64_t> {
 public:
  void open(RuntimeContext& context) override {
    state_ = context.state(weir::ValueStateDescriptor<Payload>("payload"));
  }
  void process_element(const Event&, Context&, weir::Collector<int64_t>& out) override {
    out.collect(++state_.mutable_value().count);
  }

 private:
  weir::ValueState<Payload> state_;
};

/// Observed by the sink; used by the one shard, or after it is done.
struct Observations {
  std::vector<int64_t> resident_mb;  ///< each second since the state was full
  int64_t records = 0;
  int64_t checkpoints = 0;
};

class Watcher final : public weir::Sink<int64_t> {
 public:
  Watcher(uint64_t keys, std::shared_ptr<Observations> seen)
      : keys_(static_cast<int64_t>(keys)), seen_(std::move(seen)) {}
  std::unique_ptr<weir::SinkWriter<int64_t>> create_writer() const override {
    return std::make_unique<Writer>(keys_, seen_);
  }
  std::unique_ptr<weir::Committer> create_committer(weir::FileSystemRegistry&) const override {
    return nullptr;
  }
  weir::Status probe(weir::FileSystemRegistry&) const override { return {}; }

 private:
  class Writer final : public weir::SinkWriter<int64_t> {
   public:
    Writer(int64_t keys, std::shared_ptr<Observations> seen)
        : keys_(keys), seen_(std::move(seen)) {}
    weir::Status open(weir::OperatorContext&) override { return {}; }
    void write(weir::BatchOf<int64_t>& batch) override {
      seen_->records += static_cast<int64_t>(batch.size());
      const auto now = Clock::now();
      if (seen_->records < keys_ || now < next_) return;
      next_ = now + std::chrono::seconds(1);
      seen_->resident_mb.push_back(resident_mb());
    }
    std::vector<std::string> prepare_commit(weir::SnapshotContext&) override {
      ++seen_->checkpoints;
      return {};
    }

   private:
    const int64_t keys_;
    const std::shared_ptr<Observations> seen_;
    Clock::time_point next_;
  };
  const int64_t keys_;
  const std::shared_ptr<Observations> seen_;
};

int64_t largest(const std::vector<int64_t>& samples, size_t from, size_t to) {
  return *std::max_element(samples.begin() + static_cast<std::ptrdiff_t>(from),
                           samples.begin() + static_cast<std::ptrdiff_t>(to));
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> flags = {{"--megabytes", "500"},
                                              {"--seconds", "600"},
                                              {"--interval-ms", "1000"},
                                              {"--checkpoint-dir", "/tmp/weir-state-memory"}};
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!flags.contains(argv[i])) {
      std::fprintf(stderr, "error: unknown flag %s\n", argv[i]);
      return 2;
    }
    flags[argv[i]] = argv[i + 1];
  }
  const uint64_t keys =
      std::stoull(flags["--megabytes"]) * 1'000'000 / (sizeof(uint64_t) + sizeof(Payload));
  const int64_t seconds = std::stoll(flags["--seconds"]);
  const auto seen = std::make_shared<Observations>();
  const char* args[] = {"state_memory"};
  auto env = weir::StreamExecutionEnvironment::from_args(1, args);
  env.enable_checkpointing(std::chrono::milliseconds(std::stoll(flags["--interval-ms"])))
      .set_state_backend(weir::FsStateBackend(flags["--checkpoint-dir"]))
      .configure("weir.progress", "false");
  env.from_source(Keys(keys, seconds), weir::no_watermarks(), "keys")
      .key_by(&Event::key)
      .process(Update{})
      .sink_to(Watcher(keys, seen));
  const int code = env.execute("state memory");
  std::filesystem::remove_all(flags["--checkpoint-dir"]);
  if (code != 0) return code;

  // The first seconds don't count: the state grows to its size under checkpoints.
  const auto& samples = seen->resident_mb;
  const size_t part = std::min<size_t>(60, samples.size() / 6);
  if (part == 0) {
    std::fprintf(stderr, "error: %zu samples are too few: give --seconds at least 12\n",
                 samples.size());
    return 2;
  }
  for (size_t at = 0; at < samples.size(); at += part) {
    std::printf("second %4zu: %ld MB resident\n", at,
                largest(samples, at, std::min(at + part, samples.size())));
  }
  const int64_t first = largest(samples, part, 2 * part);
  const int64_t last = largest(samples, samples.size() - part, samples.size());
  const double ratio = static_cast<double>(last) / static_cast<double>(first);
  std::printf(
      "%lu keys, %ld records, %ld checkpoints; the last %zu s against the first after the start: "
      "%ld / %ld MB = %.2f (at most 1.05)\n",
      keys, seen->records, seen->checkpoints, part, last, first, ratio);
  return ratio <= 1.05 ? 0 : 1;
}

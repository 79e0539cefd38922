// How does a checkpoint of a gigabyte of keyed state affect the records?
//
// One shard updates random keys of a large ValueState. The first phase fills the state, the second
// runs without a checkpoint, and then one checkpoint is taken while records flow. Printed: how long
// the shard paused at the barrier, when the next result came after it, and the throughput while the
// checkpoint was written, compared with that just before. Pages that change after the barrier are
// copied. Copies into memory that is not ready also pay for its first touch, so the cost of that on
// this machine is printed first.
//
//   snapshot_pause [--megabytes N] [--checkpoint-dir URI]

#include <weir/weir.h>

#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Payload {
  int64_t count = 0;
  int64_t a = 1, b = 2, c = 3, d = 4, e = 5;
  WEIR_FIELDS(Payload, count, a, b, c, d, e)
};
struct Event {
  uint64_t key = 0;
  WEIR_FIELDS(Event, key)
};

/// One checkpoint as seen by the records.
struct Seen {
  Clock::time_point last_write_before, barrier, first_write_after, done;
  int64_t at_barrier = 0, at_done = 0;
};
/// Shared by the parts of the job; everything but the atomics is used only by the one shard, or
/// after it is done.
struct Observations {
  std::atomic<bool> stop{false};
  std::atomic<int> completed{0};
  int64_t written = 0;
  Clock::time_point last_write;
  std::vector<Seen> checkpoints;
  std::vector<std::pair<Clock::time_point, int64_t>> samples;
};
constexpr int kCheckpoints = 3;

class Keys final : public weir::Source<Event> {
 public:
  Keys(uint64_t keys, std::shared_ptr<Observations> seen) : keys_(keys), seen_(std::move(seen)) {}
  weir::StatusOr<std::vector<std::string>> enumerate(weir::FileSystemRegistry&,
                                                     int) const override {
    return std::vector<std::string>{};
  }
  std::unique_ptr<weir::SourceReader<Event>> create_reader() const override {
    return std::make_unique<Reader>(keys_, seen_);
  }
  bool bounded() const override { return true; }

 private:
  class Reader final : public weir::SourceReader<Event> {
   public:
    Reader(uint64_t keys, std::shared_ptr<Observations> seen)
        : keys_(keys), seen_(std::move(seen)) {}
    weir::Status open(weir::OperatorContext&) override { return {}; }
    void add_splits(std::vector<std::string>) override {}
    weir::PollResult poll(weir::BatchOf<Event>& out, size_t max_records) override {
      if (seen_->stop) return {weir::PollResult::Status::kEnd};
      for (size_t i = 0; i < max_records; ++i, ++next_) {
        out.add(Event{next_ < keys_ ? next_ : (next_ * 0x9E3779B97F4A7C15u >> 20) % keys_});
      }
      return {};
    }
    std::vector<std::string> snapshot() override { return {}; }

   private:
    const uint64_t keys_;
    const std::shared_ptr<Observations> seen_;
    uint64_t next_ = 0;
  };
  const uint64_t keys_;
  const std::shared_ptr<Observations> seen_;
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

class Watcher final : public weir::Sink<int64_t> {
 public:
  explicit Watcher(std::shared_ptr<Observations> seen) : seen_(std::move(seen)) {}
  std::unique_ptr<weir::SinkWriter<int64_t>> create_writer() const override {
    return std::make_unique<Writer>(seen_);
  }
  std::unique_ptr<weir::Committer> create_committer(weir::FileSystemRegistry&) const override {
    return std::make_unique<Committer>(seen_);
  }
  weir::Status probe(weir::FileSystemRegistry&) const override { return {}; }

 private:
  class Writer final : public weir::SinkWriter<int64_t> {
   public:
    explicit Writer(std::shared_ptr<Observations> seen) : seen_(std::move(seen)) {}
    weir::Status open(weir::OperatorContext&) override { return {}; }
    void write(weir::BatchOf<int64_t>& batch) override {
      const auto now = Clock::now();
      seen_->last_write = now;
      seen_->written += static_cast<int64_t>(batch.size());
      if (seen_->samples.empty() ||
          now - seen_->samples.back().first > std::chrono::milliseconds(20)) {
        seen_->samples.push_back({now, seen_->written});
      }
      if (seen_->checkpoints.empty()) return;
      Seen& last = seen_->checkpoints.back();
      if (last.first_write_after == Clock::time_point()) last.first_write_after = now;
      if (last.at_done == 0 && seen_->completed == static_cast<int>(seen_->checkpoints.size())) {
        last.at_done = seen_->written;
        last.done = now;
        if (seen_->completed == kCheckpoints) seen_->stop = true;
      }
    }
    std::vector<std::string> prepare_commit(weir::SnapshotContext&) override {
      if (seen_->stop) return {};
      seen_->checkpoints.push_back({seen_->last_write, Clock::now(), {}, {}, seen_->written, 0});
      return {"completed"};
    }

   private:
    const std::shared_ptr<Observations> seen_;
  };
  class Committer final : public weir::Committer {
   public:
    explicit Committer(std::shared_ptr<Observations> seen) : seen_(std::move(seen)) {}
    weir::Status commit(const std::vector<std::string>& committables) override {
      seen_->completed += static_cast<int>(committables.size());
      return {};
    }

   private:
    const std::shared_ptr<Observations> seen_;
  };
  const std::shared_ptr<Observations> seen_;
};

double ms(Clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

void print_cost_of_first_touch() {
  constexpr size_t kBytes = size_t{256} << 20;
  void* start = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return;
  ::madvise(start, kBytes, MADV_HUGEPAGE);
  double took[2];
  for (double& each : took) {
    const auto before = Clock::now();
    for (size_t at = 0; at < kBytes; at += 64) static_cast<volatile char*>(start)[at] = 1;
    each = ms(Clock::now() - before) * 1e6 / static_cast<double>(kBytes);
  }
  ::munmap(start, kBytes);
  std::printf("memory: %.2f ns a byte when first touched, %.2f when touched again\n", took[0],
              took[1]);
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> flags = {{"--megabytes", "1000"},
                                              {"--checkpoint-dir", "/tmp/weir-snapshot-pause"}};
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!flags.contains(argv[i])) {
      std::fprintf(stderr, "error: unknown flag %s\n", argv[i]);
      return 2;
    }
    flags[argv[i]] = argv[i + 1];
  }
  print_cost_of_first_touch();
  const uint64_t keys =
      std::stoull(flags["--megabytes"]) * 1'000'000 / (sizeof(uint64_t) + sizeof(Payload));
  const auto seen = std::make_shared<Observations>();
  const char* args[] = {"snapshot_pause"};
  auto env = weir::StreamExecutionEnvironment::from_args(1, args);
  env.set_state_backend(weir::FsStateBackend(flags["--checkpoint-dir"]));
  // The first checkpoint comes when the state is full and has been updated for a while.
  env.configure("execution.checkpointing.event-threshold", std::to_string(keys + 60'000'000))
      .configure("weir.progress", "false");
  env.from_source(Keys(keys, seen), weir::no_watermarks(), "keys")
      .key_by(&Event::key)
      .process(Update{})
      .sink_to(Watcher(seen));
  const int code = env.execute("snapshot pause");
  if (code != 0) return code;

  std::printf("keys %lu, %zu bytes of key and value each\n", keys,
              sizeof(uint64_t) + sizeof(Payload));
  std::printf(
      "checkpoint  shard stood still  next result after  barrier to completion  throughput during "
      "/ before\n");
  for (size_t n = 0; n < seen->checkpoints.size(); ++n) {
    const Seen& c = seen->checkpoints[n];
    // The baseline of the checkpoint: the second before its barrier.
    std::pair<Clock::time_point, int64_t> before = {c.barrier, c.at_barrier};
    for (const auto& sample : seen->samples) {
      if (sample.first < c.barrier && c.barrier - sample.first <= std::chrono::seconds(1)) {
        before = sample;
        break;
      }
    }
    const double rate_before =
        static_cast<double>(c.at_barrier - before.second) / ms(c.barrier - before.first);
    const double rate_during =
        static_cast<double>(c.at_done - c.at_barrier) / ms(c.done - c.barrier);
    std::printf("%10zu %14.3f ms %15.3f ms %19.0f ms %17.2f\n", n + 1,
                ms(c.barrier - c.last_write_before), ms(c.first_write_after - c.barrier),
                ms(c.done - c.barrier), rate_during / rate_before);
  }
  std::filesystem::remove_all(flags["--checkpoint-dir"]);
  return 0;
}

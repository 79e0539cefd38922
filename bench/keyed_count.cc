// Keyed count: how much of a hand-written loop's speed does the engine keep?
//
// Every record has a key. Its result is the number of records with that key so far; all results are
// added up. The hand-written loop does this in one thread over an absl::flat_hash_map; the engine
// does it as source -> key_by -> process -> sink, with a ValueState per key. They run alternately,
// and ratios are computed within a round, because these machines are noisy.
//
//   keyed_count [--records N] [--keys N] [--rounds N] [--checkpoint-dir URI]

#include <absl/container/flat_hash_map.h>
#include <weir/weir.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>

#include "keyed_count.h"

namespace {

/// Adds up the digests of all records.
class DigestSink final : public weir::Sink<Count> {
 public:
  std::unique_ptr<weir::SinkWriter<Count>> create_writer() const override {
    return std::make_unique<Writer>(*total_);
  }
  std::unique_ptr<weir::Committer> create_committer(weir::FileSystemRegistry&) const override {
    return nullptr;
  }
  weir::Status probe(weir::FileSystemRegistry&) const override { return {}; }
  uint64_t total() const { return *total_; }

 private:
  class Writer final : public weir::SinkWriter<Count> {
   public:
    explicit Writer(std::atomic<uint64_t>& total) : total_(total) {}
    weir::Status open(weir::OperatorContext&) override { return {}; }
    void write(weir::BatchOf<Count>& batch) override {
      uint64_t sum = 0;
      for (const Count& count : batch.records) sum += digest_of(count.key, count.count);
      total_.fetch_add(sum, std::memory_order_relaxed);
    }
    std::vector<std::string> prepare_commit(weir::SnapshotContext&) override { return {}; }

   private:
    std::atomic<uint64_t>& total_;
  };
  std::shared_ptr<std::atomic<uint64_t>> total_ = std::make_shared<std::atomic<uint64_t>>(0);
};

struct Run {
  double seconds = 0;
  uint64_t digest = 0;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Run by_hand(uint64_t records, uint64_t keys) {
  const auto begin = std::chrono::steady_clock::now();
  absl::flat_hash_map<uint64_t, int64_t> counts;
  uint64_t digest = 0;
  for (uint64_t i = 0; i < records; ++i) {
    const uint64_t key = key_of(i, keys);
    digest += digest_of(key, ++counts[key]);
  }
  return {seconds_since(begin), digest};
}

Run by_engine(uint64_t records, uint64_t keys, int parallelism, const std::string& checkpoint_dir) {
  const auto begin = std::chrono::steady_clock::now();
  const char* argv[] = {"keyed_count"};
  auto env = weir::StreamExecutionEnvironment::from_args(1, argv);
  env.set_parallelism(parallelism).configure("weir.progress", "false");
  if (!checkpoint_dir.empty()) {
    env.enable_checkpointing(std::chrono::seconds(1))
        .set_state_backend(weir::FsStateBackend(checkpoint_dir));
  }
  DigestSink sink;
  env.from_source(weir::GeneratorSource<Event>(
                      static_cast<int64_t>(records),
                      [keys](int64_t i) { return Event{key_of(static_cast<uint64_t>(i), keys)}; }),
                  weir::no_watermarks(), "events")
      .key_by(&Event::key)
      .process(CountPerKey{})
      .sink_to(sink);
  if (env.execute("keyed count") != 0) std::exit(1);
  return {seconds_since(begin), sink.total()};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> flags = {{"--records", "60000000"},
                                              {"--keys", "1000000"},
                                              {"--rounds", "5"},
                                              {"--checkpoint-dir", "/tmp/weir-keyed-count"}};
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!flags.contains(argv[i])) {
      std::fprintf(stderr, "error: unknown flag %s\n", argv[i]);
      return 2;
    }
    flags[argv[i]] = argv[i + 1];
  }
  const uint64_t records = std::stoull(flags["--records"]), keys = std::stoull(flags["--keys"]);
  const int rounds = std::stoi(flags["--rounds"]);

  std::vector<double> plain, checkpointed, two;
  std::printf("keyed count: %lu records, %lu keys; ns per record\n", records, keys);
  std::printf("%-6s %9s %9s %12s %9s   %s\n", "round", "by hand", "weir p=1", "p=1, chk 1s",
              "weir p=2", "ratios of speed: p1/hand  chk/hand  p2/p1");
  for (int round = 0; round < rounds; ++round) {
    const Run hand = by_hand(records, keys);
    const Run p1 = by_engine(records, keys, 1, "");
    std::filesystem::remove_all(flags["--checkpoint-dir"]);
    const Run chk = by_engine(records, keys, 1, flags["--checkpoint-dir"]);
    const Run p2 = by_engine(records, keys, 2, "");
    for (const Run& run : {p1, chk, p2}) {
      if (run.digest != hand.digest) {
        std::printf("error: digest %016lx differs from the loop's %016lx\n", run.digest,
                    hand.digest);
        return 1;
      }
    }
    plain.push_back(hand.seconds / p1.seconds);
    checkpointed.push_back(hand.seconds / chk.seconds);
    two.push_back(p1.seconds / p2.seconds);
    const double ns = 1e9 / static_cast<double>(records);
    std::printf("%-6d %9.1f %9.1f %12.1f %9.1f   %22.2f %9.2f %6.2f\n", round, hand.seconds * ns,
                p1.seconds * ns, chk.seconds * ns, p2.seconds * ns, plain.back(),
                checkpointed.back(), two.back());
    std::fflush(stdout);
  }
  std::printf("median of ratios: p1/hand %.2f, with a checkpoint each second %.2f, p2/p1 %.2f\n",
              median(plain), median(checkpointed), median(two));
  std::filesystem::remove_all(flags["--checkpoint-dir"]);
  return 0;
}

// The cost of sliding windows of a minute that start every second, and of session windows, compared
// with tumbling windows of a minute. All process the same records, alternately in one process. The
// state is the size of a snapshot in the middle of a minute.
//
// Sliding windows emit up to 60 times as many results as tumbling ones. The loop by hand is the
// least that these results cost: it makes the same ones from an array, without hashing, state,
// snapshots or late records, and it subtracts panes where an aggregate can only merge them.
//     sliding_windows [records a minute] [keys...]

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "bench_operator.h"
#include "weir/detail/window/make_window.h"
#include "weir/window/windows.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

struct Event {
  uint64_t key = 0;
  int64_t value = 0;
  WEIR_FIELDS(Event, key, value)
};

/// An aggregate without merge().
struct PlainMean {
  struct Accumulator {
    int64_t sum = 0;
    int64_t count = 0;
    WEIR_FIELDS(Accumulator, sum, count)
  };
  Accumulator create_accumulator() const { return {}; }
  void add(const Event& event, Accumulator& a) const {
    a.sum += event.value;
    ++a.count;
  }
  double get_result(const Accumulator& a) const {
    return static_cast<double>(a.sum) / static_cast<double>(a.count);
  }
};
struct Mean : PlainMean {
  void merge(const Accumulator& from, Accumulator& into) const {
    into.sum += from.sum;
    into.count += from.count;
  }
};

/// Processor time of this thread, to exclude most of the machine's other load.
double seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

size_t state_bytes(Operator& op) {
  const auto snapshot = op.keyed_state()->snapshot();
  size_t bytes = 0;
  for (int group = 0; group < 128; ++group) {
    BinaryWriter out;
    if (!snapshot->write_group(group, out).ok()) std::abort();
    bytes += out.size();
  }
  return bytes;
}

struct Result {
  double ns = 1e18;
  size_t results = 0;
  size_t bytes = 0;
};

/// Runs three minutes of records; the middle one is measured, results included.
void run(Operator& op, size_t records, size_t keys, Result* best) {
  std::mt19937_64 random(42);
  BenchContext context;
  if (!op.open(context).ok()) std::abort();
  Blackhole out;
  BatchOf<Event> batch;
  double spent = 0;
  size_t seen = 0;
  const int64_t per_second = static_cast<int64_t>(records) / 60;
  for (int64_t second = 0; second < 150; ++second) {
    const bool measured = second >= 60 && second < 120;
    for (int64_t i = 0; i < per_second;) {
      for (; i < per_second && batch.size() < 512; ++i)
        batch.add({random() % keys, 1}, second * 1000 + i * 1000 / per_second);
      const double start = seconds();
      op.process(batch, out);
      if (measured) spent += seconds() - start;
      batch.clear();
    }
    const size_t before = out.seen;
    const double start = seconds();
    while (op.advance_watermark(second * 1000 + 999, out) == Progress::kMore) {}
    if (measured) spent += seconds() - start, seen += out.seen - before;
  }
  best->ns = std::min(best->ns, spent / static_cast<double>(per_second * 60) * 1e9);
  best->results = seen;
  best->bytes = op.keyed_state() == nullptr ? 0 : state_bytes(op);
  op.close();
}

/// The sliding windows of Mean by hand. Keys are indices.
class ByHand final : public Operator {
 public:
  explicit ByHand(size_t keys) : keys_(keys) {}
  Status open(OperatorContext&) override { return {}; }
  void process(Batch& batch, Output&) override {
    const auto& in = static_cast<const BatchOf<Event>&>(batch);
    for (size_t i = 0; i < in.size(); ++i) {
      const Event& event = in.records[i];
      OfKey& key = keys_[event.key];
      Sum& pane = key.panes[static_cast<size_t>(in.timestamp(i) / 1000 % 60)];
      pane.sum += event.value, ++pane.count;
      key.all.sum += event.value, ++key.all.count;
    }
  }
  Progress advance_watermark(Timestamp watermark, Output& out) override {
    const auto oldest = static_cast<size_t>((watermark + 1) / 1000 % 60);
    for (OfKey& key : keys_) {
      if (key.all.count == 0) continue;
      results_.add(static_cast<double>(key.all.sum) / static_cast<double>(key.all.count),
                   watermark);
      key.all.sum -= key.panes[oldest].sum, key.all.count -= key.panes[oldest].count;
      key.panes[oldest] = {};
      if (results_.size() == 1024) out.emit(results_);
    }
    out.emit(results_);
    return Progress::kDone;
  }

 private:
  struct Sum {
    int64_t sum = 0;
    int64_t count = 0;
  };
  struct OfKey {
    Sum all;
    Sum panes[60];
  };
  std::vector<OfKey> keys_;
  BatchOf<double> results_;
};

void compare(size_t records, size_t keys) {
  const auto tumbling = TumblingEventTimeWindows::of(60s);
  const auto sliding = SlidingEventTimeWindows::of(60s, 1s);
  const auto session = EventTimeSessionWindows::with_gap(1s);
  Result t, s, hand, sessions, plain;
  for (int round = 0; round < 3; ++round) {
    run(*detail::make_window_aggregate<Event>(&Event::key, tumbling, Mean())(), records, keys, &t);
    run(*detail::make_window_aggregate<Event>(&Event::key, sliding, Mean())(), records, keys, &s);
    ByHand by_hand(keys);
    run(by_hand, records, keys, &hand);
    run(*detail::make_window_aggregate<Event>(&Event::key, session, Mean())(), records, keys,
        &sessions);
  }
  run(*detail::make_window_aggregate<Event>(&Event::key, sliding, PlainMean())(), records / 20,
      keys, &plain);
  const auto line = [&](const char* what, const Result& r) {
    std::printf("  %-34s %8.1f ns a record  %5.2f x  %9zu results a minute  %8.1f MB of state\n",
                what, r.ns, r.ns / t.ns, r.results, static_cast<double>(r.bytes) / 1e6);
  };
  std::printf("%zu records a minute, %zu keys\n", records, keys);
  line("tumbling 60 s", t);
  line("sliding 60 s by 1 s, in panes", s);
  line("the same results by hand", hand);
  line("sessions with a gap of 1 s", sessions);
  line("the same without merge, records/20", plain);
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  const size_t records = argc > 1 ? static_cast<size_t>(std::atoll(argv[1])) : 6'000'000;
  std::vector<size_t> keys;
  for (int i = 2; i < argc; ++i) keys.push_back(static_cast<size_t>(std::atoll(argv[i])));
  if (keys.empty()) keys = {100, 1'000, 10'000};
  for (const size_t n : keys) weir::compare(records, n);
}

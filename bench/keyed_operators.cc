// The cost of keyed state per record, compared with a hand-written loop; both run alternately in
// one process.
//     keyed_operators [records] [keys...]

#include "weir/detail/stream/keyed_operators.h"

#include <absl/container/flat_hash_map.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "bench_operator.h"

namespace weir {
namespace {

struct Count {
  uint64_t key = 0;
  uint64_t count = 0;
  WEIR_FIELDS(Count, key, count)
};
struct Word {
  std::string key;
  uint64_t count = 0;
  WEIR_FIELDS(Word, key, count)
};

template <class R>
class CountPerKey : public KeyedProcessFunction<decltype(R::key), R, R> {
 public:
  using Base = KeyedProcessFunction<decltype(R::key), R, R>;
  void open(typename Base::RuntimeContext& context) override {
    count_ = context.state(ValueStateDescriptor<uint64_t>{"count"});
  }
  void process_element(const R& record, typename Base::Context&, Collector<R>& out) override {
    uint64_t& count = count_.mutable_value();
    count += record.count;
    out.collect(R{record.key, count});
  }

 private:
  ValueState<uint64_t> count_;
};

/// Processor time of this thread, to exclude most of the machine's other load.
double seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Nanoseconds per record, results included: the loop also puts them into batches.
template <class R>
double loop(const std::vector<R>& records, size_t from, size_t to,
            absl::flat_hash_map<decltype(R::key), uint64_t>& counts) {
  Blackhole out;
  BatchOf<R> batch;
  const double start = seconds();
  for (size_t i = from; i < to; ++i) {
    uint64_t& count = counts[records[i].key];
    count += records[i].count;
    batch.records.push_back(R{records[i].key, count});
    if (batch.size() == 1024) out.emit(batch);
  }
  return (seconds() - start) / static_cast<double>(to - from) * 1e9;
}
template <class R>
double bare_loop(const std::vector<R>& records, size_t from, size_t to,
                 absl::flat_hash_map<decltype(R::key), uint64_t>& counts) {
  const double start = seconds();
  for (size_t i = from; i < to; ++i) ++counts[records[i].key];
  return (seconds() - start) / static_cast<double>(to - from) * 1e9;
}

template <class R>
double engine(const std::vector<R>& records, size_t from, size_t to, Operator& op) {
  Blackhole out;
  BatchOf<R> batch;
  double spent = 0;
  for (size_t i = from; i < to;) {
    for (; i < to && batch.size() < 1024; ++i) batch.records.push_back(records[i]);
    const double start = seconds();
    op.process(batch, out);
    spent += seconds() - start;
    batch.clear();
  }
  return spent / static_cast<double>(to - from) * 1e9;
}

struct Best {
  double first = 0;
  double best = 1e9;
  void add(double ns) {
    if (first == 0) first = ns;
    best = std::min(best, ns);
  }
};

template <class R, class MakeKey>
void compare(const char* what, size_t count, size_t keys, MakeKey make_key) {
  std::vector<R> records(count);
  std::mt19937_64 random(42);
  for (R& record : records) record = R{make_key(random() % keys), 1};

  const auto add = [](R a, const R& b) {
    a.count += b.count;
    return a;
  };
  using Key = decltype(&R::key);
  BenchContext context;
  detail::ReduceOperator<R, Key, std::decay_t<decltype(add)>> reduce(&R::key, add);
  detail::KeyedProcessOperator<CountPerKey<R>, R, Key> process(&R::key, CountPerKey<R>{});
  if (!reduce.open(context).ok() || !process.open(context).ok()) std::abort();
  absl::flat_hash_map<decltype(R::key), uint64_t> bare_counts;
  absl::flat_hash_map<decltype(R::key), uint64_t> counts;

  Best bare, plain, reduced, processed;
  const size_t rounds = 8;
  for (size_t round = 0; round < rounds; ++round) {
    const size_t from = count / rounds * round;
    const size_t to = count / rounds * (round + 1);
    bare.add(bare_loop(records, from, to, bare_counts));
    plain.add(loop(records, from, to, counts));
    reduced.add(engine(records, from, to, reduce));
    processed.add(engine(records, from, to, process));
  }
  std::printf(
      "%-7s %8zu keys   ++map[key] %5.1f ns, with results %5.1f | reduce %5.1f (%.2f x) process "
      "%5.1f (%.2f x) | first round: "
      "%5.1f %5.1f %5.1f %5.1f\n",
      what, keys, bare.best, plain.best, reduced.best, reduced.best / bare.best, processed.best,
      processed.best / bare.best, bare.first, plain.first, reduced.first, processed.first);

  // Measures the pause of a snapshot, and the cost of copying after it while the snapshot is
  // unread. The first one takes memory from the system; the next ones reuse it.
  for (int i = 0; i < 3; ++i) {
    const double start = seconds();
    auto snapshot = reduce.keyed_state()->snapshot();
    const double pause = seconds() - start;
    const double copying = engine(records, 0, count / rounds, reduce);
    snapshot.reset();
    const double after = engine(records, 0, count / rounds, reduce);
    std::printf(
        "        snapshot() %.1f us; a record while it is unread %.1f ns, after it %.1f ns\n",
        pause * 1e6, copying, after);
  }
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  const size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 16'000'000;
  std::vector<size_t> keys;
  for (int i = 2; i < argc; ++i) keys.push_back(std::strtoull(argv[i], nullptr, 10));
  if (keys.empty()) keys = {1000, 100'000, 1'000'000, 5'000'000};
  for (const size_t n : keys) {
    weir::compare<weir::Count>("uint64", count, n, [](uint64_t key) { return key; });
    weir::compare<weir::Word>("string", count / 4, n,
                              [](uint64_t key) { return "key " + std::to_string(key); });
  }
}

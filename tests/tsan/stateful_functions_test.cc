// Every kind of user function keeps its own buffer between two calls, as "copied for each subtask
// and called by one thread at a time" allows. If two threads shared one, the thread sanitizer would
// report a race, and the results would be wrong.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>

#include "weir/weir.h"

namespace {

using namespace std::chrono_literals;

constexpr int64_t kRecords = 20000;
constexpr int64_t kKeys = 50;

struct Sale {
  std::string shop;
  std::string item;
  int64_t count = 0;
  int64_t time = 0;
  WEIR_FIELDS(Sale, shop, item, count, time)
};

/// A function's buffer between two calls. Long enough to be allocated outside the object.
struct Scratch {
  mutable std::string text;
  const std::string& join(const std::string& a, const std::string& b) const {
    text = "a buffer that is used again: ";
    text += a;
    text += '/';
    text += b;
    return text;
  }
};

struct MakeSale {
  Scratch scratch;
  Sale operator()(int64_t i) const {
    const std::string& text = scratch.join(std::to_string(i % kKeys), "x");
    return Sale{text.substr(text.find(':') + 2), "i" + std::to_string(i % 3), 1, i};
  }
};
struct TimeOf {
  Scratch scratch;
  int64_t operator()(const Sale& sale) {
    return scratch.join(sale.shop, sale.item).empty() ? 0 : sale.time;
  }
};
struct Same {
  Scratch scratch;
  Sale operator()(const Sale& sale) const {
    (void)scratch.join(sale.shop, sale.item);
    return sale;
  }
};
struct Keep {
  Scratch scratch;
  bool operator()(const Sale& sale) const { return !scratch.join(sale.shop, sale.item).empty(); }
};
struct Repeat {
  Scratch scratch;
  void operator()(const Sale& sale, weir::Collector<Sale>& out) const {
    if (!scratch.join(sale.item, sale.shop).empty()) out.collect(sale);
  }
};
struct ShopAndItem {
  Scratch scratch;
  const std::string& operator()(const Sale& sale) const {
    return scratch.join(sale.shop, sale.item);
  }
};
struct Add {
  Scratch scratch;
  Sale operator()(Sale so_far, const Sale& sale) const {
    (void)scratch.join(sale.shop, sale.item);
    so_far.count += sale.count;
    return so_far;
  }
};
struct Total {
  struct Accumulator {
    int64_t count = 0;
    WEIR_FIELDS(Accumulator, count)
  };
  Scratch scratch;
  Accumulator create_accumulator() const { return {}; }
  void add(const Sale& sale, Accumulator& a) const {
    (void)scratch.join(sale.shop, sale.item);
    a.count += sale.count;
  }
  int64_t get_result(const Accumulator& a) const { return a.count; }
};
struct OfWindow : weir::ProcessWindowFunction<int64_t, int64_t, std::string> {
  Scratch scratch;
  void process(const std::string& key, const weir::WindowContext&,
               const std::vector<int64_t>& counts, weir::Collector<int64_t>& out) override {
    if (!scratch.join(key, key).empty()) out.collect(counts[0]);
  }
};
struct Forward : weir::KeyedProcessFunction<std::string, Sale, Sale> {
  Scratch scratch;
  weir::ValueState<int64_t> seen;
  weir::ListState<std::string> texts;
  void open(RuntimeContext& context) override {
    seen = context.state(weir::ValueStateDescriptor<int64_t>{"seen"});
    texts = context.state(weir::ListStateDescriptor<std::string>{"texts"});
  }
  void process_element(const Sale& sale, Context& context, weir::Collector<Sale>& out) override {
    ++seen.mutable_value();
    if (seen.value_or(0) < 5) texts.add(scratch.join(sale.shop, sale.item));
    context.timer_service().register_event_time_timer(sale.time + 1);
    out.collect(sale);
  }
  void on_timer(weir::Timestamp, OnTimerContext& context, weir::Collector<Sale>&) override {
    (void)scratch.join(context.current_key(), "timer");
  }
};
template <class T>
struct Format {
  Scratch scratch;
  void operator()(const T& value, std::string& out) const {
    if constexpr (std::is_same_v<T, Sale>) {
      out += scratch.join(value.shop, value.item) + " " + std::to_string(value.count);
    } else {
      out += scratch.join(std::to_string(value), "").substr(scratch.text.find(':') + 2);
    }
    out += '\n';
  }
};
struct FailOnce {
  std::shared_ptr<std::atomic<bool>> failed = std::make_shared<std::atomic<bool>>(false);
  bool operator()(const Sale& sale) const {
    if (sale.time == kRecords / 2 && !failed->exchange(true)) throw std::runtime_error("once");
    return true;
  }
};

std::vector<std::string> lines_of(const std::filesystem::path& directory) {
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (!entry.path().filename().string().starts_with("part-")) continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) lines.push_back(line);
  }
  return lines;
}

TEST(StatefulFunctions, NoTwoThreadsShareOne) {
  const auto folder =
      std::filesystem::path(testing::TempDir()) / ("weir_tsan_test_" + std::to_string(getpid()));
  std::filesystem::remove_all(folder);
  const char* arguments[] = {"job", "--parallelism", "4", "-D", "weir.progress=false"};
  auto env = weir::StreamExecutionEnvironment::from_args(5, arguments);
  env.enable_checkpointing(20ms);
  env.set_state_backend(weir::FsStateBackend((folder / "checkpoints").string()));
  weir::CollectSink<Sale> sums;
  const auto strategy =
      weir::for_bounded_out_of_orderness<Sale>(30000ms).with_timestamp_assigner(TimeOf());
  const auto sales = env.from_source(weir::GeneratorSource<Sale>(kRecords, MakeSale()).rate(40000),
                                     strategy, "sales")
                         .map(Same())
                         .filter(Keep())
                         .rebalance()
                         .flat_map(Repeat())
                         .filter(FailOnce());
  sales.key_by(ShopAndItem()).reduce(Add()).sink_to(sums);
  sales.key_by(ShopAndItem())
      .process(Forward())
      .key_by(ShopAndItem())
      .sum(&Sale::count)
      .name("sum again")
      .sink_to(weir::FileSink<Sale>((folder / "sums").string(), Format<Sale>()));
  sales.key_by(ShopAndItem())
      .window(weir::TumblingEventTimeWindows::of(1000ms))
      .aggregate(Total(), OfWindow())
      .sink_to(weir::FileSink<int64_t>((folder / "windows").string(), Format<int64_t>()));
  sales.broadcast().filter(Keep()).map(Same()).sink_to(
      weir::FileSink<Sale>((folder / "all").string(), Format<Sale>()));
  ASSERT_EQ(env.execute("stateful functions"), 0);

  std::map<std::string, int64_t> last;
  for (const Sale& sale : sums.records())
    last[sale.shop + sale.item] = std::max(last[sale.shop + sale.item], sale.count);
  int64_t total = 0;
  for (const auto& [key, count] : last) total += count;
  EXPECT_EQ(last.size(), static_cast<size_t>(kKeys * 3));
  EXPECT_EQ(total, kRecords);
  EXPECT_EQ(lines_of(folder / "sums").size(), static_cast<size_t>(kRecords));
  EXPECT_EQ(lines_of(folder / "all").size(), static_cast<size_t>(4 * kRecords));
  total = 0;
  for (const std::string& line : lines_of(folder / "windows")) total += std::stoll(line);
  EXPECT_EQ(total, kRecords);
  std::filesystem::remove_all(folder);
}

}  // namespace

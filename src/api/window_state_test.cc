// State of window functions: of a key, and of a key and window.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

using Texts = std::vector<TestRecord<std::string>>;
using Harness = StreamTestHarness<int64_t, std::string>;

/// "key [start): number of elements, firing of the window, firing of the key".
class Count final : public ProcessWindowFunction<int64_t, std::string, int64_t> {
 public:
  explicit Count(std::shared_ptr<int> cleared = std::make_shared<int>(0))
      : cleared_(std::move(cleared)) {}
  void open(RuntimeContext& context) override {
    of_window_ = context.window_state(
        ReducingStateDescriptor<int64_t>{"firings", [](int64_t a, int64_t b) { return a + b; }});
    of_key_ = context.global_state(ValueStateDescriptor<int64_t>{"firings of the key"});
  }
  void process(const int64_t& key, const WindowContext& context,
               const std::vector<int64_t>& elements, Collector<std::string>& out) override {
    of_window_.add(1);
    of_key_.mutable_value() += 1;
    out.collect(std::to_string(key) + " [" + std::to_string(context.window.start) +
                "): " + std::to_string(elements.size()) + ", " + std::to_string(*of_window_.get()) +
                ", " + std::to_string(*of_key_.value()));
  }
  void clear(const int64_t&, const WindowContext&) override {
    of_window_.clear();
    ++*cleared_;
  }

 private:
  const std::shared_ptr<int> cleared_;
  ReducingState<int64_t> of_window_;
  ValueState<int64_t> of_key_;
};

int64_t odd(int64_t n) { return n % 2; }

TEST(WindowState, AWindowThatFiresAgainHasItsState) {
  const auto cleared = std::make_shared<int>(0);
  Harness harness([&](const DataStream<int64_t>& numbers) {
    return numbers.key_by(&odd)
        .window(TumblingEventTimeWindows::of(10ms))
        .allowed_lateness(20ms)
        .process(Count(cleared));
  });
  harness.elements({{1, 1}, {3, 2}, {2, 3}});
  harness.watermark(9);
  harness.element(5, 4);
  harness.element(7, 11);
  harness.watermark(25);
  harness.element(9, 5);
  EXPECT_EQ(*cleared, 0);
  auto output = harness.take_output();
  std::sort(output.begin(), output.end(),
            [](const auto& a, const auto& b) { return a.value < b.value; });
  EXPECT_EQ(output, (Texts{{"0 [0): 1, 1, 1", 9},
                           {"1 [0): 2, 1, 1", 9},
                           {"1 [0): 3, 2, 2", 9},
                           {"1 [0): 4, 3, 4", 9},
                           {"1 [10): 1, 1, 3", 19}}));
  harness.watermark(29);
  EXPECT_EQ(*cleared, 2);  // both keys of the first window
  harness.watermark(100);
  EXPECT_EQ(*cleared, 3);
}

/// Whether nothing depends on snapshots and the parallelism, in each kind of window operator.
template <class Windows>
std::string checked(Windows windows, size_t results) {
  StreamTestScenario<int64_t, std::string> scenario([=](const DataStream<int64_t>& numbers) {
    return numbers.key_by([](int64_t n) { return n % 5; }).window(windows).process(Count());
  });
  for (int64_t i = 0; i < 40; ++i) {
    scenario.element(i, i);
    if (i % 8 == 7) scenario.watermark(i - 3);
  }
  scenario.end_of_input();
  EXPECT_EQ(scenario.run().size(), results);
  return scenario.check();
}

TEST(WindowState, IsPartOfSnapshotsInEachKindOfWindow) {
  EXPECT_EQ(checked(TumblingEventTimeWindows::of(10ms), 20), "");
  EXPECT_EQ(checked(SlidingEventTimeWindows::of(20ms, 10ms), 25), "");
}

/// State of a reduced window, which sliding windows keep in panes.
TEST(WindowState, IsThereForAReductionInPanes) {
  StreamTestScenario<int64_t, std::string> scenario([](const DataStream<int64_t>& numbers) {
    return numbers.key_by(&odd)
        .window(SlidingEventTimeWindows::of(20ms, 10ms))
        .reduce([](int64_t a, int64_t b) { return a + b; }, Count());
  });
  scenario.element(1, 1).element(3, 12).watermark(9).element(5, 25).watermark(50).end_of_input();
  EXPECT_EQ(scenario.run(), (Texts{{"1 [-10): 1, 1, 1", 9},
                                   {"1 [0): 1, 1, 2", 19},
                                   {"1 [10): 1, 1, 3", 29},
                                   {"1 [20): 1, 1, 4", 39}}));
  EXPECT_EQ(scenario.check(), "");
}

TEST(WindowState, SessionsHaveNoStateByWindow) {
  try {
    Harness harness([](const DataStream<int64_t>& numbers) {
      return numbers.key_by(&odd).window(EventTimeSessionWindows::with_gap(10ms)).process(Count());
    });
    FAIL() << "was accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "a window function asks for state by window, but its windows are sessions, which "
                 "merge; use global_state()");
  }
}

class CountAll final : public ProcessAllWindowFunction<int64_t, std::string> {
 public:
  void open(RuntimeContext& context) override {
    windows_ = context.global_state(ValueStateDescriptor<int64_t>{"windows"});
  }
  void process(const WindowContext&, const std::vector<int64_t>& elements,
               Collector<std::string>& out) override {
    out.collect(std::to_string(elements.size()) + " in window " +
                std::to_string(++windows_.mutable_value()));
  }

 private:
  ValueState<int64_t> windows_;
};

TEST(WindowState, AFunctionOfTheWholeStreamHasIt) {
  Harness harness([](const DataStream<int64_t>& numbers) {
    return numbers.window_all(TumblingEventTimeWindows::of(10ms)).process(CountAll());
  });
  harness.elements({{1, 1}, {2, 2}, {3, 13}});
  harness.end_of_input();
  EXPECT_EQ(harness.take_output(), (Texts{{"2 in window 1", 9}, {"1 in window 2", 19}}));
}

}  // namespace
}  // namespace weir

// The parts that a window operator is made of, each without an operator.

#include <gtest/gtest.h>

#include "testing/collect_into.h"
#include "weir/detail/window/emit_window.h"
#include "weir/detail/window/kept_in_window.h"

namespace weir::detail {
namespace {

struct Longest {
  using Accumulator = std::string;
  Accumulator create_accumulator() const { return "-"; }
  void add(const std::string& word, Accumulator& longest) const {
    if (word.size() > longest.size()) longest = word;
  }
  size_t get_result(const Accumulator& longest) const { return longest.size(); }
};

class Describe : public ProcessWindowFunction<std::string, std::string, int> {
 public:
  void process(const int& key, const WindowContext& context,
               const std::vector<std::string>& elements, Collector<std::string>& out) override {
    std::string line = std::to_string(key) + " until " + std::to_string(context.window.end) + ":";
    for (const std::string& word : elements) line += ' ' + word;
    out.collect(line);
  }
};

const auto kJoin = [](std::string so_far, const std::string& next) { return so_far + next; };
const WindowContext kContext{{0, 10}, 12};

TEST(KeptInWindow, AggregateAddsTheFirstRecordToAFreshAccumulator) {
  const AggregateInWindow<std::string, Longest> kept{Longest{}};
  std::string stored = kept.first("");
  EXPECT_EQ(stored, "-");
  kept.add("tea", stored);
  EXPECT_EQ(kept.result(stored), 3u);
}

TEST(KeptInWindow, ReduceStartsWithTheFirstRecord) {
  const ReduceInWindow<std::string, decltype(kJoin)> kept{kJoin};
  std::string stored = kept.first("a");
  kept.add("b", stored);
  EXPECT_EQ(kept.result(stored), "ab");
}

TEST(KeptInWindow, ListKeepsTheOrderOfArrival) {
  const ListInWindow<std::string> kept;
  auto stored = kept.first("b");
  const auto before = stored;
  kept.add("a", stored);
  EXPECT_EQ(kept.elements(stored), (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(kept.elements(before), (std::vector<std::string>{"b"})) << "a copy does not change";
}

TEST(KeptInWindow, MergeAddsTheRecordsOfALaterPart) {
  const ReduceInWindow<std::string, decltype(kJoin)> reduce{kJoin};
  std::string joined = "a";
  reduce.merge("b", joined);
  EXPECT_EQ(joined, "ab");
  static_assert(!kMerges<AggregateInWindow<std::string, Longest>>);
  static_assert(kMerges<ListInWindow<std::string>>);
}

TEST(KeptInWindow, ListsMergeAtTheCostOfTheShorterOne) {
  const ListInWindow<std::string> kept;
  auto one = kept.first("x");
  auto many = kept.first("a");
  for (int i = 0; i < 1000; ++i) kept.add("b", many);
  many.write().reserve(2000);
  const std::string* where = many.read().data();
  kept.merge(many, one);
  EXPECT_EQ(one.read().size(), 1002u);
  EXPECT_EQ(one.read().data(), where) << "the longer list was not copied";
}

TEST(EmitWindow, EmitsTheResultItself) {
  const AggregateInWindow<std::string, Longest> kept{Longest{}};
  CollectInto<size_t> out;
  EmitResult{}(kept, 7, kContext, std::string("four"), out.collector());
  EXPECT_EQ(out.take(), (std::vector<size_t>{4}));
}

TEST(EmitWindow, PassesAllElementsOrTheOnlyResultToAFunction) {
  CollectInto<std::string> out;
  EmitProcessed<Describe> emit{Describe()};
  const ListInWindow<std::string> list;
  auto stored = list.first("b");
  list.add("a", stored);
  emit(list, 7, kContext, stored, out.collector());
  emit(ReduceInWindow<std::string, decltype(kJoin)>{kJoin}, 8, kContext, std::string("ab"),
       out.collector());
  EXPECT_EQ(out.take(), (std::vector<std::string>{"7 until 10: b a", "8 until 10: ab"}));
}

}  // namespace
}  // namespace weir::detail

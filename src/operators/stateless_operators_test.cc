#include "weir/detail/stream/stateless_operators.h"

#include <gtest/gtest.h>

#include "testing/test_context.h"

namespace weir {
namespace {

using detail::FilterOperator;
using detail::FlatMapOperator;
using detail::MapOperator;

using Strings = std::vector<std::string>;
using Times = std::vector<Timestamp>;

template <class T, class Out, class F>
auto map_operator(F f) {
  return MapOperator<T, Out, F>(std::move(f));
}

TEST(MapOperator, KeepsTimestamps) {
  auto map = map_operator<int, std::string>([](const int& i) { return std::to_string(i * 2); });
  TestOutput<std::string> out;
  BatchOf<int> batch = batch_of<int>({1, 2, 3}, {10, 20, 30});
  map.process(batch, out);
  EXPECT_EQ(out.records(), (Strings{"2", "4", "6"}));
  EXPECT_EQ(out.timestamps(), (Times{10, 20, 30}));
}

TEST(MapOperator, AddsNoTimestampsToRecordsWithoutThem) {
  auto map = map_operator<int, int>([](int i) { return i; });
  TestOutput<int> out;
  BatchOf<int> batch = batch_of<int>({1, 2});
  map.process(batch, out);
  EXPECT_TRUE(out.batches[0]->timestamps.empty());
}

TEST(MapOperator, KeepsNothingOfThePreviousBatch) {
  auto map = map_operator<int, int>([](int i) { return i + 1; });
  TestOutput<int> out;
  for (int i = 0; i < 3; ++i) {
    BatchOf<int> batch = batch_of<int>({i}, {i});
    map.process(batch, out);
    batch.clear();
  }
  EXPECT_EQ(out.records(), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(out.timestamps(), (Times{0, 1, 2}));
}

TEST(MapOperator, EmitsLargeResultsBeforeTheBatchIsDone) {
  auto map = map_operator<int, std::string>(
      [](int i) { return std::string(i == 3 ? 10 : 200'000, static_cast<char>('a' + i)); });
  TestOutput<std::string> out;
  BatchOf<int> batch = batch_of<int>({0, 1, 2, 3, 4}, {10, 20, 30, 40, 50});
  map.process(batch, out);
  ASSERT_EQ(out.batches.size(), 2u);
  EXPECT_EQ(out.batches[0]->size(), 2u);
  EXPECT_EQ(out.records().size(), 5u);
  EXPECT_EQ(out.records()[4][0], 'e');
  EXPECT_EQ(out.timestamps(), (Times{10, 20, 30, 40, 50}));
}

TEST(MapOperator, MovesARecordIntoAFunctionThatTakesItByValue) {
  auto map = map_operator<std::string, std::string>([](std::string s) { return s; });
  TestOutput<std::string> out;
  const std::string text(100, 'x');
  BatchOf<std::string> batch = batch_of<std::string>({text});
  const char* const memory = batch.records[0].data();
  map.process(batch, out);
  EXPECT_EQ(out.records(), Strings{text});
  EXPECT_EQ(out.batches[0]->records[0].data(), memory);
}

TEST(MapOperator, PassesAConstRecordToAFunctionThatTakesAReference) {
  auto map = map_operator<std::string, size_t>([](auto& s) { return s.size(); });
  TestOutput<size_t> out;
  BatchOf<std::string> batch = batch_of<std::string>({"abc"});
  map.process(batch, out);
  EXPECT_EQ(out.records(), std::vector<size_t>{3});
}

TEST(MapOperator, AcceptsBoolsAsRecords) {
  auto map = map_operator<bool, bool>([](bool b) { return !b; });
  TestOutput<bool> out;
  BatchOf<bool> batch = batch_of<bool>({true, false});
  map.process(batch, out);
  EXPECT_EQ(out.records(), (std::vector<bool>{false, true}));
}

TEST(MapOperator, PassesOnExceptionsOfTheFunction) {
  auto map = map_operator<int, int>([](int) -> int { throw std::runtime_error("no"); });
  TestOutput<int> out;
  BatchOf<int> batch = batch_of<int>({1});
  EXPECT_THROW(map.process(batch, out), std::runtime_error);
}

template <class T, class F>
auto filter_operator(F f) {
  return FilterOperator<T, F>(std::move(f));
}

TEST(FilterOperator, KeepsOrderAndTimestampsOfPassingRecords) {
  auto filter = filter_operator<std::string>([](const std::string& s) { return s != "b"; });
  TestOutput<std::string> out;
  BatchOf<std::string> batch = batch_of<std::string>({"a", "b", "c", "b", "d"}, {1, 2, 3, 4, 5});
  filter.process(batch, out);
  EXPECT_EQ(out.records(), (Strings{"a", "c", "d"}));
  EXPECT_EQ(out.timestamps(), (Times{1, 3, 5}));
}

TEST(FilterOperator, EmitsNothingWhenNothingPasses) {
  auto filter = filter_operator<int>([](int) { return false; });
  TestOutput<int> out;
  BatchOf<int> batch = batch_of<int>({1, 2}, {1, 2});
  filter.process(batch, out);
  EXPECT_TRUE(out.batches.empty());
}

TEST(FilterOperator, ForgetsKeyHashesOfTheInput) {
  auto filter = filter_operator<int>([](int i) { return i > 1; });
  TestOutput<int> out;
  BatchOf<int> batch = batch_of<int>({1, 2});
  batch.key_hashes = {7, 8};
  filter.process(batch, out);
  EXPECT_TRUE(out.batches[0]->key_hashes.empty());
}

template <class T, class Out, class F>
auto flat_map_operator(F f) {
  return FlatMapOperator<T, Out, F>(std::move(f));
}

TEST(FlatMapOperator, ResultsInheritTheTimestampUnlessGivenAnother) {
  auto flat_map = flat_map_operator<int, int>([](int i, Collector<int>& out) {
    for (int k = 0; k < i; ++k) out.collect(i);
    if (i == 3) out.collect(33, 333);
  });
  TestOutput<int> out;
  BatchOf<int> batch = batch_of<int>({0, 1, 2, 3}, {10, 11, 12, 13});
  flat_map.process(batch, out);
  EXPECT_EQ(out.records(), (std::vector<int>{1, 2, 2, 3, 3, 3, 33}));
  EXPECT_EQ(out.timestamps(), (Times{11, 12, 12, 13, 13, 13, 333}));
}

TEST(FlatMapOperator, LargeResultsLeaveInSmallBatches) {
  FlatMapOperator<int, std::string, void (*)(const int&, Collector<std::string>&)> flat_map(
      [](const int& count, Collector<std::string>& out) {
        for (int i = 0; i < count; ++i) out.collect(std::string(100'000, 'x'));
      });
  TestOutput<std::string> out;
  BatchOf<int> batch = batch_of<int>({7});
  flat_map.process(batch, out);
  ASSERT_EQ(out.batches.size(), 3u);
  EXPECT_EQ(out.batches[0]->size(), 3u);
  EXPECT_EQ(out.batches[2]->size(), 1u);
}

TEST(FlatMapOperator, ManyResultsLeaveInSeveralBatches) {
  auto flat_map = flat_map_operator<int, int>([](int n, Collector<int>& out) {
    for (int i = 0; i < n; ++i) out.collect(i);
  });
  TestOutput<int> out;
  BatchOf<int> batch = batch_of<int>({2500});
  flat_map.process(batch, out);
  EXPECT_EQ(out.batches.size(), 3u);
  EXPECT_EQ(out.records().size(), 2500u);
  EXPECT_TRUE(out.timestamps().empty());
}

}  // namespace
}  // namespace weir

#include "weir/connector/generator_source.h"

#include <gtest/gtest.h>

#include <numeric>

#include "connectors/test_host.h"

namespace weir {
namespace {

using Source64 = GeneratorSource<int64_t>;

int64_t identity(int64_t i) { return i; }

/// Reads at least `count` records, or to the end.
std::vector<int64_t> read(TestHost& host, SourceReader<int64_t>& reader, size_t count,
                          size_t batch = 7) {
  std::vector<int64_t> records;
  while (records.size() < count) {
    BatchOf<int64_t> out;
    const PollResult result = reader.poll(out, std::min(batch, count - records.size()));
    records.insert(records.end(), out.records.begin(), out.records.end());
    if (result.status == PollResult::Status::kEnd) break;
    if (result.status == PollResult::Status::kNothingNow) host.now_ms = result.wake_at_ms;
  }
  return records;
}

std::vector<int64_t> first(int64_t count) {
  std::vector<int64_t> all(static_cast<size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

TEST(GeneratorSource, OneSubtaskSeesAllIndicesInOrder) {
  for (const int64_t count : {0, 1, 31, 32, 33, 1000, 100'000}) {
    TestHost host(nullptr, {});
    const Source64 source(count, identity);
    const auto reader = source.create_reader();
    ASSERT_TRUE(reader->open(host).ok());
    reader->add_splits(*source.enumerate(host, 1));
    EXPECT_EQ(read(host, *reader, SIZE_MAX), first(count)) << count;
  }
}

TEST(GeneratorSource, LargeRecordsComeInSmallBatches) {
  TestHost host(nullptr, {});
  const GeneratorSource<std::string> source(
      1000, [](int64_t i) { return std::string(100'000, static_cast<char>('a' + i % 26)); });
  const auto reader = source.create_reader();
  ASSERT_TRUE(reader->open(host).ok());
  reader->add_splits(*source.enumerate(host, 1));
  BatchOf<std::string> all;
  for (size_t before = 0; reader->poll(all, 512).status != PollResult::Status::kEnd;
       before = all.size())
    ASSERT_LE(all.size() - before, 3u);
  ASSERT_EQ(all.size(), 1000u);
  for (size_t i = 0; i < all.size(); ++i)
    ASSERT_EQ(all.records[i][0], static_cast<char>('a' + i % 26));
}

TEST(GeneratorSource, ContinuesFromTheSnapshotAtAnyParallelism) {
  for (size_t taken = 0; taken <= 100; ++taken) {
    TestHost host(nullptr, {});
    const Source64 source(100, identity);
    const auto whole = source.create_reader();
    ASSERT_TRUE(whole->open(host).ok());
    whole->add_splits(*source.enumerate(host, 1));
    std::vector<int64_t> all = read(host, *whole, taken);
    const auto state = whole->snapshot();
    const std::unique_ptr<SourceReader<int64_t>> halves[] = {source.create_reader(),
                                                             source.create_reader()};
    for (size_t i = 0; i < state.size(); ++i) halves[i % 2]->add_splits({state[i]});
    for (const auto& half : halves) {
      ASSERT_TRUE(half->open(host).ok());
      const auto rest = read(host, *half, SIZE_MAX);
      EXPECT_TRUE(std::is_sorted(rest.begin(), rest.end()));
      all.insert(all.end(), rest.begin(), rest.end());
    }
    std::sort(all.begin(), all.end());
    ASSERT_EQ(all, first(100)) << taken;
  }
}

TEST(GeneratorSource, EverySubtaskGetsItsShareOfASmallInput) {
  TestHost host(nullptr, {});
  const Source64 source(1000, identity);
  const auto splits = *source.enumerate(host, 3);
  for (size_t subtask = 0; subtask < 3; ++subtask) {
    const auto reader = source.create_reader();
    ASSERT_TRUE(reader->open(host).ok());
    for (size_t i = subtask; i < splits.size(); i += 3) reader->add_splits({splits[i]});
    const size_t share = read(host, *reader, SIZE_MAX).size();
    EXPECT_GT(share, 300u);
    EXPECT_LT(share, 370u);
  }
}

TEST(GeneratorSource, KeepsToItsRateAndDoesNotCatchUpAfterAPause) {
  TestHost host(nullptr, {});
  const Source64 source = Source64::unbounded(identity).rate(1000);
  EXPECT_FALSE(source.bounded());
  const auto reader = source.create_reader();
  ASSERT_TRUE(reader->open(host).ok());
  reader->add_splits(*source.enumerate(host, 1));
  int64_t start_ms = host.now_ms;
  EXPECT_EQ(read(host, *reader, 2000, 1024).size(), 2000u);
  EXPECT_NEAR(static_cast<double>(host.now_ms - start_ms), 2000, 10);
  host.now_ms += 60'000;
  start_ms = host.now_ms;
  read(host, *reader, 1000, 1024);
  EXPECT_NEAR(static_cast<double>(host.now_ms - start_ms), 1000, 10);
}

/// The total rate, in records per second over `seconds`, of four readers of one source. `splits`:
/// for each reader.
double rate_of(const Source64& source, const std::vector<std::vector<std::string>>& splits,
               int seconds) {
  std::vector<std::unique_ptr<TestHost>> hosts;
  std::vector<std::unique_ptr<SourceReader<int64_t>>> readers;
  for (int subtask = 0; subtask < 4; ++subtask) {
    hosts.push_back(
        std::make_unique<TestHost>(nullptr, TestHost::Place{.subtask = subtask, .parallelism = 4}));
    readers.push_back(source.create_reader());
    EXPECT_TRUE(readers.back()->open(*hosts.back()).ok());
    if (!splits[static_cast<size_t>(subtask)].empty())
      readers.back()->add_splits(splits[static_cast<size_t>(subtask)]);
  }
  size_t records = 0;
  for (int ms = 0; ms < seconds * 1000; ++ms) {
    for (size_t i = 0; i < readers.size(); ++i) {
      ++hosts[i]->now_ms;
      BatchOf<int64_t> out;
      readers[i]->poll(out, 100);
      records += out.size();
    }
  }
  return static_cast<double>(records) / seconds;
}

TEST(GeneratorSource, RateCoversAllReadersWhicheverHaveSplits) {
  const Source64 source = Source64::unbounded(identity).rate(6000);
  TestHost host(nullptr, {});
  const std::vector<std::string> splits = *source.enumerate(host, 1);
  EXPECT_NEAR(rate_of(source, {{splits[0]}, {splits[1]}, {splits[2]}, {splits[3]}}, 5), 6000, 30);
  EXPECT_NEAR(rate_of(source, {{}, {splits[0]}, {}, {}}, 5), 6000, 30);
  EXPECT_NEAR(rate_of(source, {{splits[3]}, {}, {}, {splits[2], splits[4]}}, 5), 6000, 30);
}

TEST(GeneratorSource, RateStaysWhenSomeReadersAreDone) {
  const auto source = Source64(40'000, identity).rate(6000);
  const auto split = [](int64_t next) {
    return detail::IndexSplit{.next = next, .block = 40'000, .stride = 1}.encode();
  };
  EXPECT_NEAR(rate_of(source, {{split(39'000)}, {split(39'000)}, {split(39'000)}, {split(0)}}, 5),
              6000, 30);
}

TEST(GeneratorSource, CopiesOfASourceHaveTheirOwnRates) {
  const Source64 first = Source64::unbounded(identity).rate(1000);
  const Source64 second = first;
  TestHost host(nullptr, {});
  const auto reader = first.create_reader(), other = second.create_reader();
  for (SourceReader<int64_t>* each : {reader.get(), other.get()}) {
    ASSERT_TRUE(each->open(host).ok());
    each->add_splits(*first.enumerate(host, 1));
  }
  const int64_t start_ms = host.now_ms;
  read(host, *reader, 2000, 1024);
  EXPECT_NEAR(static_cast<double>(host.now_ms - start_ms), 2000, 10);
}

TEST(GeneratorSource, AssignsTimestamps) {
  TestHost host(nullptr, {});
  const Source64 source = Source64(10, identity).timestamps([](int64_t i) { return i * 100; });
  const auto reader = source.create_reader();
  ASSERT_TRUE(reader->open(host).ok());
  reader->add_splits(*source.enumerate(host, 1));
  BatchOf<int64_t> out;
  reader->poll(out, 100);
  ASSERT_EQ(out.size(), 10u);
  EXPECT_EQ(out.timestamp(9), 900);
}

TEST(GeneratorSource, SomeRecordsMayHaveNoTimestamp) {
  TestHost host(nullptr, {});
  const Source64 source = Source64(6, identity).timestamps([](int64_t i) {
    return i % 2 != 0 ? i * 1000 : kNoTimestamp;
  });
  const auto reader = source.create_reader();
  ASSERT_TRUE(reader->open(host).ok());
  reader->add_splits(*source.enumerate(host, 1));
  BatchOf<int64_t> out;
  reader->poll(out, 100);
  EXPECT_EQ(out.timestamps,
            (std::vector<Timestamp>{kNoTimestamp, 1000, kNoTimestamp, 3000, kNoTimestamp, 5000}));
}

}  // namespace
}  // namespace weir

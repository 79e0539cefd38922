#include "weir/connector/hybrid_source.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "weir/connector/file_system.h"
#include "weir/testing.h"

namespace weir {
namespace {

class NoFiles final : public FileSystemRegistry {
  StatusOr<FileLocation> resolve(const std::string& uri) override { return not_found(uri); }
};

struct Range {
  int64_t next = 0;
  int64_t end = 0;
  WEIR_FIELDS(Range, next, end)
};

/// Numbers in ranges. Its enumerator finds one range at each discovery.
class Numbers final : public Source<int64_t, Range> {
 public:
  Numbers(int64_t begin, int64_t ranges, int64_t length, bool bounded = true)
      : plan_{begin, ranges, length, bounded} {}

  std::unique_ptr<SplitEnumerator<Range>> create_enumerator(int) const override {
    return std::make_unique<Enumerator>(plan_);
  }
  std::unique_ptr<SourceReader<int64_t, Range>> create_reader() const override {
    return std::make_unique<Reader>(plan_.bounded);
  }
  bool bounded() const override { return plan_.bounded; }

 private:
  struct Plan {
    int64_t begin, ranges, length;
    bool bounded;
  };

  class Enumerator final : public SplitEnumerator<Range> {
   public:
    explicit Enumerator(Plan plan) : plan_(plan) {}
    Status restore(std::string_view state) override {
      found_ = std::stoll(std::string(state));
      return {};
    }
    StatusOr<Discovery<Range>> discover(FileSystemRegistry&) override {
      Discovery<Range> discovery;
      const int64_t at_once = plan_.bounded ? 1 : plan_.ranges;
      for (int64_t i = 0; i < at_once && found_ < plan_.ranges; ++i, ++found_) {
        const int64_t from = plan_.begin + found_ * plan_.length;
        discovery.splits.push_back({from, from + plan_.length});
      }
      if (found_ < plan_.ranges) discovery.again = std::chrono::milliseconds(1);
      return discovery;
    }
    std::string snapshot() const override { return std::to_string(found_); }

   private:
    const Plan plan_;
    int64_t found_ = 0;
  };

  class Reader final : public SourceReader<int64_t, Range> {
   public:
    explicit Reader(bool bounded) : bounded_(bounded) {}
    Status open(OperatorContext&) override { return {}; }
    void add_splits(std::vector<Range> splits) override {
      ranges_.insert(ranges_.end(), splits.begin(), splits.end());
    }
    PollResult poll(BatchOf<int64_t>& out, size_t max) override {
      for (Range& range : ranges_) {
        for (; range.next < range.end && out.size() < max; ++range.next) out.add(range.next);
      }
      if (!out.empty()) return {};
      if (!bounded_) return {PollResult::Status::kNothingNow};
      ranges_.clear();
      return {PollResult::Status::kEnd};
    }
    std::vector<Range> snapshot() override {
      std::vector<Range> left;
      for (const Range& range : ranges_) {
        if (!bounded_ || range.next < range.end) left.push_back(range);
      }
      return left;
    }

   private:
    const bool bounded_;
    std::vector<Range> ranges_;
  };

  const Plan plan_;
};

std::vector<int64_t> up_to(int64_t end) {
  std::vector<int64_t> all(static_cast<size_t>(end));
  for (int64_t i = 0; i < end; ++i) all[static_cast<size_t>(i)] = i;
  return all;
}

/// 0…99 from the first source, then 100…299; the second begins where the first one's state says.
HybridSource<int64_t> hybrid() {
  HybridSource<int64_t> source(Numbers(0, 10, 10));
  source.add_source(
      [](const SourceSwitchContext& context) {
        return Numbers(10 * std::stoll(context.previous_enumerator_state), 20, 10);
      },
      true);
  return source;
}

TEST(HybridSource, OneSubtaskReadsTheSourcesInOrder) {
  SourceTestHarness<int64_t> harness(hybrid());
  harness.read_to_end();
  EXPECT_EQ(harness.take_values(), up_to(300));
}

TEST(HybridSource, EachRecordComesOnceWithRestoresAtOtherParallelisms) {
  for (int every = 1; every < 12; ++every) {
    SourceTestHarness<int64_t> harness(hybrid(), {.parallelism = 2});
    std::vector<int64_t> all;
    const auto take = [&] {
      for (const int64_t value : harness.take_values()) all.push_back(value);
    };
    for (int i = 1; harness.poll(); ++i) {
      if (i % every != 0) continue;
      take();
      const TestSnapshot snapshot = harness.snapshot();
      harness.poll();  // lost, and read again
      (void)harness.take_values();
      harness.restore(snapshot, 1 + i % 3);
    }
    take();
    ASSERT_TRUE(harness.status().ok()) << harness.status().to_string();
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, up_to(300)) << every;
  }
}

TEST(HybridSource, SplitsOfAnUnboundedSourceAreDividedAmongTheSubtasks) {
  HybridSource<int64_t> source(Numbers(0, 2, 10));
  source.add_source(Numbers(20, 5, 10, false));
  NoFiles files;
  const auto enumerator = source.create_enumerator(2);
  std::vector<HybridSplit> splits;
  for (std::optional<std::chrono::milliseconds> again = std::chrono::milliseconds(0); again;) {
    auto found = enumerator->discover(files);
    ASSERT_TRUE(found.ok());
    again = found->again;
    for (HybridSplit& split : found->splits) splits.push_back(std::move(split));
  }
  ASSERT_EQ(splits.size(), 4u);
  EXPECT_EQ(splits[2].splits.size(), 3u);
  EXPECT_EQ(splits[3].splits.size(), 2u);
  EXPECT_FALSE(source.bounded());
  EXPECT_EQ(source.setup_problem(), "");
}

/// An unbounded source whose enumerator finds another split each time, as for Kafka's partitions.
class Partitions final : public Source<int64_t, Range> {
 public:
  std::unique_ptr<SplitEnumerator<Range>> create_enumerator(int) const override {
    struct Enumerator final : SplitEnumerator<Range> {
      StatusOr<Discovery<Range>> discover(FileSystemRegistry&) override {
        return Discovery<Range>{{{found, found + 1}}, std::chrono::milliseconds(1 + found++)};
      }
      bool assigns_at_once() const override { return true; }
      int64_t found = 0;
    };
    return std::make_unique<Enumerator>();
  }
  std::unique_ptr<SourceReader<int64_t, Range>> create_reader() const override { return nullptr; }
  bool bounded() const override { return false; }
};

TEST(HybridSource, LaterSplitsOfALiveSourceAreAssignedAtOnce) {
  HybridSource<int64_t> source(Numbers(0, 1, 10));
  source.add_source(Partitions());
  const auto enumerator = source.create_enumerator(2);
  NoFiles files;
  EXPECT_FALSE(enumerator->assigns_at_once());
  const auto first = enumerator->discover(files);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->splits.size(), 2u) << "one of each source";
  EXPECT_FALSE(enumerator->assigns_at_once()) << "readers ask for both, one after the other";
  const auto later = enumerator->discover(files);
  ASSERT_TRUE(later.ok());
  ASSERT_EQ(later->splits.size(), 1u);
  EXPECT_EQ(later->splits[0].source, 1);
  EXPECT_TRUE(enumerator->assigns_at_once()) << "no reader asks, because no split ends";
}

TEST(HybridSource, OnlyTheLastSourceMayBeUnbounded) {
  HybridSource<int64_t> source(Numbers(0, 2, 10, false));
  source.add_source(Numbers(20, 5, 10));
  EXPECT_NE(source.setup_problem().find("source 1 of a HybridSource never ends"),
            std::string::npos);
}

TEST(HybridSource, CheckpointOfMoreSourcesIsRefused) {
  NoFiles files;
  const auto enumerator = hybrid().create_enumerator(1);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(enumerator->discover(files).ok());
  const HybridSource<int64_t> one{Numbers(0, 1, 1)};
  const Status refused = one.create_enumerator(1)->restore(enumerator->snapshot());
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition) << refused.to_string();
  EXPECT_FALSE(one.create_enumerator(1)->restore("damaged").ok());
}

}  // namespace
}  // namespace weir

// The memory of keyed state under snapshots is bounded by the size of the state and the number of
// snapshots being read.

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "state/ttl_backend_test.h"
#include "weir/detail/state/timers.h"
#include "weir/detail/window/window_contents.h"

namespace weir::detail {
namespace {

constexpr size_t kMb = size_t{1} << 20;
constexpr int kKeys = 20'000;
constexpr size_t kBatch = 128;
using Payload = std::array<int64_t, 30>;
using Text = std::string;

struct Course {
  int interval = 40;  ///< batches from one snapshot to the next
  int writing = 10;   ///< batches until the snapshot has been read
  int states = 1;
  int batches_between = 1;  ///< one batch in this number has records
};

/// Makes random updates of all keys, with snapshots. Checks the bound after each step.
template <class V, class Change>
class Job {
 public:
  Job(Course course, Change change)
      : course_(course), change_(change), backend_("op", {0, 127}, 128) {
    for (int i = 0; i < course.states; ++i) {
      tables_.push_back(
          &backend_.template table_state<V, ValueEntries<V>>("state " + std::to_string(i)).table());
    }
    for (int64_t key = 0; key < kKeys; ++key) update(key);
    batch(0);
  }

  void run(int checkpoints) {
    for (int step = 0; step < checkpoints * course_.interval; ++step) {
      if (step % course_.interval == 0)
        open_.push_back({step + course_.writing, backend_.snapshot()});
      while (!open_.empty() && open_.front().until <= step) {
        open_.pop_front();
        backend_.snapshot_ended();
      }
      if (step % course_.batches_between == 0) batch(kBatch);
      check();
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
  /// Takes a snapshot that is never read.
  void leave_open() { forgotten_.push_back(backend_.snapshot()); }

 private:
  struct Open {
    int until;
    std::unique_ptr<KeyedStateSnapshot> snapshot;
  };

  void update(int64_t key) {
    for (auto* table : tables_) {
      change_(table->find_or_insert(table->place(key), key, [] { return V{}; }).value);
    }
  }
  void batch(size_t records) {
    backend_.collect_garbage(records);
    for (size_t i = 0; i < records; ++i) update(static_cast<int64_t>(random_() % kKeys));
  }
  void check() {
    const StateMemory now = backend_.memory();
    const size_t readers = std::max<size_t>(open_.size() + forgotten_.size(), 1);
    most_readers_ = std::max(most_readers_, readers);
    ASSERT_LE(now.retired, now.live * readers * 105 / 100);
    ASSERT_LE(now.reserved, now.live * (1 + most_readers_) * 11 / 10 + 3 * kMb);
  }

  const Course course_;
  const Change change_;
  KeyedBackend<int64_t> backend_;
  std::vector<CowTable<int64_t, V, KeyPlacer<int64_t>>*> tables_;
  std::deque<Open> open_;
  std::vector<std::unique_ptr<KeyedStateSnapshot>> forgotten_;
  size_t most_readers_ = 1;
  std::mt19937_64 random_{7};
};

const auto kCount = [](Payload& payload) { ++payload[0]; };
const auto kAppend = [](Text& text) {
  if (text.size() < 40) text += "some more of it";
};

TEST(StateMemory, IsBoundedForAnyIntervalAndWriteTime) {
  for (const Course course : {Course{400, 100}, {40, 1}, {40, 39}, {3, 2}, {1, 1}, {200, 199}}) {
    SCOPED_TRACE(::testing::Message()
                 << course.interval << " batches between snapshots, read after " << course.writing);
    Job<Payload, decltype(kCount)>(course, kCount).run(2400 / course.interval);
  }
}

TEST(StateMemory, IsBoundedForAnyNumberOfStates) {
  Job<Payload, decltype(kCount)>({.interval = 60, .writing = 30, .states = 4}, kCount).run(16);
}

TEST(StateMemory, IsBoundedForValuesThatOwnMemory) {
  Job<Text, decltype(kAppend)>({.interval = 100, .writing = 50}, kAppend).run(20);
}

TEST(StateMemory, IsBoundedWhenRecordsAreRare) {
  Job<Payload, decltype(kCount)>({.interval = 10, .writing = 5, .batches_between = 10}, kCount)
      .run(400);
}

TEST(StateMemory, IsBoundedByTheNumberOfSnapshotsBeingRead) {
  Job<Payload, decltype(kCount)>({.interval = 40, .writing = 100}, kCount).run(20);
}

TEST(StateMemory, HangingSnapshotKeepsOnlyThePagesItSees) {
  Job<Payload, decltype(kCount)> job({.interval = 200, .writing = 20}, kCount);
  job.leave_open();
  job.run(20);
}

TEST(StateMemory, IsFreedEvenIfNothingIsWrittenAfterASnapshot) {
  KeyedBackend<int64_t> backend("op", {0, 127}, 128);
  auto& table = backend.table_state<Payload, ValueEntries<Payload>>("state").table();
  const auto update_all = [&] {
    for (int64_t key = 0; key < kKeys; ++key)
      ++table.find_or_insert(table.place(key), key, [] { return Payload{}; }).value[0];
  };
  update_all();
  auto snapshot = backend.snapshot();
  update_all();
  EXPECT_GT(backend.memory().retired, 4 * kMb);
  snapshot.reset();
  const size_t pages = table.pages();
  for (size_t i = 0; i < pages / 1000 + 1; ++i) backend.snapshot_ended();
  EXPECT_EQ(backend.memory().retired, 0u);
}

/// Runs blocking work when the test asks for it.
class QueuedWork final : public TtlContext {
 public:
  void run_blocking(std::function<std::function<void()>()> work) override {
    works_.push_back(std::move(work));
  }
  void run_all() {
    while (!works_.empty()) {
      const auto work = std::move(works_.front());
      works_.pop_front();
      work()();
    }
  }

 private:
  std::deque<std::function<std::function<void()>()>> works_;
};

TEST(StateMemory, OfAnIdleOperatorIsFreedInStepsAfterEachSnapshot) {
  QueuedWork context;
  KeyedBackend<int64_t> backend("op", {0, 127}, 128);
  backend.attach(context);
  auto& table = backend.table_state<Payload, ValueEntries<Payload>>("state").table();
  const auto update_all = [&] {
    for (int64_t key = 0; key < 4 * kKeys; ++key)
      ++table.find_or_insert(table.place(key), key, [] { return Payload{}; }).value[0];
  };
  update_all();
  for (int round = 0; round < 2; ++round) {
    auto snapshot = backend.snapshot();
    update_all();
    snapshot.reset();
    backend.snapshot_ended();
    EXPECT_GT(backend.memory().retired, 0u) << "one step frees only a part";
    context.run_all();
    EXPECT_EQ(backend.memory().retired, 0u) << "round " << round;
  }
}

TEST(StateMemory, IsReturnedToTheSystemWhenMostKeysAreRemoved) {
  KeyedBackend<int64_t> backend("op", {0, 127}, 128);
  auto& table = backend.table_state<Payload, ValueEntries<Payload>>("state").table();
  std::vector<int64_t> keys;
  for (int64_t key = 0; key < 4 * kKeys; ++key) {
    keys.push_back(key);
    table.find_or_insert(table.place(key), key, [] { return Payload{}; });
  }
  const size_t before = backend.memory().live;
  std::shuffle(keys.begin(), keys.end(), std::mt19937_64(3));
  for (size_t i = keys.size() / 100; i < keys.size(); ++i)
    ASSERT_TRUE(table.erase(table.place(keys[i]), keys[i]));
  EXPECT_LE(backend.memory().live * 8, before);
  PageArena& arena = backend.tracker().memory()->arena;
  for (int i = 0; i < 8; ++i) arena.forget_peak();
  EXPECT_LE(backend.memory().reserved * 3, before);  // the remaining keys are scattered
  for (size_t i = 0; i < keys.size(); ++i)
    ASSERT_EQ(table.find(table.place(keys[i]), keys[i]) != nullptr, i < keys.size() / 100);
}

TEST(StateMemory, FiredWindowsKeepNoMemory) {
  KeyedBackend<int64_t> backend("op", {0, 127}, 128);
  using Contents = WindowContents<int64_t, Payload, ValueEntries<Payload>>;
  auto owned = std::make_unique<Contents>(backend.tracker(), KeyedStateInfo::Kind::kAggregating);
  Contents* contents = owned.get();
  backend.add(std::move(owned));
  std::deque<std::unique_ptr<KeyedStateSnapshot>> open;
  for (int64_t window = 0; window < 60; ++window) {
    auto& table = contents->table_of({window * 1000, window * 1000 + 1000});
    // The sizes of windows differ greatly.
    for (int64_t key = 0; key < (window % 3 == 0 ? kKeys : 50); ++key) {
      ++table.find_or_insert(table.place(key), key, [] { return Payload{}; }).value[0];
    }
    open.push_back(backend.snapshot());
    while (contents->window_count() > 2) contents->drain_some([](int64_t, const Payload&) {});
    if (open.size() > 1) open.pop_front();
    backend.collect_garbage();
    ASSERT_LE(backend.memory().reserved, 30 * kMb);
  }
  while (!contents->empty()) contents->drain_some([](int64_t, const Payload&) {});
  open.clear();
  for (int i = 0; i < 10; ++i) backend.snapshot_ended();
  EXPECT_EQ(backend.memory().live, 0u);
  EXPECT_EQ(backend.memory().retired, 0u);
}

size_t free_nothing(PageArena&, uintptr_t) { return 1; }

TEST(StateMemory, LookingForGarbageCostsTheSameHoweverMuchWaits) {
  PageArena arena;
  DeferredFree garbage;
  for (uintptr_t page = 0; page < 100'000; ++page) garbage.add({page, free_nothing, 1}, 1, 1);
  int looks = 0;
  const auto one_is_read = [&](int64_t after) {
    ++looks;
    return after < 1 ? int64_t{1} : DeferredFree::kNoReader;
  };
  for (int batch = 0; batch < 10; ++batch) garbage.collect(arena, 8, one_is_read);
  EXPECT_LE(looks, 20);
  EXPECT_EQ(garbage.bytes(), 100'000u);
  const auto none_is_read = [](int64_t) { return DeferredFree::kNoReader; };
  EXPECT_TRUE(garbage.collect(arena, 1000, none_is_read));
  EXPECT_EQ(garbage.bytes(), 99'000u);
  garbage.free_all(arena);
  EXPECT_TRUE(garbage.empty());
}

}  // namespace
}  // namespace weir::detail

#include "runtime/snapshot_writes.h"

#include <gtest/gtest.h>

#include "checkpoint/in_flight_list.h"
#include "checkpoint/testing/memory_keyed_state.h"
#include "fs/memory/memory_file_system.h"
#include "runtime/local_copies.h"
#include "weir/types/types.h"

namespace weir {
namespace {

/// A keyed snapshot that reports the number of written groups, and whether it is alive.
class WatchedState final : public KeyedStateSnapshot {
 public:
  WatchedState(int* written, bool* alive) : written_(written), alive_(alive) { *alive_ = true; }
  ~WatchedState() override { *alive_ = false; }
  TypeDescription key_type() const override { return Serializer<std::string>::describe(); }
  std::vector<KeyedStateInfo> states() const override {
    return {{KeyedStateInfo::Kind::kValue, "count", TypeDescription(),
             Serializer<std::string>::describe()}};
  }
  KeyGroupRange range() const override { return {0, 99}; }
  Status write_group(int group, BinaryWriter& out,
                     detail::KeyGroupWriting* writing) const override {
    ++*written_;
    detail::CanonicalGroupWriter writer(out, group, false, writing);
    writer.begin_state(0);
    for (int i = 0; i < 2 && writer.accepts_more(); ++i) {
      writer.begin_key().put_raw("key");
      writer.begin_value().put_raw(std::string(50'000, 'x'));
      writer.end_entry();
    }
    writer.end_group();
    return {};
  }

 private:
  int* const written_;
  bool* const alive_;
};

class SnapshotWritesTest : public testing::Test {
 protected:
  std::vector<TaskSnapshot> snapshots() {
    std::vector<TaskSnapshot> all(1);
    all[0].id = 7;
    all[0].operators.emplace_back();
    all[0].operators[0].id = murmur3_128("sum");
    all[0].operators[0].uid = "sum";
    all[0].operators[0].keyed = std::make_unique<WatchedState>(&written_, &alive_);
    all[0].before_ack.push_back([this] {
      ++acknowledged_;
      return Status();
    });
    return all;
  }
  StatusOr<SnapshotWriteResult> write(std::vector<TaskSnapshot> all,
                                      std::function<bool()> canceled) {
    const SnapshotWriteOptions options{.inline_threshold = 100, .canceled = std::move(canceled)};
    return write_snapshots(fs_, "/job/chk-7", "data", options, std::move(all));
  }

  MemoryFileSystem fs_;
  int written_ = 0;
  bool alive_ = false;
  int acknowledged_ = 0;
};

TEST_F(SnapshotWritesTest, WritesAllIfNotCanceled) {
  SnapshotWrite one(snapshots());
  auto all = one.begin();
  ASSERT_TRUE(all);
  EXPECT_FALSE(one.canceled());
  const auto result = write(*std::move(all), [&] { return one.canceled(); });
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_EQ(written_, 100);
  EXPECT_EQ(acknowledged_, 1);
  EXPECT_GT(result->bytes, 10'000'000);
  EXPECT_FALSE(alive_);
}

TEST_F(SnapshotWritesTest, CountsTheBytesInFlight) {
  std::vector<TaskSnapshot> all = snapshots();
  OperatorLists& lists = all[0].operators[0].lists;
  lists[in_flight_list_name(0, InFlightRoute::kByKey)].elements = {"12345", "678"};
  lists["of the operator"].elements = {"not in flight"};
  const auto result = write(std::move(all), {});
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_EQ(result->tasks[0].in_flight_bytes, 8);
}

TEST_F(SnapshotWritesTest, LocalCopyEqualsTheWrittenFile) {
  LocalCopies copies({std::make_shared<MemoryFileSystem>(), "/local", "memory:///local"});
  const SnapshotWriteOptions options{.inline_threshold = 100, .local = &copies};
  ASSERT_TRUE(write_snapshots(fs_, "/job/chk-7", "data", options, snapshots()).ok());
  const auto copy = copies.open("data");
  ASSERT_NE(copy, nullptr);
  const std::string written = *read_file(fs_, "/job/chk-7/data");
  std::string copied;
  ASSERT_TRUE(copy->read_at(0, static_cast<int64_t>(written.size()) + 1, &copied).ok());
  EXPECT_TRUE(copied == written);
}

TEST_F(SnapshotWritesTest, FreesItsMemoryAtOnceIfCanceledBeforeItBegins) {
  SnapshotWrite one(snapshots());
  EXPECT_TRUE(alive_);
  EXPECT_TRUE(one.keeps_state());
  one.cancel();
  EXPECT_FALSE(alive_);
  EXPECT_FALSE(one.keeps_state());
  EXPECT_FALSE(one.begin());
}

TEST_F(SnapshotWritesTest, EndsAtTheNextPieceIfCanceledWhileRunning) {
  SnapshotWrite one(snapshots());
  auto all = one.begin();
  const auto result = write(*std::move(all), [&] {
    if (written_ == 3) one.cancel();
    return one.canceled();
  });
  EXPECT_EQ(result.status().code(), StatusCode::kCancelled);
  EXPECT_NE(
      result.status().message().find("checkpoint 7 was given up while its state was being written"),
      std::string_view::npos)
      << result.status().message();
  EXPECT_LE(written_, 4);
  EXPECT_FALSE(alive_) << "nothing keeps the state";
  EXPECT_TRUE(one.keeps_state()) << "until its end is known";
}

TEST_F(SnapshotWritesTest, CanceledWriteSkipsTheWorkBeforeTheAcknowledgement) {
  EXPECT_EQ(write(snapshots(), [] { return true; }).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(acknowledged_, 0);
  EXPECT_EQ(written_, 0);
}

TEST_F(SnapshotWritesTest, UnfinishedWritesLeaveNoRoomAtTheirLimit) {
  SnapshotWrites writes;
  const MonotonicTime start(1'000'000'000);
  const auto check = [&] {
    return writes.check_room(2, start + std::chrono::seconds(5), "hdfs://nn/ck");
  };
  const auto five = writes.add(5, start, snapshots());
  EXPECT_TRUE(check().ok());
  EXPECT_TRUE(five->begin());
  const auto six = writes.add(6, start + std::chrono::seconds(3), snapshots());
  const Status full = check();
  EXPECT_EQ(full.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(full.message(),
            "the state of 2 earlier checkpoints is still being written (checkpoint 5 for 5000 ms, "
            "checkpoint 6 for 2000 ms), and each keeps "
            "memory, so no further one begins: hdfs://nn/ck answers slowly or not at all, or a "
            "serializer takes that long");

  writes.cancel(5);  // its writer is stuck
  EXPECT_TRUE(five->canceled());
  EXPECT_FALSE(six->canceled());
  EXPECT_FALSE(check().ok());
  writes.cancel(6);  // it has not begun
  EXPECT_TRUE(check().ok());
  const auto seven = writes.add(7, start, snapshots());
  EXPECT_FALSE(check().ok());
  writes.ended(five);
  EXPECT_TRUE(check().ok());
  writes.cancel_all();
  EXPECT_TRUE(seven->canceled());
}

}  // namespace
}  // namespace weir

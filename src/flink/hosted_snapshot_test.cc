#include "flink/hosted_snapshot.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

#include "flink/chain_protocol.h"
#include "platform/io_pool.h"
#include "weir/types/types.h"

namespace weir {
namespace {

/// What is known of the state while it is written.
struct Written {
  std::atomic<int> groups{0};
  std::atomic<size_t> bytes{0};  ///< without those that are only measured
  std::atomic<bool> alive{false};
};

/// Keyed state of this many bytes in every second key group.
class LargeState final : public KeyedStateSnapshot {
 public:
  LargeState(size_t bytes, int fails_at, Written& written)
      : bytes_(bytes), fails_at_(fails_at), written_(written) {
    written_.alive = true;
  }
  ~LargeState() override { written_.alive = false; }
  TypeDescription key_type() const override { return Serializer<int32_t>::describe(); }
  std::vector<KeyedStateInfo> states() const override { return {}; }
  KeyGroupRange range() const override { return {0, 63}; }
  Status write_group(int group, BinaryWriter& out,
                     detail::KeyGroupWriting* writing) const override {
    EXPECT_FALSE(done_.contains(group));
    if (!writing->again) done_with(group);
    if (group == fails_at_)
      throw std::runtime_error("the state cannot be written");  // as a user's serializer may throw
    for (size_t left = group % 2 == 0 ? bytes_ : 0; left > 0;) {
      const size_t now = std::min(left, detail::KeyGroupWriting::kDrainBytes);
      out.put_raw(std::string(now, static_cast<char>('A' + group % 20)));
      left -= now;
      if (!writing->again) written_.bytes += now;
      if (!writing->drain(out.buffer())) return {};
      out.clear();
    }
    return {};
  }
  void done_with(int group) const override {
    ++written_.groups;
    EXPECT_TRUE(done_.insert(group).second);
  }

 private:
  const size_t bytes_;
  const int fails_at_;
  Written& written_;
  mutable std::set<int> done_;
};

class HostedSnapshotTest : public testing::Test {
 protected:
  std::shared_ptr<HostedSnapshot> begin(size_t bytes, HostedSnapshot::Run run) {
    TaskSnapshot taken;
    taken.id = 8;
    taken.operators.emplace_back();
    taken.operators[0].id = murmur3_128("sum");
    taken.operators[0].uid = "sum";
    taken.operators[0].label = "operator 'sum'";
    taken.operators[0].keyed = std::make_unique<LargeState>(bytes, fails_at_, written_);
    return HostedSnapshot::begin(std::move(taken), false, std::move(run)).value();
  }
  HostedSnapshot::Run later() {
    return [this](std::function<void()> work) { work_.push_back(std::move(work)); };
  }
  void run_all() {
    for (auto work = std::exchange(work_, {}); !work.empty(); work = std::exchange(work_, {})) {
      for (const auto& each : work) each();
    }
  }
  /// Takes one chunk and returns its kind; 3 is "not yet".
  int take(HostedSnapshot& snapshot) {
    BinaryWriter out;
    snapshot.put_chunk(out);
    BinaryReader in(out.buffer());
    const int what = in.get_u8();
    const int group = in.get_i32();
    const std::string_view bytes = in.get_bytes();
    if (what == 4) sentence_ = bytes;
    EXPECT_LE(bytes.size(), kStatePieceBytes);
    if (what == 5) lengths_[group] = BinaryReader(bytes).get_i64();
    if (what <= 1) groups_[group] += bytes;
    if (what == 1) EXPECT_EQ(groups_[group].size(), lengths_.at(group));
    taken_ += bytes.size();
    return what;
  }
  void expect_all(size_t bytes) {
    ASSERT_EQ(groups_.size(), 32u);
    for (const auto& [group, blob] : groups_) {
      const auto parts = decode_hosted_group(blob);
      ASSERT_TRUE(parts.ok() && parts->size() == 1);
      EXPECT_EQ(parts->at(0).state, std::string(bytes, static_cast<char>('A' + group % 20)));
    }
  }

  int fails_at_ = -1;  ///< key group
  Written written_;
  size_t taken_ = 0;  ///< bytes
  std::map<int, size_t> lengths_;
  std::vector<std::function<void()>> work_;
  std::map<int, std::string> groups_;
  std::string sentence_;  ///< the message of a failure
};

TEST_F(HostedSnapshotTest, MemoryHoldsAQueueAndNotAKeyGroup) {
  constexpr size_t kBytes = 12 << 20;
  IoPool pool(1);
  const auto snapshot =
      begin(kBytes, [&pool](std::function<void()> work) { pool.run(std::move(work)); });
  size_t most = 0;
  for (int what = 0; what != 2;) {
    what = take(*snapshot);
    ASSERT_NE(what, 4) << sentence_;
    const size_t written = written_.bytes;
    most = std::max(most, written - std::min(written, taken_));
    if (what == 3) std::this_thread::yield();
  }
  EXPECT_LE(most, HostedSnapshot::kQueueBytes + 3 * kStatePieceBytes);
  EXPECT_TRUE(snapshot->drained());
  EXPECT_FALSE(written_.alive) << "its memory is given back";
  EXPECT_EQ(written_.groups, 64);
  expect_all(kBytes);
}

TEST_F(HostedSnapshotTest, DropEndsAWriterThatWaitsForRoom) {
  IoPool pool(1);
  const auto snapshot =
      begin(12 << 20, [&pool](std::function<void()> work) { pool.run(std::move(work)); });
  while (written_.bytes < HostedSnapshot::kQueueBytes) std::this_thread::yield();
  snapshot->drop();
  std::promise<void> next;
  pool.run([&] { next.set_value(); });
  next.get_future().wait();
  EXPECT_FALSE(written_.alive);
}

TEST_F(HostedSnapshotTest, DropFreesTheMemory) {
  const auto snapshot = begin(1 << 20, later());
  EXPECT_TRUE(written_.alive);
  snapshot->drop();
  EXPECT_FALSE(written_.alive) << "although its work has not begun";
  run_all();
  const auto other = begin(1 << 20, later());
  other->drop();  // before its first step on the pool
  run_all();
  EXPECT_FALSE(written_.alive);
}

TEST_F(HostedSnapshotTest, FailureIsTheLastChunkAndFreesTheMemory) {
  fails_at_ = 5;
  const auto snapshot = begin(100, later());
  EXPECT_EQ(take(*snapshot), 3);
  run_all();
  EXPECT_EQ(take(*snapshot), 4);
  EXPECT_EQ(sentence_,
            "what belongs to checkpoint 8: operator 'sum' threw: the state cannot be written");
  EXPECT_TRUE(snapshot->drained());
  EXPECT_FALSE(written_.alive);
  EXPECT_EQ(written_.groups, 5) << "nothing is written in vain";
}

TEST_F(HostedSnapshotTest, PoolAndHostTakeTurns) {
  IoPool pool(2);
  const auto snapshot =
      begin(300'000, [&pool](std::function<void()> work) { pool.run(std::move(work)); });
  int what = 0;
  while ((what = take(*snapshot)) != 2) {
    if (what == 3) std::this_thread::yield();
  }
  expect_all(300'000);
}

TEST_F(HostedSnapshotTest, HeaderDescribesTheBlobs) {
  const auto snapshot = begin(10, later());
  ASSERT_EQ(snapshot->union_elements().size(), 1u);
  const auto header =
      std::get<HostedHeader>(decode_hosted_element(snapshot->union_elements()[0]).value());
  EXPECT_EQ(header.checkpoint_id, 8);
  run_all();
  while (take(*snapshot) != 2) {}
  EXPECT_EQ(decode_hosted_group(groups_[0]).value().at(0).types, header.types);
}

TEST_F(HostedSnapshotTest, UnionListInASourceIsRefused) {
  TaskSnapshot taken;
  taken.operators.emplace_back();
  taken.operators[0].uid = "x";
  taken.operators[0].lists["list"] = {
      ListStateMode::kUnion, Serializer<int32_t>::describe(), {"1"}};
  const auto refused = HostedSnapshot::begin(std::move(taken), true, later());
  EXPECT_EQ(refused.status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace weir

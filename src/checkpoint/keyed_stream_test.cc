#include "checkpoint/keyed_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/strings.h"
#include "checkpoint/testing/memory_keyed_state.h"
#include "platform/scheduler.h"
#include "weir/types/types.h"

namespace weir {
namespace {

using Kind = KeyedStateInfo::Kind;

TypeDescription of_kind(TypeKind kind) {
  TypeDescription type;
  type.kind = kind;
  return type;
}
template <class T>
KeyedStateInfo state(Kind kind, std::string name) {
  return {kind, std::move(name), of_kind(TypeKind::kVoid), Serializer<T>::describe()};
}

struct Written {
  KeyedStateHandle handle;
  std::string bytes;
  ReadAt read() const {
    return
        [this](int64_t offset, int64_t length, std::string* memory) -> StatusOr<std::string_view> {
          if (offset < 0 || length < 0 || offset + length > static_cast<int64_t>(bytes.size()))
            return data_loss("beyond the end");
          memory->assign(bytes, static_cast<size_t>(offset), static_cast<size_t>(length));
          return std::string_view(*memory);
        };
  }
};
Written write(const KeyedStateSnapshot& snapshot,
              StateCompression compression = StateCompression::kNone) {
  Written written;
  written.handle.range = snapshot.range();
  const Status status = write_keyed_state(
      snapshot,
      [&](std::string_view bytes) {
        written.bytes += bytes;
        return Status();
      },
      &written.handle.offsets, nullptr, compression);
  EXPECT_TRUE(status.ok()) << status.to_string();
  written.handle.stream = InlineBytes{written.bytes};
  return written;
}

const std::vector<KeyedStateInfo> kStates = {
    state<int64_t>(Kind::kValue, "count"),
    state<std::string>(Kind::kList, "seen"),
    state<std::map<std::string, int32_t>>(Kind::kMap, "per"),
    {Kind::kReducing, "window-contents", of_kind(TypeKind::kTimeWindow),
     Serializer<int64_t>::describe()},
    {Kind::kTimers, "_timer_state/event_user-timers", of_kind(TypeKind::kVoid),
     of_kind(TypeKind::kVoid)},
};

TEST(KeyedStream, HeaderRoundTrips) {
  const Written written =
      write(MemoryKeyedSnapshot(Serializer<std::string>::describe(), kStates, {0, 127}, 128));
  EXPECT_EQ(written.handle.offsets, std::vector<int64_t>(128, 0));
  const auto header = read_keyed_header(written.handle, written.read());
  ASSERT_TRUE(header.ok()) << header.status().to_string();
  EXPECT_EQ(header->key_type.to_string(), "string");
  ASSERT_EQ(header->states.size(), kStates.size());
  for (size_t i = 0; i < kStates.size(); ++i) {
    EXPECT_EQ(header->states[i].name, kStates[i].name);
    EXPECT_EQ(header->states[i].kind, kStates[i].kind);
    EXPECT_EQ(header->states[i].name_space.to_string(), kStates[i].name_space.to_string());
    EXPECT_EQ(header->states[i].value.to_string(), kStates[i].value.to_string());
  }
}

TEST(KeyedStream, RestoresOnlyTheRequestedGroups) {
  MemoryKeyedSnapshot snapshot(Serializer<std::string>::describe(), kStates, {40, 90}, 1000);
  snapshot.add(0, 40, "a", "1");
  snapshot.add(2, 40, "b", "2");
  snapshot.add(0, 41, "c", "3");
  snapshot.add(1, 90, "d", "4");
  snapshot.add(1, 91, "not in the range", "5");
  const Written written = write(snapshot);
  EXPECT_EQ(written.handle.offsets[2], 0);

  MemoryKeyedState state(1000);
  ASSERT_TRUE(
      restore_keyed_state(written.handle, {41, 127}, written.read(), nullptr, false, state).ok());
  EXPECT_EQ(state.entries, (std::vector<MemoryKeyedState::Entry>{{41, "count", "c", "3"},
                                                                 {90, "seen", "d", "4"}}));
  EXPECT_TRUE(state.key_type.flink_only);
}

TEST(KeyedStream, WritesManyGroupsInPieces) {
  MemoryKeyedSnapshot snapshot(Serializer<std::string>::describe(), kStates, {0, 9}, 128);
  for (int group = 0; group < 10; ++group) snapshot.add(0, group, "k", std::string(50000, 'v'));
  std::vector<size_t> pieces;
  std::vector<int64_t> offsets;
  ASSERT_TRUE(write_keyed_state(
                  snapshot,
                  [&](std::string_view bytes) {
                    pieces.push_back(bytes.size());
                    return Status();
                  },
                  &offsets)
                  .ok());
  EXPECT_GT(pieces.size(), 4u);
  for (const size_t piece : pieces) EXPECT_LT(piece, 64u * 1024 + 50100);

  const Written written = write(snapshot);
  MemoryKeyedState state(128);
  ASSERT_TRUE(
      restore_keyed_state(written.handle, {0, 9}, written.read(), nullptr, false, state).ok());
  EXPECT_EQ(state.entries.size(), 10u);
}

TEST(KeyedStream, ReadsSmallGroupsTogether) {
  MemoryKeyedSnapshot snapshot(Serializer<std::string>::describe(), kStates, {0, 9}, 128);
  for (int group = 0; group < 10; ++group)
    snapshot.add(0, group, "k", group < 5 ? "v" : std::string(3 << 20, 'v'));
  const Written written = write(snapshot);
  std::vector<int64_t> lengths;
  const ReadAt counting = [&](int64_t offset, int64_t length, std::string* memory) {
    lengths.push_back(length);
    return written.read()(offset, length, memory);
  };
  MemoryKeyedState state(128);
  ASSERT_TRUE(restore_keyed_state(written.handle, {1, 8}, counting, nullptr, false, state).ok());
  EXPECT_EQ(state.entries.size(), 8u);
  ASSERT_EQ(lengths.size(),
            5u);  // the header, groups 1 to 5, and three groups too large to be read with another
  EXPECT_EQ(lengths[4], written.handle.offsets[9] - written.handle.offsets[8]);
}

/// Runs work at once, or keeps it.
class TestScheduler final : public Scheduler {
 public:
  explicit TestScheduler(bool at_once) : at_once_(at_once) {}
  std::unique_ptr<ActorHandle> start(std::string, Actor&, ActorOptions) override { return nullptr; }
  void run_blocking(std::string_view, std::function<void()> work) override {
    ++given;
    if (at_once_) work();
    else kept_.push_back(std::move(work));
  }
  int given = 0;

 private:
  const bool at_once_;
  std::vector<std::function<void()>> kept_;
};

TEST(KeyedStream, ReadsAheadOnlyTheNextPiece) {
  MemoryKeyedSnapshot snapshot(Serializer<std::string>::describe(), kStates, {0, 5}, 128);
  for (int group = 0; group < 6; ++group)
    snapshot.add(0, group, "k", std::string(3 << 20, static_cast<char>('a' + group)));
  const Written written = write(snapshot);
  for (const bool at_once : {true, false}) {
    TestScheduler scheduler(at_once);
    MemoryKeyedState state(128);
    std::vector<size_t> taken_in;  // the number of restored entries at each read
    const ReadAt watched = [&](int64_t offset, int64_t length, std::string* memory) {
      taken_in.push_back(state.entries.size());
      return written.read()(offset, length, memory);
    };
    ASSERT_TRUE(
        restore_keyed_state(written.handle, {0, 5}, watched, nullptr, false, state, &scheduler)
            .ok());
    ASSERT_EQ(state.entries.size(), 6u);
    for (int group = 0; group < 6; ++group)
      EXPECT_EQ(state.entries[static_cast<size_t>(group)].value,
                std::string(3 << 20, static_cast<char>('a' + group)));
    EXPECT_EQ(scheduler.given, 5) << "the first is wanted at once";
    EXPECT_EQ(taken_in, at_once ? (std::vector<size_t>{0, 0, 0, 1, 2, 3, 4})
                                : (std::vector<size_t>{0, 0, 1, 2, 3, 4, 5}));
  }
}

TEST(KeyedStream, ReportsAReadAheadFailureInTurn) {
  MemoryKeyedSnapshot snapshot(Serializer<std::string>::describe(), kStates, {0, 2}, 128);
  for (int group = 0; group < 3; ++group) snapshot.add(0, group, "k", std::string(3 << 20, 'v'));
  const Written written = write(snapshot);
  TestScheduler scheduler(true);
  int reads = 0;
  const ReadAt failing = [&](int64_t offset, int64_t length,
                             std::string* memory) -> StatusOr<std::string_view> {
    if (++reads == 3) return unavailable("no answer");
    return written.read()(offset, length, memory);
  };
  MemoryKeyedState state(128);
  EXPECT_EQ(restore_keyed_state(written.handle, {0, 2}, failing, nullptr, false, state, &scheduler)
                .to_string(),
            "UNAVAILABLE: no answer");
  EXPECT_EQ(state.entries.size(), 1u);
  EXPECT_EQ(reads, 3);
}

TEST(KeyedStream, TakesTypesOfTheSidecarInTheStreamsOrder) {
  struct Reading {
    std::string sensor;
    double value = 0;
    WEIR_FIELDS(Reading, sensor, value)
  };
  const KeyedStreamHeader known{
      Serializer<uint64_t>::describe(),
      {state<int64_t>(Kind::kValue, "b"), state<Reading>(Kind::kValue, "a")}};
  MemoryKeyedSnapshot snapshot(Serializer<uint64_t>::describe(), {known.states[1], known.states[0]},
                               {0, 0}, 128);
  const Written written = write(snapshot);
  MemoryKeyedState restored(128);
  ASSERT_TRUE(
      restore_keyed_state(written.handle, {0, 0}, written.read(), &known, false, restored).ok());
  EXPECT_EQ(restored.key_type.to_string(), "uint64");
  EXPECT_EQ(restored.states[0].value.to_string(), "struct Reading{sensor: string, value: double}");

  const KeyedStreamHeader other{
      Serializer<uint64_t>::describe(),
      {state<int64_t>(Kind::kValue, "b"), state<int64_t>(Kind::kValue, "a")}};
  const Status status =
      restore_keyed_state(written.handle, {0, 0}, written.read(), &other, false, restored);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("state 'a'"), std::string_view::npos);
}

TEST(KeyedStream, SinkFailureEndsTheWriting) {
  MemoryKeyedSnapshot snapshot(Serializer<std::string>::describe(), kStates, {0, 127}, 128);
  std::vector<int64_t> offsets;
  EXPECT_EQ(write_keyed_state(
                snapshot, [](std::string_view) { return unavailable("full"); }, &offsets)
                .code(),
            StatusCode::kUnavailable);
}

TEST(KeyedStream, RefusesOffsetsThatContradictTheStream) {
  MemoryKeyedSnapshot snapshot(Serializer<std::string>::describe(), kStates, {0, 1}, 128);
  snapshot.add(0, 0, "a", "1");
  snapshot.add(0, 1, "b", "2");
  const Written good = write(snapshot);
  for (const auto& offsets : {std::vector<int64_t>{good.handle.offsets[0], 1 << 20},
                              {good.handle.offsets[0], -(1 << 20)},
                              {good.handle.offsets[0], INT64_MIN},
                              {good.handle.offsets[0], good.handle.offsets[0]},
                              {good.handle.offsets[0]}}) {
    Written bad = good;
    bad.handle.offsets = offsets;
    MemoryKeyedState state(128);
    EXPECT_EQ(restore_keyed_state(bad.handle, {0, 1}, bad.read(), nullptr, false, state).code(),
              StatusCode::kDataLoss);
  }
}

TEST(KeyedStream, RefusesUnsupportedFeaturesByName) {
  const std::string good =
      write(MemoryKeyedSnapshot(Serializer<std::string>::describe(), kStates, {0, 0}, 128)).bytes;
  const auto refused = [&](size_t at, char value) {
    std::string bytes = good;
    bytes[at] = value;
    BinaryReader in(bytes);
    return std::string(get_keyed_header(in).status().message());
  };
  EXPECT_NE(refused(3, 5).find("version 5"), std::string::npos);
  EXPECT_NE(refused(good.find("VALUE"), 'X').find("'XALUE'"), std::string::npos);
}

TEST(KeyedStream, RefusesNamesTooLongForTheFormat) {
  const std::vector<KeyedStateInfo> states = {
      state<int64_t>(Kind::kValue, std::string(40000, 'n'))};
  std::vector<int64_t> offsets;
  const Status status = write_keyed_state(
      MemoryKeyedSnapshot(Serializer<std::string>::describe(), states, {0, 0}, 128),
      [](std::string_view) { return Status(); }, &offsets);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
}

/// Key group 3 has 100 entries of 10 kB each.
MemoryKeyedSnapshot large_group() {
  MemoryKeyedSnapshot snapshot(Serializer<std::string>::describe(), kStates, {0, 7}, 8);
  for (int i = 0; i < 100; ++i) snapshot.add(1, 3, cat("key", i), std::string(10'000, 'x'));
  snapshot.add(0, 5, "key", "12345678");
  return snapshot;
}

TEST(KeyedStream, WritesALargeGroupInPieces) {
  size_t most = 0;
  Written written;
  written.handle.range = {0, 7};
  LargestValue largest;
  const auto sink = [&](std::string_view bytes) {
    most = std::max(most, bytes.size());
    written.bytes += bytes;
    return Status();
  };
  ASSERT_TRUE(write_keyed_state(large_group(), sink, &written.handle.offsets, &largest).ok());
  EXPECT_LT(most, 80'000u);
  EXPECT_EQ(largest.state, "seen");
  EXPECT_EQ(largest.key_group, 3);
  EXPECT_EQ(largest.bytes, 10'000u);
  written.handle.stream = InlineBytes{written.bytes};
  MemoryKeyedState restored(8);
  ASSERT_TRUE(
      restore_keyed_state(written.handle, {0, 7}, written.read(), nullptr, false, restored).ok());
  EXPECT_EQ(restored.entries.size(), 101u);
  EXPECT_EQ(restored.entries.back().key_group, 5);
}

TEST(KeyedStream, RestoresTheRequestedGroupsOfACompressedStream) {
  MemoryKeyedSnapshot snapshot(Serializer<std::string>::describe(), kStates, {0, 200}, 1000);
  for (int group = 0; group < 200; group += 3) {
    for (int i = 0; i <= group; ++i)
      snapshot.add(i % 2, group, cat("key ", group, ' ', i), std::string(3000, 'v'));
  }
  const Written plain = write(snapshot);
  const Written compressed = write(snapshot, StateCompression::kSnappy);
  EXPECT_LT(compressed.bytes.size(), plain.bytes.size() / 10);
  EXPECT_EQ(compressed.handle.offsets[1], 0) << "an empty group has no frames";

  for (const KeyGroupRange groups : {KeyGroupRange{0, 200}, {0, 0}, {99, 99}, {100, 200}}) {
    MemoryKeyedState of_plain(1000);
    MemoryKeyedState of_compressed(1000);
    ASSERT_TRUE(
        restore_keyed_state(plain.handle, groups, plain.read(), nullptr, false, of_plain).ok());
    const Status status = restore_keyed_state(compressed.handle, groups, compressed.read(), nullptr,
                                              false, of_compressed);
    ASSERT_TRUE(status.ok()) << status.to_string();
    EXPECT_EQ(of_compressed.entries, of_plain.entries);
    EXPECT_FALSE(of_plain.entries.empty());
  }
}

TEST(KeyedStream, CompressesALargeGroupInPieces) {
  size_t most = 0;
  Written written;
  written.handle.range = {0, 7};
  const auto sink = [&](std::string_view bytes) {
    most = std::max(most, bytes.size());
    written.bytes += bytes;
    return Status();
  };
  MemoryKeyedSnapshot snapshot(Serializer<std::string>::describe(), kStates, {0, 7}, 8);
  std::mt19937 random(1);
  for (int i = 0; i < 100; ++i) {
    std::string value(10'000, '\0');
    for (char& byte : value) byte = static_cast<char>(random());
    snapshot.add(1, 3, cat("key", i), value);
  }
  ASSERT_TRUE(
      write_keyed_state(snapshot, sink, &written.handle.offsets, nullptr, StateCompression::kSnappy)
          .ok());
  EXPECT_GT(written.bytes.size(), 1'000'000u) << "these values cannot be compressed";
  EXPECT_LT(most, 200'000u);
  written.handle.stream = InlineBytes{written.bytes};
  MemoryKeyedState restored(8);
  ASSERT_TRUE(
      restore_keyed_state(written.handle, {0, 7}, written.read(), nullptr, false, restored).ok());
  EXPECT_EQ(restored.entries.size(), 100u);
}

TEST(KeyedStream, NoDamageToACompressedGroupIsUnnoticed) {
  MemoryKeyedSnapshot snapshot(Serializer<std::string>::describe(), kStates, {0, 1}, 128);
  snapshot.add(0, 0, "a", "12345678");
  snapshot.add(0, 1, "b", std::string(100, 'b'));
  const Written good = write(snapshot, StateCompression::kSnappy);
  MemoryKeyedState expected(128);
  ASSERT_TRUE(restore_keyed_state(good.handle, {0, 1}, good.read(), nullptr, false, expected).ok());
  int harmless = 0;
  for (size_t at = static_cast<size_t>(good.handle.offsets[0]); at < good.bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Written bad = good;
      bad.bytes[at] = static_cast<char>(bad.bytes[at] ^ 1 << bit);
      MemoryKeyedState state(128);
      const Status status =
          restore_keyed_state(bad.handle, {0, 1}, bad.read(), nullptr, false, state);
      if (status.ok()) {  // a run of equal bytes may be copied from elsewhere in the run
        EXPECT_EQ(state.entries, expected.entries) << "byte " << at << ", bit " << bit;
        ++harmless;
      } else {
        EXPECT_EQ(status.code(), StatusCode::kDataLoss) << "byte " << at << ", bit " << bit;
      }
    }
  }
  EXPECT_LT(harmless, 10);
}

TEST(KeyedStream, StopsWithinAGroupWhenTheSinkFails) {
  int pieces = 0;
  std::vector<int64_t> offsets;
  const Status status = write_keyed_state(
      large_group(),
      [&](std::string_view) { return ++pieces == 3 ? unavailable("storage is gone") : Status(); },
      &offsets);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(pieces, 3);
}

TEST(KeyedStream, RefusesATypeThatCannotBeReadBack) {
  KeyedStateInfo deep = kStates[0];
  for (int i = 0; i < 70; ++i) {
    TypeDescription list = of_kind(TypeKind::kList);
    list.children.push_back(deep.value);
    deep.value = list;
  }
  std::vector<int64_t> offsets;
  const Status status = write_keyed_state(
      MemoryKeyedSnapshot(Serializer<std::string>::describe(), {deep}, {0, 7}, 8),
      [](std::string_view) { return Status(); }, &offsets);
  EXPECT_FALSE(status.ok());
}

}  // namespace
}  // namespace weir

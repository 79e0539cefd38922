#include "checkpoint/hosted_chains.h"

#include <gtest/gtest.h>

#include "checkpoint/hosted_state.h"
#include "checkpoint/keyed_stream.h"
#include "checkpoint/metadata_format.h"
#include "checkpoint/operator_stream.h"
#include "checkpoint/restore_plan.h"
#include "checkpoint/snapshot_loader.h"
#include "checkpoint/testing/memory_keyed_state.h"
#include "checkpoint/testing/samples.h"
#include "fs/memory/memory_file_system.h"
#include "weir/types/types.h"

namespace weir {
namespace {

using namespace std::string_literals;

const OperatorId kSource = murmur3_128("source");
const OperatorId kCount = murmur3_128("count");
const OperatorId kSum = murmur3_128("sum");

std::string with_length(std::string_view bytes) {
  BinaryWriter out;
  out.put_bytes(bytes);
  return out.take();
}

TypeDescription bytes_type() {
  TypeDescription type;
  type.kind = TypeKind::kBytes;
  return type;
}

struct List {
  ListStateMode mode = ListStateMode::kSplit;
  TypeDescription element = bytes_type();
  std::vector<std::string> elements;
};

/// The state that Flink writes for one subtask of an operator.
struct FlinkSubtask {
  std::map<std::string, List> lists;
  KeyGroupRange range{0, -1};  ///< of the raw keyed state; empty: none
  std::map<int, std::string>
      blobs;            ///< by key group; Flink has an entry for each group of the range
  bool leased = false;  ///< it has raw operator state
  bool in_flight = false;
  std::string file;  ///< the file with the keyed state; empty: in `_metadata`
};
struct FlinkOperator {
  std::string uid;
  std::optional<std::string> coordinator;
  std::vector<FlinkSubtask> subtasks;
};

class FlinkSnapshot {
 public:
  std::vector<FlinkOperator> operators;
  std::map<std::string, std::string> files;

  /// Version 4 of `_metadata`.
  std::string metadata() {
    BinaryWriter out;
    out.put_i32(kMetadataMagic);
    out.put_i32(4);
    out.put_i64(3);
    out.put_i32(0);
    out.put_i32(static_cast<int32_t>(operators.size()));
    for (const FlinkOperator& op : operators) put(op, out);
    out.put_raw(kNullProperties);
    return out.take();
  }

 private:
  void put(const FlinkOperator& op, BinaryWriter& out) {
    const OperatorId id = murmur3_128(op.uid);
    out.put_raw({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
    out.put_i32(static_cast<int32_t>(op.subtasks.size()));
    out.put_i32(128);
    if (op.coordinator) {
      put_inline(*op.coordinator, out);
    } else {
      out.put_i8(0);
    }
    out.put_i32(static_cast<int32_t>(op.subtasks.size()));
    for (size_t i = 0; i < op.subtasks.size(); ++i) {
      out.put_i32(static_cast<int32_t>(i));
      put(op.subtasks[i], out);
    }
  }

  void put(const FlinkSubtask& subtask, BinaryWriter& out) {
    out.put_i32(subtask.lists.empty() ? 0 : 1);
    if (!subtask.lists.empty()) {
      std::string stream;
      std::map<std::string, ListStateLocation> places;
      const ByteSink sink = [&](std::string_view bytes) {
        stream.append(bytes);
        return Status();
      };
      EXPECT_TRUE(write_operator_state(subtask.lists, sink, &places).ok());
      out.put_i8(4);
      out.put_i32(static_cast<int32_t>(places.size()));
      for (const auto& [name, place] : places) {
        out.put_utf(name);
        out.put_i8(static_cast<int8_t>(place.mode));
        out.put_i32(static_cast<int32_t>(place.offsets.size()));
        for (const int64_t offset : place.offsets) out.put_i64(offset);
      }
      put_inline(stream, out);
    }
    out.put_i32(subtask.leased ? 1 : 0);
    if (subtask.leased) {
      out.put_i8(4);
      out.put_i32(1);
      out.put_utf("_default_");
      out.put_i8(0);
      out.put_i32(1);
      out.put_i64(0);
      put_inline("L", out);
    }
    out.put_i8(0);
    if (subtask.range.size() <= 0) {
      out.put_i8(0);
    } else {
      put_raw_keyed(subtask, out);
    }
    out.put_i32(subtask.in_flight ? 1 : 0);
    if (subtask.in_flight) {
      for (int i = 0; i < 3; ++i) out.put_i32(0);
      out.put_i32(1);
      out.put_i64(0);
      out.put_i64(1);
      put_inline("x", out);
    }
    out.put_i32(0);
  }

  void put_raw_keyed(const FlinkSubtask& subtask, BinaryWriter& out) {
    BinaryWriter stream;
    std::vector<int64_t> offsets;
    for (int group = subtask.range.first; group <= subtask.range.last; ++group) {
      offsets.push_back(static_cast<int64_t>(stream.size()));
      const auto blob = subtask.blobs.find(group);
      const std::string bytes = blob == subtask.blobs.end() ? "" : blob->second;
      stream.put_i64(static_cast<int64_t>(bytes.size()));
      stream.put_raw(bytes);
    }
    out.put_i8(12);
    out.put_i32(subtask.range.first);
    out.put_i32(subtask.range.size());
    for (const int64_t offset : offsets) out.put_i64(offset);
    if (subtask.file.empty()) {
      put_inline(stream.buffer(), out);
    } else {
      files[subtask.file] = stream.buffer();
      out.put_i8(6);
      out.put_utf(subtask.file);
      out.put_i64(static_cast<int64_t>(stream.size()));
    }
    out.put_utf("11111111-2222-3333-4444-555555555555");
  }

  static void put_inline(std::string_view bytes, BinaryWriter& out) {
    out.put_i8(1);
    out.put_utf("name");
    out.put_bytes(bytes);
  }
};

/// The state of an enumerator with these elements, in the framing of Flink's coordinator.
std::string coordinator(const std::vector<std::string>& elements) {
  BinaryWriter list;
  list.put_i32(static_cast<int32_t>(elements.size()));
  for (const std::string& element : elements) list.put_bytes(element);
  BinaryWriter out;
  out.put_i32(1);
  out.put_i32(1);
  out.put_bytes(list.buffer());
  return out.take();
}

/// An element as stored by Flink's source operator.
std::string split_of_reader(const std::string& element) {
  BinaryWriter out;
  out.put_i32(1);
  out.put_bytes(element);
  return with_length(out.buffer());
}

std::string source_element(const std::string& split) {
  return encode_hosted_element(HostedListElement{
      kSource, "SourceReaderState", ListStateMode::kSplit, bytes_type(), with_length(split)});
}

TypeDescription map_type(TypeDescription key) {
  TypeDescription type;
  type.kind = TypeKind::kMap;
  type.children = {std::move(key), bytes_type()};
  return type;
}

std::vector<OperatorStateDescription> descriptions() {
  TypeDescription nothing;
  OperatorStateDescription count{kCount, "count", Serializer<std::string>::describe(), {}, {}};
  count.keyed_states = {
      {KeyedStateInfo::Kind::kValue, "n", nothing, Serializer<int64_t>::describe()}};
  count.lists = {{"pending", ListStateMode::kSplit, bytes_type()},
                 {"all", ListStateMode::kUnion, bytes_type()},
                 {"rules", ListStateMode::kBroadcast, map_type(bytes_type())}};
  OperatorStateDescription sum{kSum, "sum", Serializer<std::string>::describe(), {}, {}};
  sum.keyed_states = {
      {KeyedStateInfo::Kind::kValue, "s", nothing, Serializer<int64_t>::describe()}};
  return {count, sum};
}

std::string blob(int group, const std::string& of_count, const std::string& of_sum, int32_t types) {
  std::vector<std::string> states;
  for (const std::string& value : {of_count, of_sum}) {
    MemoryKeyedSnapshot snapshot(Serializer<std::string>::describe(), {{}}, {0, 127}, 128);
    if (!value.empty()) snapshot.add(0, group, "key", value);
    BinaryWriter out;
    EXPECT_TRUE(snapshot.write_group(group, out).ok());
    states.push_back(out.take());
  }
  const std::vector<HostedGroupPart> parts = {{kCount, types, states[0]}, {kSum, types, states[1]}};
  return encode_hosted_group(parts);
}

/// Subtask `index` of the two subtasks of a chain of "count" and "sum".
FlinkSubtask chain_subtask(int index) {
  const int32_t types = hosted_types(descriptions());
  FlinkSubtask subtask;
  subtask.range = {index * 64, index * 64 + 63};
  subtask.blobs[index * 64] =
      blob(index * 64, "c" + std::to_string(index), "s" + std::to_string(index), types);
  subtask.blobs[index * 64 + 63] = blob(index * 64 + 63, "", "t" + std::to_string(index), types);
  subtask.leased = true;
  const auto element = [&](const char* list, ListStateMode mode, const std::string& bytes) {
    return with_length(
        encode_hosted_element(HostedListElement{kCount, list, mode, bytes_type(), bytes}));
  };
  subtask.lists[std::string(kHostedSplitList)] = {
      ListStateMode::kSplit,
      bytes_type(),
      {element("pending", ListStateMode::kSplit, "p" + std::to_string(index))}};
  subtask.lists[std::string(kHostedUnionList)] = {
      ListStateMode::kUnion,
      bytes_type(),
      {element("all", ListStateMode::kUnion, "a" + std::to_string(index)),
       with_length(encode_hosted_element(HostedHeader{1003, descriptions()}))}};
  BinaryWriter map;
  map.put_i32(1);
  map.put_i32(0);  // the key
  map.put_bytes(encode_hosted_element(HostedListElement{kCount, "rules", ListStateMode::kBroadcast,
                                                        map_type(bytes_type()),
                                                        "r" + std::to_string(index)}));
  subtask.lists[std::string(kHostedBroadcastMap)] = {
      ListStateMode::kBroadcast, map_type(Serializer<int32_t>::describe()), {map.take()}};
  return subtask;
}

class HostedChains : public testing::Test {
 protected:
  HostedChains() {
    FlinkSubtask reader;
    reader.lists["SourceReaderState"] = {
        ListStateMode::kSplit, bytes_type(), {split_of_reader(source_element("read"))}};
    FlinkSubtask other;
    other.lists["SourceReaderState"] = {
        ListStateMode::kSplit,
        bytes_type(),
        {split_of_reader(encode_hosted_element(HostedSplit{"dealt"}))}};
    snapshot_.operators = {
        {"source", coordinator({encode_hosted_element(HostedSplit{"undealt"})}), {reader, other}},
        {"count", std::nullopt, {chain_subtask(0), chain_subtask(1)}}};
  }

  StatusOr<LoadedCheckpoint> load(LoadOptions options = {}) {
    return load(snapshot_.metadata(), options);
  }
  StatusOr<LoadedCheckpoint> load(const std::string& metadata, LoadOptions options = {}) {
    const FileLocation directory{std::make_shared<MemoryFileSystem>(), "/sp", "/sp"};
    EXPECT_TRUE(write_file(*directory.fs, "/sp/_metadata", metadata).ok());
    for (const auto& [name, bytes] : snapshot_.files)
      EXPECT_TRUE(write_file(*directory.fs, "/sp/" + name, bytes).ok());
    return load_checkpoint(directory, options);
  }

  struct Restored {
    std::vector<std::pair<std::string, std::string>> elements;  ///< each with the name of its list
    std::vector<MemoryKeyedState::Entry> entries;
  };
  /// The state that each subtask of an operator restores.
  static StatusOr<std::vector<Restored>> restore(const LoadedCheckpoint& loaded,
                                                 const OperatorId& id, int parallelism) {
    const auto plan = plan_restore(loaded.metadata, {{"op", "op", id, parallelism, 128}},
                                   {.ignore_unclaimed_state = true});
    if (!plan.ok()) return plan.status();
    StateReader reader(loaded.directory, nullptr);
    const OperatorStateDescription* known = loaded.sidecar->find(id);
    std::vector<Restored> subtasks;
    for (const SubtaskRestore& subtask : plan->operators[0].subtasks) {
      Restored& restored = subtasks.emplace_back();
      std::vector<ListStateSelection> selections = plan->operators[0].for_all;
      selections.insert(selections.end(), subtask.lists.begin(), subtask.lists.end());
      for (const ListStateSelection& list : selections) {
        const auto read = reader.open(list.handle->stream);
        if (!read.ok()) return read.status();
        const auto elements = read_list_elements(*list.handle, list.list, list.elements, *read);
        if (!elements.ok()) return elements.status();
        for (const std::string& element : *elements)
          restored.elements.emplace_back(list.list, element);
      }
      MemoryKeyedState state(128);
      const KeyedStreamHeader types{known->key_type.value_or(TypeDescription()),
                                    known->keyed_states};
      for (const KeyedStateSelection& keyed : subtask.keyed) {
        const auto read = reader.open(keyed.handle->stream);
        if (!read.ok()) return read.status();
        const Status status =
            restore_keyed_state(*keyed.handle, keyed.groups, *read, &types, false, state);
        if (!status.ok()) return status;
      }
      restored.entries = state.entries;
    }
    return subtasks;
  }
  /// Same as text.
  static StatusOr<std::vector<std::string>> restored(const LoadedCheckpoint& loaded,
                                                     const OperatorId& id, int parallelism) {
    const auto subtasks = restore(loaded, id, parallelism);
    if (!subtasks.ok()) return subtasks.status();
    std::vector<std::string> texts;
    for (const Restored& each : *subtasks) {
      std::string& text = texts.emplace_back();
      for (const auto& [list, element] : each.elements) text += list + "=" + element + " ";
      for (const auto& entry : each.entries) {
        text += std::to_string(entry.key_group) + ":" + entry.state + "/" + entry.key + "=" +
                entry.value + " ";
      }
    }
    return texts;
  }

  FlinkSnapshot snapshot_;
};

using Texts = std::vector<std::string>;

TEST_F(HostedChains, BecomeWeirsOperators) {
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().to_string();
  EXPECT_EQ(loaded->metadata->checkpoint_id, 1003) << "as the chains counted";
  ASSERT_EQ(loaded->metadata->operators.size(), 3u);
  ASSERT_TRUE(loaded->sidecar);
  EXPECT_EQ(*loaded->sidecar->find(kCount), descriptions()[0]);
  EXPECT_EQ(*loaded->sidecar->find(kSum), descriptions()[1]);
}

TEST_F(HostedChains, AreRestoredWithTheSameParallelism) {
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().to_string();
  EXPECT_EQ(restored(*loaded, kCount, 2).value(),
            (Texts{"all=a0 all=a1 pending=p0 rules=r0 0:n/key=c0 ",
                   "all=a0 all=a1 pending=p1 rules=r1 64:n/key=c1 "}));
  EXPECT_EQ(restored(*loaded, kSum, 2).value(),
            (Texts{"0:s/key=s0 63:s/key=t0 ", "64:s/key=s1 127:s/key=t1 "}));
}

TEST_F(HostedChains, AreRestoredWithAnotherParallelism) {
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().to_string();
  EXPECT_EQ(restored(*loaded, kCount, 1).value(),
            (Texts{"all=a0 all=a1 pending=p0 pending=p1 rules=r0 0:n/key=c0 64:n/key=c1 "}));
  EXPECT_EQ(restored(*loaded, kSum, 3).value(),
            (Texts{"0:s/key=s0 ", "63:s/key=t0 64:s/key=s1 ", "127:s/key=t1 "}));
}

TEST_F(HostedChains, GiveASourceEachOfItsSplitsOnce) {
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().to_string();
  EXPECT_EQ(restored(*loaded, kSource, 2).value(),
            (Texts{"SourceReaderState=\0\0\0\7undealt SourceReaderState=\0\0\0\4read "s,
                   "SourceReaderState=\0\0\0\5dealt "s}));
}

TEST_F(HostedChains, RestoreNoSplitsOfAnEndedSource) {
  snapshot_.operators[0] = {"source", coordinator({}), {{}, {}}};
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().to_string();
  EXPECT_EQ(restored(*loaded, kSource, 2).value(), (Texts{"", ""}));
  const auto plan = plan_restore(loaded->metadata, {{"op", "op", kSource, 2, 128}},
                                 {.ignore_unclaimed_state = true});
  EXPECT_TRUE(plan->operators[0].found) << "else its splits would be enumerated again";
}

TEST_F(HostedChains, MayBeInFiles) {
  snapshot_.operators[1].subtasks[0].file = "b1e1e55e";
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().to_string();
  EXPECT_EQ(restored(*loaded, kSum, 1).value(),
            (Texts{"0:s/key=s0 63:s/key=t0 64:s/key=s1 127:s/key=t1 "}));
}

TEST_F(HostedChains, AreRefusedBesideAFlinkSource) {
  snapshot_.operators.push_back({"kafka", "\0\0\0\1\0\0\0\2\0\0\0\1x"s, {{}}});
  const auto loaded = load();
  EXPECT_EQ(loaded.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(
      loaded.status().message().find("the state of its coordinator belongs to a source of Flink's"),
      std::string::npos)
      << loaded.status().message();
  const auto partial = load({.leave_out_foreign_state = true});
  ASSERT_TRUE(partial.ok());
  EXPECT_EQ(partial->left_out.size(), 1u);
}

TEST_F(HostedChains, AreRefusedWithRecordsInFlight) {
  snapshot_.operators[1].subtasks[1].in_flight = true;
  const auto loaded = load();
  EXPECT_EQ(loaded.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(loaded.status().message().find(
                "records in flight to its inputs (an unaligned checkpoint); take a savepoint"),
            std::string::npos)
      << loaded.status().message();
}

TEST_F(HostedChains, AreDamagedIfTypesContradictTheHeader) {
  snapshot_.operators[1].subtasks[1].blobs[70] =
      blob(70, "c", "", hosted_types(descriptions()) + 1);
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().to_string();
  EXPECT_EQ(restored(*loaded, kCount, 1).status().code(), StatusCode::kDataLoss);
}

TEST_F(HostedChains, AreRefusedIfTheyDescribeAnOperatorDifferently) {
  auto other = descriptions();
  std::swap(other[0].lists[0], other[0].lists[1]);
  snapshot_.operators[1].subtasks[1].lists[std::string(kHostedUnionList)].elements[1] =
      with_length(encode_hosted_element(HostedHeader{1003, other}));
  const auto loaded = load();
  EXPECT_EQ(loaded.status().code(), StatusCode::kFailedPrecondition) << loaded.status().to_string();
}

TEST_F(HostedChains, AreDamagedWithoutAHeader) {
  snapshot_.operators[1].subtasks[1].lists[std::string(kHostedUnionList)].elements.pop_back();
  EXPECT_EQ(load().status().code(), StatusCode::kDataLoss);
}

/// Savepoints of examples/flights from real clusters, at parallelism 2.
TEST_F(HostedChains, AreReadFromRealSavepoints) {
  const std::pair<const char*, const char*> samples[] = {
      {"flink-1.20.5/hosted-flights/_metadata",
       "checkpoint 6\nflights SourceReaderState 1\ndelays _timer_state/event_window-timers "
       "21\ndelays window-contents 21\n"
       "results committables 4\nresults file-sink-run 1\n"},
      {"flink-2.3.0/hosted-flights/_metadata",
       "checkpoint 12\nflights SourceReaderState 1\ndelays _timer_state/event_window-timers "
       "31\ndelays window-contents 31\n"
       "results committables 2\nresults file-sink-run 1\n"}};
  for (const auto& [sample, expected] : samples) {
    const auto loaded = load(flink_sample(sample));
    ASSERT_TRUE(loaded.ok()) << loaded.status().to_string();
    std::string found = "checkpoint " + std::to_string(loaded->metadata->checkpoint_id) + "\n";
    for (const char* uid : {"flights", "delays", "results"}) {
      const auto subtasks = restore(*loaded, murmur3_128(uid), 1);
      ASSERT_TRUE(subtasks.ok()) << subtasks.status().to_string();
      std::map<std::string, int> counts;
      for (const auto& [list, element] : subtasks->front().elements) ++counts[list];
      for (const auto& entry : subtasks->front().entries) ++counts[entry.state];
      for (const auto& [name, count] : counts)
        found += std::string(uid) + " " + name + " " + std::to_string(count) + "\n";
    }
    EXPECT_EQ(found, expected) << sample;
  }
}

TEST_F(HostedChains, SurviveEveryFlippedBit) {
  std::string metadata = snapshot_.metadata();
  for (size_t bit = 0; bit < metadata.size() * 8; bit += 5) {
    metadata[bit / 8] = static_cast<char>(metadata[bit / 8] ^ 1 << bit % 8);
    const auto loaded = load(metadata);
    if (loaded.ok() && loaded->sidecar) {
      for (const OperatorStateDescription& op : loaded->sidecar->operators)
        (void)restored(*loaded, op.operator_id, 3);
    }
    metadata[bit / 8] = static_cast<char>(metadata[bit / 8] ^ 1 << bit % 8);
  }
}

}  // namespace
}  // namespace weir

#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/hosted_chains.h"
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

// A snapshot of hosted chains, as Flink writes it.

namespace weir::hosted_tests {

using namespace std::string_literals;

inline const OperatorId kSource = murmur3_128("source");
inline const OperatorId kCount = murmur3_128("count");
inline const OperatorId kSum = murmur3_128("sum");

inline std::string with_length(std::string_view bytes) {
  BinaryWriter out;
  out.put_bytes(bytes);
  return out.take();
}

inline TypeDescription bytes_type() {
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
inline std::string coordinator(const std::vector<std::string>& elements) {
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
inline std::string split_of_reader(const std::string& element) {
  BinaryWriter out;
  out.put_i32(1);
  out.put_bytes(element);
  return with_length(out.buffer());
}

inline std::string source_element(const std::string& split) {
  return encode_hosted_element(HostedListElement{
      kSource, "SourceReaderState", ListStateMode::kSplit, bytes_type(), with_length(split)});
}

inline TypeDescription map_type(TypeDescription key) {
  TypeDescription type;
  type.kind = TypeKind::kMap;
  type.children = {std::move(key), bytes_type()};
  return type;
}

inline std::vector<OperatorStateDescription> descriptions() {
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

inline std::string blob(int group, const std::string& of_count, const std::string& of_sum,
                        int32_t types) {
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
inline FlinkSubtask chain_subtask(int index) {
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

}  // namespace weir::hosted_tests

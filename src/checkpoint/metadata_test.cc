#include "checkpoint/metadata.h"

#include <gtest/gtest.h>

#include "checkpoint/enumerator_state.h"
#include "checkpoint/keyed_stream.h"
#include "checkpoint/operator_stream.h"
#include "checkpoint/testing/memory_keyed_state.h"
#include "checkpoint/testing/samples.h"

namespace weir {
namespace {

constexpr const char* kSamples[] = {
    "flink-2.3.0/minimal/_metadata",          "flink-1.20.0/minimal/_metadata",
    "flink-2.3.0/synthetic-v4/_metadata",     "flink-2.3.0/synthetic-v6/_metadata",
    "flink-2.3.0/canonical-inline/_metadata", "flink-2.3.0/checkpoint-hashmap/_metadata"};

CheckpointMetadata example() {
  OperatorSnapshotState source{"Source", "src-uid", murmur3_128("src-uid"), 2, 128, {}, false};
  source.subtasks[0].operator_state =
      OperatorStateHandle{{{"splits", {ListStateMode::kSplit, {10, 14}}},
                           {"all", {ListStateMode::kUnion, {}}},
                           {"rules", {ListStateMode::kBroadcast, {3}}}},
                          InlineBytes{"0123456789one two", "n"}};
  source.subtasks[1].finished = true;
  OperatorSnapshotState counter{"Counter", "count-uid", murmur3_128("count-uid"), 3, 128,
                                {},        false};
  counter.subtasks[0].keyed_state =
      KeyedStateHandle{{0, 42}, std::vector<int64_t>(43, 0), FileSegment{"data-0-1", 100, 50}};
  counter.subtasks[0].keyed_state->offsets[7] = 33;
  counter.subtasks[2].keyed_state = KeyedStateHandle{
      {86, 127}, std::vector<int64_t>(42, 0), FileSegment{"hdfs://other/shared/f", 0, 9}};
  OperatorSnapshotState ended{"Ended", "ended", murmur3_128("ended"), 1, 128, {}, true};
  return {42, {source, counter, ended}};
}

std::string encoded(const CheckpointMetadata& metadata,
                    MetadataVersion version = MetadataVersion::k6) {
  auto bytes = encode_metadata(metadata, "hdfs://nn:8020/cp/job/chk-42", version);
  EXPECT_TRUE(bytes.ok()) << bytes.status().to_string();
  return std::move(bytes).value();
}
CheckpointMetadata decoded(std::string_view bytes, MetadataDecoding options = {}) {
  auto metadata = decode_metadata(bytes, options);
  EXPECT_TRUE(metadata.ok()) << metadata.status().to_string();
  return metadata.ok() ? std::move(metadata).value() : CheckpointMetadata();
}
std::string file_of(const StateStream& stream) { return std::get<FileSegment>(stream).file; }

TEST(Metadata, LayersOfIncrementalStateAndTheirSharedFilesSurvive) {
  KeyedStateHandle handle;
  handle.range = {4, 7};
  const auto layer = [](bool changes, std::vector<int64_t> offsets, StateStream stream) {
    KeyedStateHandle made{{4, 7}, std::move(offsets), std::move(stream)};
    made.changes = changes;
    return made;
  };
  const std::string first = "../shared/data-1-0-00000000000000aa";
  const std::string third = "../shared/data-3-0-00000000000000bb";
  handle.layers = {layer(false, {10, -20, 0, 30}, FileSegment{first, 5, 60}),
                   layer(false, {0, 10, 0, 0}, FileSegment{third, 0, 20}),
                   layer(true, {-10, 15, 0, 20}, FileSegment{third, 20, 25})};
  CheckpointMetadata metadata = example();
  metadata.operators[1].subtasks[0].keyed_state = handle;
  for (const char* directory :
       {"hdfs://nn:8020/cp/job/chk-42", "file:///moved/to/chk-42", "file:///moved/to/chk-42/"}) {
    MetadataDecoding options;
    options.directory = directory;
    const KeyedStateHandle read =
        *decoded(encoded(metadata), options).operators[1].subtasks[0].keyed_state;
    EXPECT_EQ(read.range, handle.range);
    ASSERT_EQ(read.layers.size(), 3u);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(read.layers[i].range, handle.range);
      EXPECT_EQ(read.layers[i].offsets, handle.layers[i].offsets);
      EXPECT_EQ(read.layers[i].changes, i == 2);
      EXPECT_EQ(file_of(read.layers[i].stream), file_of(handle.layers[i].stream));
      EXPECT_EQ(stream_length(read.layers[i].stream), stream_length(handle.layers[i].stream));
    }
  }
  const std::string bytes = encoded(metadata);
  EXPECT_NE(bytes.find("hdfs://nn:8020/cp/job/shared/data-3-0-00000000000000bb"),
            std::string::npos);
}

TEST(Metadata, ChangesToGroupsThatWereEmptyAreRead) {
  KeyedStateHandle handle;
  handle.range = {0, 0};
  handle.layers = {KeyedStateHandle{{0, 0}, {10}, FileSegment{"data-0-1", 0, 20}}};
  handle.layers[0].changes = true;
  CheckpointMetadata metadata = example();
  metadata.operators[1].subtasks[0].keyed_state = handle;
  const KeyedStateHandle read = *decoded(encoded(metadata)).operators[1].subtasks[0].keyed_state;
  ASSERT_EQ(read.layers.size(), 1u);
  EXPECT_TRUE(read.layers[0].changes);
}

TEST(Metadata, ReproducesFlink23FileByteForByte) {
  const std::string bytes = flink_sample("flink-2.3.0/minimal/_metadata");
  ASSERT_EQ(bytes.size(), 1669u);
  const CheckpointMetadata metadata = decoded(bytes);
  EXPECT_EQ(metadata.checkpoint_id, 0);
  ASSERT_EQ(metadata.operators.size(), 1u);
  const OperatorSnapshotState& op = metadata.operators[0];
  EXPECT_EQ(op.name, "ReducedOperatorState");
  EXPECT_EQ(op.uid, "word-counter");
  EXPECT_EQ(op.id, murmur3_128("word-counter"));
  EXPECT_EQ(op.parallelism, 1);
  EXPECT_EQ(op.max_parallelism, 128);
  const KeyedStateHandle& keyed = op.subtasks.at(0).keyed_state.value();
  EXPECT_EQ(keyed.range, (KeyGroupRange{0, 127}));
  EXPECT_EQ(keyed.offsets[15], 0x173);
  EXPECT_EQ(keyed.offsets[87], 0x18F);
  EXPECT_EQ(keyed.offsets[116], 0x1A9);
  EXPECT_EQ(stream_length(keyed.stream), 453);
  EXPECT_EQ(encoded(metadata), bytes);
}

TEST(Metadata, ReproducesFlink120FileByteForByte) {
  const std::string bytes = flink_sample("flink-1.20.0/minimal/_metadata");
  EXPECT_EQ(encoded(decoded(bytes), MetadataVersion::k4), bytes);
}

// Our own writer writes the keyed state of the sample.
TEST(Metadata, ReproducesFlinkKeyedStateByteForByte) {
  const CheckpointMetadata metadata = decoded(flink_sample("flink-2.3.0/minimal/_metadata"));
  const KeyedStateHandle& keyed = metadata.operators[0].subtasks.at(0).keyed_state.value();
  MemoryKeyedState state(128);
  ASSERT_TRUE(
      restore_keyed_state(keyed, keyed.range, read_inline(keyed.stream), nullptr, false, state)
          .ok());
  ASSERT_EQ(state.entries.size(), 3u);

  MemoryKeyedSnapshot snapshot(state.key_type, state.states, keyed.range, 128);
  for (const auto& entry : state.entries) snapshot.add(0, entry.key_group, entry.key, entry.value);
  std::string bytes;
  std::vector<int64_t> offsets;
  ASSERT_TRUE(write_keyed_state(
                  snapshot,
                  [&](std::string_view piece) {
                    bytes += piece;
                    return Status();
                  },
                  &offsets)
                  .ok());
  EXPECT_EQ(offsets, keyed.offsets);
  EXPECT_EQ(bytes, std::get<InlineBytes>(keyed.stream).bytes);
}

TEST(Metadata, OwnFilesRoundTrip) {
  const CheckpointMetadata read =
      decoded(encoded(example()), {"hdfs://nn:8020/cp/job/chk-42/", nullptr, nullptr});
  EXPECT_EQ(read.checkpoint_id, 42);
  ASSERT_EQ(read.operators.size(), 3u);
  EXPECT_EQ(read.operators[0].name, "Source");
  EXPECT_EQ(read.operators[0].uid, "src-uid");
  EXPECT_EQ(read.operators[0].parallelism, 2);
  const OperatorStateHandle& lists = read.operators[0].subtasks.at(0).operator_state.value();
  EXPECT_EQ(lists.lists.at("splits").offsets, (std::vector<int64_t>{10, 14}));
  EXPECT_EQ(lists.lists.at("splits").mode, ListStateMode::kSplit);
  EXPECT_EQ(lists.lists.at("all").mode, ListStateMode::kUnion);
  EXPECT_EQ(lists.lists.at("rules").mode, ListStateMode::kBroadcast);
  EXPECT_EQ(lists.lists.at("rules").offsets, std::vector<int64_t>{3});
  EXPECT_EQ(std::get<InlineBytes>(lists.stream).bytes, "0123456789one two");
  EXPECT_TRUE(read.operators[0].subtasks.at(1).finished);
  const auto& counter = read.operators[1].subtasks;
  EXPECT_EQ(counter.size(), 2u) << "a subtask without state leaves no trace";
  EXPECT_EQ(file_of(counter.at(0).keyed_state->stream), "data-0-1");
  EXPECT_EQ(std::get<FileSegment>(counter.at(0).keyed_state->stream).offset, 100);
  EXPECT_EQ(std::get<FileSegment>(counter.at(0).keyed_state->stream).length, 50);
  EXPECT_EQ(counter.at(0).keyed_state->offsets[7], 33);
  EXPECT_EQ(file_of(counter.at(2).keyed_state->stream), "hdfs://other/shared/f");
  EXPECT_TRUE(read.operators[2].finished);
  EXPECT_TRUE(read.operators[2].subtasks.empty());
}

TEST(Metadata, KeepsTheStateOfAnEnumeratorAndTellsItFromThatOfFlinksSources) {
  const EnumeratorState state{"seen: a", {"split 1", "", std::string(3, '\0')}, true};
  CheckpointMetadata metadata = example();
  metadata.operators[0].enumerator = encode_enumerator_state(state);
  std::vector<HostedChainState> hosted;
  const CheckpointMetadata read =
      decoded(encoded(metadata), {.is_beside = nullptr, .left_out = nullptr, .hosted = &hosted});
  EXPECT_TRUE(hosted.empty());
  ASSERT_EQ(read.operators.size(), 3u);
  EXPECT_EQ(decode_enumerator_state(read.operators[0].enumerator).value(), state);
  EXPECT_TRUE(read.operators[1].enumerator.empty());

  metadata.operators[0].enumerator = std::string("\0\0\0\1\0\0\0\1\0\0\0\0", 12);
  const Status refused = decode_metadata(encoded(metadata), {.is_beside = nullptr}).status();
  EXPECT_NE(refused.message().find("coordinator"), std::string::npos) << refused.to_string();
}

TEST(EnumeratorState, EveryTruncationIsRefused) {
  const std::string whole = encode_enumerator_state({"state", {"a", "bc"}, false});
  for (size_t length = 0; length < whole.size(); ++length) {
    const Status refused = decode_enumerator_state(whole.substr(0, length)).status();
    EXPECT_EQ(refused.code(), StatusCode::kDataLoss) << length << ": " << refused.to_string();
  }
}

TEST(Metadata, Version4HasIdsOnly) {
  const CheckpointMetadata read = decoded(encoded(example(), MetadataVersion::k4));
  EXPECT_EQ(read.operators[1].uid, "");
  EXPECT_EQ(read.operators[1].id, murmur3_128("count-uid"));
}

TEST(Metadata, FindsFilesOfAMovedDirectoryBesideIt) {
  const std::string bytes = encoded(example());
  const auto file = [&](MetadataDecoding options) {
    return file_of(decoded(bytes, options).operators[1].subtasks.at(0).keyed_state->stream);
  };
  EXPECT_EQ(file({"/moved", nullptr, nullptr}), "hdfs://nn:8020/cp/job/chk-42/data-0-1");
  EXPECT_EQ(file({"/moved", [](const std::string& name) { return name == "data-0-1"; }, nullptr}),
            "data-0-1");
  EXPECT_EQ(file({"/moved", [](const std::string&) { return false; }, nullptr}),
            "hdfs://nn:8020/cp/job/chk-42/data-0-1");
}

TEST(Metadata, AcceptsAllNamesOfALocalDirectory) {
  for (const char* written :
       {"file:/tmp/chk-1", "file:///tmp/chk-1", "/tmp/chk-1", "/tmp/chk-1/"}) {
    for (const char* read : {"file:/tmp/chk-1/", "file:///tmp/chk-1", "/tmp/chk-1"}) {
      const auto bytes = encode_metadata(example(), written);
      const auto metadata = decode_metadata(bytes.value(), {read, nullptr, nullptr});
      EXPECT_EQ(file_of(metadata.value().operators[1].subtasks.at(0).keyed_state->stream),
                "data-0-1")
          << written << " " << read;
    }
  }
}

TEST(Metadata, NamesStateThatWeirCannotRestore) {
  const auto refusal = [](const char* sample) {
    const auto metadata = decode_metadata(flink_sample(sample), {});
    EXPECT_EQ(metadata.status().code(), StatusCode::kFailedPrecondition);
    return std::string(metadata.status().message());
  };
  EXPECT_NE(refusal("flink-2.3.0/synthetic-v6/_metadata").find("master hook 'hook-\xC3\xA9'"),
            std::string::npos);
  EXPECT_NE(refusal("flink-2.3.0/canonical-inline/_metadata")
                .find("operator 'numbers-src': the state of its coordinator"),
            std::string::npos);
}

TEST(Metadata, SkipsStateThatWeirCannotRestoreOnRequest) {
  const auto left_out = [](const char* sample) {
    std::vector<std::string> sentences;
    decoded(flink_sample(sample), {"", nullptr, &sentences});
    std::string all;
    for (const std::string& sentence : sentences) all += sentence.substr(0, 70) + "\n";
    return all;
  };
  EXPECT_EQ(left_out("flink-2.3.0/synthetic-v6/_metadata"),
            "it has state of the master hook 'hook-\xC3\xA9'\n"
            "operator 'uid-a': its keyed state consists of RocksDB's files; take a \n"
            "operator 'uid-a': its keyed state is a changelog; take a savepoint in \n"
            "operator 'uid-a': it has records in flight to its inputs (an unaligned\n"
            "operator 'uid-a': it has records in flight to its results (an unaligne\n"
            "operator 'uid-a': the state of its coordinator belongs to Flink's sour\n"
            "operator 'uid-a': it has raw operator state, which only a Flink operat\n"
            "operator 'uid-a': it has raw keyed state, which only a Flink operator \n");
}

TEST(Metadata, KeepsRestorableStateOfSyntheticFiles) {
  for (const char* sample :
       {"flink-2.3.0/synthetic-v4/_metadata", "flink-2.3.0/synthetic-v6/_metadata"}) {
    std::vector<std::string> left_out;
    const CheckpointMetadata metadata =
        decoded(flink_sample(sample), {"hdfs://nn:8020/cp/shared", nullptr, &left_out});
    EXPECT_EQ(metadata.checkpoint_id, 7);
    ASSERT_EQ(metadata.operators.size(), 2u);
    EXPECT_EQ(metadata.operators[0].parallelism, 6);
    EXPECT_EQ(metadata.operators[0].id.to_hex(), "00000000000000010000000000000002");
    EXPECT_TRUE(metadata.operators[0].subtasks.at(3).finished);
    EXPECT_TRUE(metadata.operators[1].finished);
    const OperatorStateHandle& lists = metadata.operators[0].subtasks.at(4).operator_state.value();
    EXPECT_EQ(lists.lists.at("s").mode, ListStateMode::kUnion);
    EXPECT_EQ(lists.lists.at("s").offsets, (std::vector<int64_t>{5, 6, 7}));
    EXPECT_EQ(file_of(lists.stream), "f1");
    EXPECT_EQ(stream_length(lists.stream), 77);
  }
}

TEST(Metadata, RefusesOtherVersionsAndFiles) {
  std::string bytes = encoded(example());
  bytes[7] = 7;
  EXPECT_EQ(decode_metadata(bytes, {}).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(decode_metadata(bytes, {}).status().message().find("version 7"),
            std::string_view::npos);
  EXPECT_EQ(decode_metadata("PK\3\4 something else", {}).status().code(), StatusCode::kDataLoss);
}

TEST(Metadata, RefusesNamesTooLongForTheFormat) {
  CheckpointMetadata metadata = example();
  metadata.operators[0].uid = std::string(30000, 'u');
  EXPECT_EQ(encode_metadata(metadata, "/d", MetadataVersion::k6).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(encode_metadata(example(), std::string(30000, 'd')).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(Metadata, ReadsButDoesNotWriteHeapLayout) {
  std::vector<std::string> left_out;
  CheckpointMetadata metadata =
      decoded(flink_sample("flink-2.3.0/checkpoint-hashmap/_metadata"), {"", nullptr, &left_out});
  const auto keyed = std::find_if(metadata.operators.begin(), metadata.operators.end(),
                                  [](const auto& op) { return op.uid == "keyed-op"; });
  ASSERT_NE(keyed, metadata.operators.end());
  EXPECT_EQ(keyed->subtasks.at(0).keyed_state->heap_max_parallelism, 128);
  EXPECT_FALSE(encode_metadata(metadata, "/d").ok());
}

/// Reads as much of a snapshot as possible. Expects only that it returns.
void read_everything(std::string_view bytes) {
  std::vector<std::string> left_out;
  const auto metadata = decode_metadata(bytes, {"/d", nullptr, &left_out});
  if (!metadata.ok()) return;
  for (const OperatorSnapshotState& op : metadata->operators) {
    for (const auto& [index, subtask] : op.subtasks) {
      if (subtask.keyed_state) {
        MemoryKeyedState state(op.max_parallelism);
        (void)restore_keyed_state(*subtask.keyed_state, subtask.keyed_state->range,
                                  read_inline(subtask.keyed_state->stream), nullptr, false, state);
      }
      if (subtask.operator_state) {
        const OperatorStateHandle& handle = *subtask.operator_state;
        (void)read_operator_header(handle, read_inline(handle.stream));
        for (const auto& [name, list] : handle.lists)
          (void)read_list_elements(handle, name, {0}, read_inline(handle.stream));
      }
    }
  }
}

TEST(Metadata, RefusesEveryTruncation) {
  std::vector<std::string> files = {encoded(example()), encoded(example(), MetadataVersion::k4)};
  for (const char* sample : kSamples) files.push_back(flink_sample(sample));
  for (const std::string& file : files) {
    ASSERT_GT(file.size(), 500u);
    // The properties extend to the end of the file, so missing ones at the end cannot be noticed.
    const size_t end =
        file.find("\xAC\xED", file.size() - 1000 < file.size() ? file.size() - 1000 : 0);
    const size_t needed = end == std::string::npos ? file.size() : end + 4;
    for (size_t length = 0; length < needed; ++length) {
      std::vector<std::string> left_out;
      EXPECT_FALSE(
          decode_metadata(std::string_view(file).substr(0, length), {"", nullptr, &left_out}).ok())
          << length;
    }
  }
}

TEST(Metadata, SurvivesEveryFlippedBit) {
  std::vector<std::string> files = {encoded(example()), encoded(example(), MetadataVersion::k4)};
  for (const char* sample : kSamples) files.push_back(flink_sample(sample));
  for (std::string& file : files) {
    // Testing every bit of the large samples takes long.
    const size_t step = file.size() > 3000 ? 37 : 1;
    for (size_t bit = 0; bit < file.size() * 8; bit += step) {
      file[bit / 8] = static_cast<char>(file[bit / 8] ^ 1 << bit % 8);
      read_everything(file);
      file[bit / 8] = static_cast<char>(file[bit / 8] ^ 1 << bit % 8);
    }
  }
}

}  // namespace
}  // namespace weir

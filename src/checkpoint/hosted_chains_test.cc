#include "checkpoint/hosted_chains.h"

#include "checkpoint/testing/flink_snapshot.h"

namespace weir::hosted_tests {
namespace {

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
}  // namespace weir::hosted_tests

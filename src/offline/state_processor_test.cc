// Savepoints that are written from records, read, and changed.

#include "weir/state_processor.h"

#include <gtest/gtest.h>

#include <optional>

#include "base/testing/source_dir.h"
#include "offline/testing/accounts.h"
#include "weir/function/checkpointed_function.h"

namespace weir {
namespace {

using namespace accounts;

/// Operator state: a list, a union list and a broadcast map.
struct Counts final : StateBootstrapFunction<int64_t>, CheckpointedFunction {
  void initialize_state(FunctionInitializationContext& context) override {
    list = context.list_state(ListStateDescriptor<int64_t>{"list"});
    all = context.union_list_state(ListStateDescriptor<int64_t>{"all"});
    map.emplace(context.broadcast_state(MapStateDescriptor<Text, int64_t>{"map"}));
    values = list.get();
  }
  void snapshot_state(FunctionSnapshotContext&) override {
    list.update(values);
    all.update({std::ssize(values)});
    map->put("n", std::ssize(values));
  }
  void process_element(const int64_t& value, Context&, Collector<Output>&) override {
    values.push_back(value);
  }
  ListState<int64_t> list, all;
  std::optional<BroadcastState<Text, int64_t>> map;
  std::vector<int64_t> values;
};

class StateProcessor : public FolderTest {};

TEST_F(StateProcessor, OperatorStateIsMadeAndRead) {
  const auto written =
      SavepointWriter::new_savepoint()
          .with_operator("counts", bootstrap_with<int64_t>({4, 5}).transform(Counts{}))
          .write(at("s"));
  ASSERT_TRUE(written.ok()) << written.to_string();
  const auto reader = SavepointReader::read(at("s"));
  ASSERT_TRUE(reader.ok()) << reader.status().to_string();
  const ListStateDescriptor<int64_t> list{"list"}, all{"all"};
  EXPECT_EQ(*reader->read_list_state("counts", list), (std::vector<int64_t>{4, 5}));
  EXPECT_EQ(*reader->read_union_state("counts", all), (std::vector<int64_t>{2}));
  const auto map = reader->read_broadcast_state("counts", MapStateDescriptor<Text, int64_t>{"map"});
  ASSERT_TRUE(map.ok()) << map.status().to_string();
  EXPECT_EQ(map->at("n"), 2);

  EXPECT_EQ(reader->read_list_state("counts", all).status().message(),
            "operator state 'all' of the operator with the uid 'counts' is in mode union, not "
            "split");
  const auto none = reader->read_list_state("other", list).status();
  EXPECT_EQ(none.code(), StatusCode::kNotFound);
  EXPECT_NE(none.message().find("has no operator with the uid 'other'; it has: counts"),
            Text::npos);
  EXPECT_EQ(reader->read_keyed_state("counts", Read{}).status().message(),
            "the operator with the uid 'counts' has no keyed state");
}

TEST_F(StateProcessor, ASavepointIsRepaired) {
  ASSERT_TRUE(SavepointWriter::new_savepoint()
                  .with_operator("accounts", accounts_of(kHistory))
                  .with_operator("counts", bootstrap_with<int64_t>({4}).transform(Counts{}))
                  .with_operator("gone", accounts_of({{"ann", 1}}))
                  .write(at("before"))
                  .ok());
  const auto before = SavepointReader::read(at("before"));
  ASSERT_TRUE(before.ok());
  const auto written =
      SavepointWriter::from_existing(*before)
          .change_operator("accounts", accounts_of({{"bob", -2}}))
          .change_operator_identifier("accounts", "customers")
          .change_operator("counts", bootstrap_with<int64_t>({5}).transform(Counts{}))
          .remove_operator("gone")
          .write(at("after"));
  ASSERT_TRUE(written.ok()) << written.to_string();
  EXPECT_EQ(read(at("after"), "customers"),
            (std::vector<Text>{"ann: " + kAnn + " timer 3 timer 5",
                               "bob: bob 5 [7,-2,] n=2 max 7 sum 5 timer -2 timer 7"}));
  const auto after = SavepointReader::read(at("after"));
  EXPECT_EQ(*after->read_list_state("counts", ListStateDescriptor<int64_t>{"list"}),
            (std::vector<int64_t>{4, 5}));
  const auto operators = after->operators();
  ASSERT_TRUE(operators.ok());
  ASSERT_EQ(operators->size(), 2U);
  EXPECT_EQ((*operators)[0].uid, "customers");
  EXPECT_EQ((*operators)[0].key_type, "string");
}

TEST_F(StateProcessor, ManyKeysAreInAFile) {
  std::vector<Account> many;
  for (int64_t i = 0; i < 20'000; ++i) many.push_back({"key " + std::to_string(i), i});
  const auto written = SavepointWriter::new_savepoint(1000)
                           .with_operator("accounts", accounts_of(many))
                           .write(at("s"));
  ASSERT_TRUE(written.ok()) << written.to_string();
  EXPECT_EQ(read(at("s")).size(), many.size());
  const auto reader = SavepointReader::read(at("s"));
  ASSERT_TRUE(SavepointWriter::from_existing(*reader).write(at("copy")).ok());
  EXPECT_EQ(read(at("copy")), read(at("s")));
}

/// The operator "keyed-op" of the samples that Flink wrote.
struct ReadFlinks final : KeyedStateReaderFunction<Text, Text> {
  void open(RuntimeContext& context) override {
    count = context.state(ValueStateDescriptor<int64_t>{"count"});
    list = context.state(ListStateDescriptor<int32_t>{"list"});
    map = context.state(MapStateDescriptor<Text, double>{"map"});
  }
  void read_key(const Text& key, Context& context, Collector<Text>& out) override {
    Text text = key + " " + std::to_string(count.value_or(-1)) + " [";
    for (const int32_t each : list.get()) text += std::to_string(each) + ",";
    text += "] " + std::to_string(map.entries().size());
    for (const Timestamp timer : context.registered_event_time_timers())
      text += " " + std::to_string(timer);
    out.collect(text);
  }
  ValueState<int64_t> count;
  ListState<int32_t> list;
  MapState<Text, double> map;
};

TEST_F(StateProcessor, FlinksSnapshotsAreReadAndCopied) {
  const std::map<Text, Text> samples = {
      {"canonical-inline", "key-0 4 [0,5,10,15,] 3 1000000 1000005 1000010 1000015"},
      {"checkpoint-hashmap", "key-0 4 [0,500000,500005,5,] 3 1000000 1000005 1500000 1500005"}};
  for (const auto& [sample, first] : samples) {
    const auto reader =
        SavepointReader::read(source_dir() + "/tests/compat/flink-samples/flink-2.3.0/" + sample);
    ASSERT_TRUE(reader.ok()) << reader.status().to_string();
    const auto values = reader->read_keyed_state("keyed-op", ReadFlinks{});
    ASSERT_TRUE(values.ok()) << values.status().to_string();
    ASSERT_FALSE(values->empty());
    EXPECT_EQ(values->size(), 5U);
    EXPECT_EQ(values->front(), first);

    const Text copied = at(sample);
    const auto written = SavepointWriter::from_existing(*reader).write(copied);
    ASSERT_TRUE(written.ok()) << written.to_string();
    const auto copy = SavepointReader::read(copied);
    ASSERT_TRUE(copy.ok()) << copy.status().to_string();
    EXPECT_EQ(*copy->read_keyed_state("keyed-op", ReadFlinks{}), *values);
    const ListStateDescriptor<int64_t> split{"split"};
    EXPECT_FALSE(reader->read_list_state("list-op", split)->empty());
    EXPECT_EQ(*copy->read_list_state("list-op", split), *reader->read_list_state("list-op", split));
    EXPECT_EQ(copy->read_broadcast_state("bcast-op", MapStateDescriptor<Text, int64_t>{"rules"})
                  ->at("blue"),
              4);
    EXPECT_EQ(copy->operators()->size(), reader->operators()->size());
  }
}

TEST_F(StateProcessor, MistakesAreSentences) {
  auto writer = SavepointWriter::new_savepoint();
  writer.with_operator("accounts", accounts_of(kHistory));
  ASSERT_TRUE(writer.write(at("s")).ok());
  EXPECT_NE(writer.write(at("s")).message().find("is not empty: name a new directory"), Text::npos);
  EXPECT_EQ(SavepointWriter::new_savepoint().remove_operator("a").write(at("t")).message(),
            "the savepoint has no operator with the uid 'a'");
  EXPECT_FALSE(std::filesystem::exists(at("t")));

  struct Throw final : KeyedStateBootstrapFunction<Text, Account> {
    void process_element(const Account&, Context&, Collector<Output>&) override {
      throw std::runtime_error("not this one");
    }
  };
  const auto throws = bootstrap_with(kHistory).key_by(&Account::owner).transform(Throw{});
  EXPECT_THROW(
      (void)SavepointWriter::new_savepoint().with_operator("a", throws).write(at("thrown")),
      std::runtime_error);
  EXPECT_FALSE(std::filesystem::exists(at("thrown")));
  EXPECT_EQ(SavepointReader::read(at("missing")).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace weir

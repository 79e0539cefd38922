// How records reach the subtasks of the next operator.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "graph/build_job_graph.h"
#include "graph/explain.h"
#include "weir/detail/stream/source_node.h"
#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

using Text = std::string;
using Texts = std::vector<TestRecord<Text>>;

/// Says which subtask it is.
struct Where final : ProcessFunction<int64_t, Text> {
  void open(RuntimeContext& context) override { subtask_ = context.subtask(); }
  void process_element(const int64_t& number, Context&, Collector<Text>& out) override {
    out.collect(std::to_string(number) + " on " + std::to_string(subtask_));
  }

 private:
  int subtask_ = 0;
};

template <class Partition>
auto where(Partition partition) {
  return [partition](const DataStream<int64_t>& numbers) {
    return partition(numbers.map([](int64_t n) { return n; }).set_parallelism(1)).process(Where{});
  };
}
template <class Partition>
std::vector<Text> places_of(std::vector<int64_t> numbers, Partition partition) {
  StreamTestHarness<int64_t, Text> harness(where(partition), {.parallelism = 3});
  for (const int64_t number : numbers) harness.element(number);
  EXPECT_TRUE(harness.status().ok()) << harness.status().to_string();
  std::vector<Text> places;
  for (const auto& record : harness.take_output()) places.push_back(record.value);
  return places;
}

TEST(Partitioning, GlobalSendsAllToTheFirstSubtask) {
  EXPECT_EQ(places_of({7, 8, 9}, [](const auto& stream) { return stream.global(); }),
            (std::vector<Text>{"7 on 0", "8 on 0", "9 on 0"}));
}

TEST(Partitioning, APartitionerChoosesTheSubtask) {
  const auto by_size = [](const Text& text, int subtasks) {
    return static_cast<int>(text.size()) % subtasks;
  };
  const auto text_of = [](const int64_t& number) { return std::to_string(number); };
  EXPECT_EQ(
      places_of({1, 22, 333},
                [&](const auto& stream) { return stream.partition_custom(by_size, text_of); }),
      (std::vector<Text>{"1 on 1", "22 on 2", "333 on 0"}));
}

TEST(Partitioning, AnAnswerOutOfRangeIsAnErrorWithTheKey) {
  for (const int answer : {-1, 3, INT32_MIN, INT32_MAX}) {
    StreamTestHarness<int64_t, Text> harness(where([answer](const auto& stream) {
                                               return stream.partition_custom(
                                                   [answer](int64_t, int) { return answer; },
                                                   [](const int64_t& number) { return number; });
                                             }),
                                             {.parallelism = 3});
    harness.element(42);
    EXPECT_NE(harness.status().to_string().find("answers " + std::to_string(answer) +
                                                " for the key 42, and there are 3 subtasks; it "
                                                "must return a number from 0 to 2"),
              Text::npos)
        << harness.status().to_string();
  }
}

/// The job graph of `describe(numbers)`, whose operators have parallelism 4 if they set none.
template <class Describe>
StatusOr<JobGraph> graph_of(Describe describe, JobGraphOptions options = {}) {
  options.parallelism = 4;
  auto graph = std::make_shared<detail::StreamGraph>();
  auto node = detail::source_node<detail::CollectionSource<int64_t>, int64_t>(
      *graph, detail::CollectionSource<int64_t>({1, 2}), no_watermarks(), "numbers");
  describe(SingleOutputStreamOperator<int64_t>::add(graph, std::move(node)));
  return build_job_graph(*graph, options);
}
Text problem_of(const StatusOr<JobGraph>& graph) {
  return graph.ok() ? "there is none" : Text(graph.status().message());
}
const auto kSame = [](int64_t number) { return number; };

TEST(Partitioning, ForwardIsRefusedBetweenDifferentParallelisms) {
  const auto describe = [](const auto& numbers) {
    numbers.forward().map(kSame).set_parallelism(2).name("half").print();
  };
  EXPECT_EQ(problem_of(graph_of(describe)),
            "forward() leads from operator 'numbers' with parallelism 4 to operator 'half' with 2; "
            "set the same parallelism, or leave forward() out");
  EXPECT_TRUE(graph_of([](const auto& numbers) { numbers.forward().map(kSame).print(); }).ok());
  EXPECT_TRUE(graph_of([](const auto& numbers) {
                numbers.forward().rebalance().map(kSame).set_parallelism(2).print();
              }).ok())
      << "the last call decides";
}

TEST(Partitioning, OperatorsStartChainsOnRequest) {
  const auto names = [](auto change) {
    const auto graph = graph_of([&](const auto& numbers) {
      change(numbers.map(kSame).name("a").map(kSame).name("b")).map(kSame).name("c");
    });
    Text text;
    for (const JobVertex& vertex : graph->vertices) text += "[" + vertex.name + "]";
    return text;
  };
  EXPECT_EQ(names([](auto b) { return b; }), "[Source: numbers -> a -> b -> c]");
  EXPECT_EQ(names([](auto b) { return b.start_new_chain(); }), "[Source: numbers -> a][b -> c]");
  EXPECT_EQ(names([](auto b) { return b.disable_chaining(); }), "[Source: numbers -> a][b][c]");
}

TEST(Partitioning, ADescriptionIsForPeople) {
  const auto graph = graph_of([](const auto& numbers) {
    numbers.map(kSame).set_description("does nothing,\nslowly").print();
  });
  EXPECT_EQ(graph->vertices[0].chain[1].description, "does nothing,\nslowly");
  EXPECT_NE(explain(*graph).find("        does nothing,\nslowly\n"), Text::npos) << explain(*graph);
}

TEST(Partitioning, AnotherSlotSharingGroupIsRefused) {
  const auto in_group = [](const Text& group) {
    return problem_of(
        graph_of([&](const auto& numbers) { numbers.map(kSame).slot_sharing_group(group); }));
  };
  EXPECT_EQ(in_group("default"), "there is none");
  EXPECT_NE(in_group("green").find("is given the slot sharing group 'green'"), Text::npos);
}

TEST(Partitioning, FlinkCannotCallAPartitioner) {
  JobGraphOptions options;
  options.for_flink = true;
  const auto describe = [](const auto& numbers) {
    numbers.partition_custom([](int64_t, int) { return 0; }, kSame).map(kSame).name("by hand");
  };
  EXPECT_NE(problem_of(graph_of(describe, options))
                .find("operator 'by hand' gets its records by "
                      "partition_custom(), which cannot run "
                      "inside Flink"),
            Text::npos);
}

int64_t last_digit(const int64_t& number) { return number % 10; }

/// Counts the records of a key.
struct Count final : KeyedProcessFunction<int64_t, int64_t, Text> {
  void open(RuntimeContext& context) override {
    count_ = context.state(ValueStateDescriptor<int64_t>{"count"});
  }
  void process_element(const int64_t&, Context& context, Collector<Text>& out) override {
    out.collect(std::to_string(context.current_key()) + "#" +
                std::to_string(++count_.mutable_value()));
  }

 private:
  ValueState<int64_t> count_;
};

TEST(ReinterpretedStream, KeepsStateWithoutAnExchange) {
  StreamTestHarness<int64_t, Text> harness(
      [](const DataStream<int64_t>& numbers) {
        return numbers.key_by(&last_digit)
            .reduce([](int64_t, const int64_t& number) { return number; })
            .uid("latest")
            .reinterpret_as_keyed_stream(&last_digit)
            .process(Count{})
            .uid("count");
      },
      {.parallelism = 4});
  for (const int64_t number : {1, 2, 11, 12, 21}) harness.element(number);
  EXPECT_TRUE(harness.status().ok()) << harness.status().to_string();
  std::vector<Text> counts;
  for (const auto& record : harness.take_output()) counts.push_back(record.value);
  EXPECT_EQ(counts, (std::vector<Text>{"1#1", "2#1", "1#2", "2#2", "1#3"}));
}

TEST(ReinterpretedStream, IsOneChain) {
  const auto graph = graph_of([](const auto& numbers) {
    numbers.key_by(&last_digit)
        .reduce([](int64_t, const int64_t& number) { return number; })
        .reinterpret_as_keyed_stream(&last_digit)
        .process(Count{});
  });
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  EXPECT_EQ(graph->vertices[1].name, "reduce -> check keys -> process");
}

TEST(ReinterpretedStream, ARecordOfAnotherSubtaskIsNamed) {
  StreamTestHarness<int64_t, Text> harness(
      [](const DataStream<int64_t>& numbers) {
        return numbers.rebalance()
            .map(kSame)
            .reinterpret_as_keyed_stream(&last_digit)
            .process(Count{})
            .uid("count");
      },
      {.parallelism = 4});
  for (int64_t number = 40; number < 50; ++number) harness.element(number);
  const Text said = harness.status().to_string();
  EXPECT_NE(said.find("'check keys'"), Text::npos) << said;
  EXPECT_NE(said.find("got the record 4"), Text::npos) << said;
  EXPECT_NE(said.find("is not divided by this key"), Text::npos) << said;
}

TEST(ReinterpretedStream, AnotherMaxParallelismIsRefused) {
  const auto graph = graph_of([](const auto& numbers) {
    numbers.key_by(&last_digit)
        .reduce([](int64_t, const int64_t& number) { return number; })
        .reinterpret_as_keyed_stream(&last_digit)
        .process(Count{})
        .set_max_parallelism(64)
        .name("count");
  });
  EXPECT_NE(problem_of(graph).find("operator 'count' has max parallelism 64, and its keys come "
                                   "from 'check keys', which has 128"),
            Text::npos)
      << problem_of(graph);
}

}  // namespace
}  // namespace weir

#include <gtest/gtest.h>

#include "graph/build_job_graph.h"
#include "graph/explain.h"
#include "testing/test_context.h"
#include "weir/connector/file_sink.h"
#include "weir/stream/keyed_stream.h"

namespace weir {
namespace {

struct Word {
  std::string text;
  int64_t count = 0;
  size_t length() const { return text.size(); }
  bool operator==(const Word&) const = default;
  WEIR_FIELDS(Word, text, count)
};

/// A stream of Ts without a source behind it.
template <class T>
SingleOutputStreamOperator<T> stream_of(std::shared_ptr<detail::StreamGraph> graph,
                                        std::string name) {
  detail::StreamNode node;
  node.name = std::move(name);
  return SingleOutputStreamOperator<T>::add(std::move(graph), std::move(node));
}

/// "0:in; 1:map(0 forward)": the nodes and their inputs.
std::string shape(const detail::StreamGraph& graph) {
  std::string text;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    text += (i == 0 ? "" : "; ") + std::to_string(i) + ":" + graph.nodes[i].name;
    for (const detail::StreamInput& input : graph.nodes[i].inputs) {
      text +=
          " <-" + std::string(to_string(input.partitioning)) + "- " + std::to_string(input.from);
    }
  }
  return text;
}

/// Passes one batch through the operator of a node.
template <class In, class Out>
std::vector<Out> through(const detail::StreamGraph& graph, size_t node, std::vector<In> records) {
  const std::unique_ptr<Operator> op = graph.nodes[node].factory({});
  TestContext context;
  EXPECT_TRUE(op->open(context).ok());
  TestOutput<Out> out;
  BatchOf<In> batch = batch_of<In>(std::move(records));
  op->process(batch, out);
  return out.records();
}

TEST(DataStream, OperatorsAreNodesAndStreamsAreTheirInputs) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto in = stream_of<Word>(graph, "in");
  const auto texts = in.map(&Word::text);
  static_assert(std::is_same_v<decltype(texts)::Record, std::string>);
  texts.filter([](const std::string& s) { return !s.empty(); })
      .rebalance()
      .map([](const std::string& s) { return s.size(); });
  texts.broadcast().print();
  EXPECT_EQ(shape(*graph),
            "0:in; 1:map <-forward- 0; 2:filter <-forward- 1; 3:map <-rebalance- 2; 4:print "
            "<-broadcast- 1");
}

TEST(DataStream, UsersFunctionsRun) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto words = stream_of<Word>(graph, "in");
  words.map(&Word::length);
  words.filter([](const Word& w) { return w.count > 1; }).map(&Word::count);
  words.flat_map([](const Word& w, Collector<char>& out) {
    for (const char c : w.text) out.collect(c);
  });
  const std::vector<Word> records = {{"ab", 1}, {"c", 2}};
  EXPECT_EQ((through<Word, size_t>(*graph, 1, records)), (std::vector<size_t>{2, 1}));
  EXPECT_EQ((through<Word, Word>(*graph, 2, records)).size(), 1u);
  EXPECT_EQ((through<Word, int64_t>(*graph, 3, records)), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ((through<Word, char>(*graph, 4, records)), (std::vector<char>{'a', 'b', 'c'}));
}

void split_in_two(const std::string& text, Collector<std::string>& out) {
  out.collect(text.substr(0, text.size() / 2));
  out.collect(text.substr(text.size() / 2));
}

TEST(DataStream, FlatMapFindsTheTypeOfItsResults) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto in = stream_of<std::string>(graph, "in");
  const auto from_function = in.flat_map(&split_in_two);
  const auto from_mutable_lambda =
      in.flat_map([n = 0](const std::string&, Collector<int>& out) mutable { out.collect(n++); });
  const auto from_generic_lambda =
      in.flat_map<char>([](const std::string& s, auto& out) { out.collect(s[0]); });
  static_assert(std::is_same_v<decltype(from_function)::Record, std::string>);
  static_assert(std::is_same_v<decltype(from_mutable_lambda)::Record, int>);
  static_assert(std::is_same_v<decltype(from_generic_lambda)::Record, char>);
  EXPECT_EQ((through<std::string, std::string>(*graph, 1, {"abcd"})),
            (std::vector<std::string>{"ab", "cd"}));
  EXPECT_EQ((through<std::string, char>(*graph, 3, {"abcd"})), std::vector<char>{'a'});
}

TEST(DataStream, EachSubtaskHasItsOwnFunction) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  stream_of<int>(graph, "in").map([n = 0](int) mutable { return n++; });
  EXPECT_EQ((through<int, int>(*graph, 1, {7, 7})), (std::vector<int>{0, 1}));
  EXPECT_EQ((through<int, int>(*graph, 1, {7, 7})), (std::vector<int>{0, 1}));
}

TEST(DataStream, UnionTakesTheInputsOfAll) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto a = stream_of<int>(graph, "a");
  const auto b = stream_of<int>(graph, "b");
  const auto c = stream_of<int>(graph, "c");
  a.union_with(b.rebalance(), c).map([](int i) { return i; });
  EXPECT_EQ(shape(*graph), "0:a; 1:b; 2:c; 3:map <-forward- 0 <-rebalance- 1 <-forward- 2");
}

TEST(DataStream, UnionAcrossEnvironmentsIsAProblem) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto a = stream_of<int>(graph, "a");
  const auto b = stream_of<int>(std::make_shared<detail::StreamGraph>(), "b");
  a.union_with(b).map([](int i) { return i; });
  EXPECT_EQ(build_job_graph(*graph, {}).status().message(),
            "union_with is given a stream of another environment; a job has one");
}

TEST(DataStream, HandlesChangeTheirOperator) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto in = stream_of<int>(graph, "in").uid("in-uid").set_parallelism(1);
  const auto mapped = in.map([](int i) { return i; })
                          .name("renamed")
                          .uid("map-uid")
                          .set_parallelism(2)
                          .set_max_parallelism(16)
                          .disable_chaining();
  mapped.print().name("out").uid("out-uid").set_parallelism(3);
  EXPECT_EQ(shape(*graph), "0:in; 1:renamed <-forward- 0; 2:out <-forward- 1");
  EXPECT_EQ(graph->nodes[1].uid, "map-uid");
  EXPECT_EQ(graph->nodes[1].parallelism, 2);
  EXPECT_EQ(graph->nodes[1].max_parallelism, 16);
  EXPECT_FALSE(graph->nodes[1].chaining);
  EXPECT_EQ(graph->nodes[2].uid, "out-uid");
  EXPECT_EQ(graph->nodes[2].parallelism, 3);
  EXPECT_TRUE(graph->nodes[2].chaining);
}

TEST(DataStream, EmptyUidIsAProblem) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  stream_of<int>(graph, "in").uid("");
  EXPECT_EQ(build_job_graph(*graph, {}).status().message(),
            "operator 'in' is given an empty uid; leave the call out to have one made");
}

TEST(DataStream, SinkBringsItsProbe) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  stream_of<int>(graph, "in").print();
  TestContext context;
  EXPECT_TRUE(graph->nodes[1].probe(context).ok());
}

Word word(std::string text, int64_t count) { return {std::move(text), count}; }

TEST(KeyedStream, RecordsAreHashedByTheSelectorsResult) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  stream_of<Word>(graph, "in").key_by(&Word::text).reduce([](Word a, const Word&) { return a; });
  EXPECT_EQ(shape(*graph), "0:in; 1:reduce <-hash- 0");
  BatchOf<Word> batch = batch_of<Word>({word("hello", 1), word("", 2)});
  graph->nodes[1].inputs[0].hasher->hash(batch);
  EXPECT_EQ(batch.key_hashes, (std::vector<int32_t>{99162322, 0}));  // "hello".hashCode()
}

TEST(KeyedStream, KeyMayBeAMemberOrAnyFunctionOfTheRecord) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto in = stream_of<Word>(graph, "in");
  const auto by_member = in.key_by(&Word::text);
  const auto by_method = in.key_by(&Word::length);
  const auto by_lambda = in.key_by([](const Word& w) { return std::pair(w.text, w.count); });
  static_assert(std::is_same_v<decltype(by_member)::Key, std::string>);
  static_assert(std::is_same_v<decltype(by_method)::Key, size_t>);
  static_assert(std::is_same_v<decltype(by_lambda)::Key, std::pair<std::string, int64_t>>);
}

TEST(KeyedStream, ReduceAndSumContinuePerKey) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto words = stream_of<Word>(graph, "in").key_by(&Word::text);
  words.reduce([](Word a, const Word& b) {
    a.count *= b.count;
    return a;
  });
  words.sum(&Word::count);
  const std::vector<Word> records = {word("a", 2), word("b", 3), word("a", 4), word("a", 5)};
  EXPECT_EQ((through<Word, Word>(*graph, 1, records)),
            (std::vector<Word>{word("a", 2), word("b", 3), word("a", 8), word("a", 40)}));
  EXPECT_EQ((through<Word, Word>(*graph, 2, records)),
            (std::vector<Word>{word("a", 2), word("b", 3), word("a", 6), word("a", 11)}));
  EXPECT_EQ(graph->nodes[2].name, "sum");
}

/// "a#1", "a#2", …
class Number final : public KeyedProcessFunction<std::string, Word, std::string> {
 public:
  void open(RuntimeContext& context) override {
    seen_ = context.state(ValueStateDescriptor<int64_t>{"seen"});
  }
  void process_element(const Word&, Context& context, Collector<std::string>& out) override {
    out.collect(context.current_key() + "#" + std::to_string(++seen_.mutable_value()));
  }

 private:
  ValueState<int64_t> seen_;
};

TEST(KeyedStream, ProcessRunsTheFunctionWithStatePerKey) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto numbers =
      stream_of<Word>(graph, "in").key_by(&Word::text).process(Number()).uid("numbers");
  static_assert(std::is_same_v<decltype(numbers)::Record, std::string>);
  EXPECT_EQ((through<Word, std::string>(*graph, 1, {word("a", 0), word("b", 0), word("a", 0)})),
            (std::vector<std::string>{"a#1", "b#1", "a#2"}));
  EXPECT_EQ(graph->nodes[1].uid, "numbers");
}

TEST(KeyedStream, UnionIsKeyedAsAWhole) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto a = stream_of<Word>(graph, "a");
  a.union_with(stream_of<Word>(graph, "b").rebalance()).key_by(&Word::text).sum(&Word::count);
  EXPECT_EQ(shape(*graph), "0:a; 1:b; 2:sum <-hash- 0 <-hash- 1");
}

/// The longest text and the number of texts.
struct Longest {
  struct Accumulator {
    std::string text;
    int64_t count = 0;
    WEIR_FIELDS(Accumulator, text, count)
  };
  Accumulator create_accumulator() const { return {}; }
  void add(const Word& word, Accumulator& so_far) const {
    ++so_far.count;
    if (word.text.size() > so_far.text.size()) so_far.text = word.text;
  }
  Word get_result(const Accumulator& so_far) const { return {so_far.text, so_far.count}; }
};

/// "key [start, end): count count"
class Describe final : public ProcessWindowFunction<Word, std::string, size_t> {
 public:
  void process(const size_t& key, const WindowContext& context, const std::vector<Word>& words,
               Collector<std::string>& out) override {
    std::ostringstream text;
    text << key << ' ' << context.window << ':';
    for (const Word& word : words) text << ' ' << word.text << word.count;
    out.collect(text.str());
  }
};

/// The results of a node's windowed operator for one window [0, 10) of four words of length 1.
template <class Out>
std::vector<Out> windowed(const detail::StreamGraph& graph, size_t node) {
  const std::unique_ptr<Operator> op = graph.nodes[node].factory({});
  TestContext context;
  EXPECT_TRUE(op->open(context).ok());
  EXPECT_TRUE(op->restored().ok());
  TestOutput<Out> out;
  BatchOf<Word> batch =
      batch_of<Word>({word("a", 1), word("b", 2), word("c", 3), word("d", 4)}, {1, 9, 5, 0});
  op->process(batch, out);
  EXPECT_TRUE(out.batches.empty());
  EXPECT_EQ(op->advance_watermark(9, out), Progress::kDone);
  EXPECT_EQ(out.timestamps(), std::vector<Timestamp>{9});
  return out.records();
}

void split_words(const Word& word, Collector<char>& out) {
  for (const char c : word.text) out.collect(c);
}

TEST(WindowedStream, EveryKindOfWindowFunction) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto windows = stream_of<Word>(graph, "in")
                           .key_by(&Word::length)
                           .window(TumblingEventTimeWindows::of(std::chrono::milliseconds(10)));
  const auto add = [](Word a, const Word& b) {
    a.count += b.count;
    return a;
  };
  windows.aggregate(Longest());
  windows.aggregate(Longest(), Describe());
  windows.reduce(add);
  windows.reduce(add, Describe());
  windows.process(Describe()).name("described");
  EXPECT_EQ(shape(*graph),
            "0:in; 1:window <-hash- 0; 2:window <-hash- 0; 3:window <-hash- 0; 4:window <-hash- 0; "
            "5:described <-hash- 0");
  EXPECT_EQ(windowed<Word>(*graph, 1), std::vector<Word>{word("a", 4)});
  EXPECT_EQ(windowed<std::string>(*graph, 2), std::vector<std::string>{"1 [0, 10): a4"});
  EXPECT_EQ(windowed<Word>(*graph, 3), std::vector<Word>{word("a", 10)});
  EXPECT_EQ(windowed<std::string>(*graph, 4), std::vector<std::string>{"1 [0, 10): a10"});
  EXPECT_EQ(windowed<std::string>(*graph, 5), std::vector<std::string>{"1 [0, 10): a1 b2 c3 d4"});
}

TEST(WindowedStream, WindowsOfAWholeStreamHaveOneSubtask) {
  struct DescribeAll : ProcessAllWindowFunction<Word, std::string> {
    void process(const WindowContext& context, const std::vector<Word>& elements,
                 Collector<std::string>& out) override {
      std::string line = "until " + std::to_string(context.window.end) + ":";
      for (const Word& word : elements) line += ' ' + word.text + std::to_string(word.count);
      out.collect(line);
    }
  };
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto windows = stream_of<Word>(graph, "in")
                           .window_all(SlidingEventTimeWindows::of(std::chrono::milliseconds(10),
                                                                   std::chrono::milliseconds(10)));
  windows.sum(&Word::count);
  windows.process(DescribeAll());
  EXPECT_EQ(graph->nodes[1].parallelism, 1);
  EXPECT_EQ(graph->nodes[2].parallelism, 1);
  EXPECT_EQ(windowed<Word>(*graph, 1), std::vector<Word>{word("a", 10)});
  EXPECT_EQ(windowed<std::string>(*graph, 2), std::vector<std::string>{"until 10: a1 b2 c3 d4"});
}

TEST(WindowedStream, ErrorsOfCallsAreSentences) {
  using std::chrono::milliseconds;
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto keyed = stream_of<Word>(graph, "in").key_by(&Word::length);
  const auto windows = keyed.window(TumblingEventTimeWindows::of(milliseconds(1)));
  keyed.window(SlidingEventTimeWindows::of(milliseconds(10), milliseconds(0)));
  keyed.window(SlidingProcessingTimeWindows::of(milliseconds(0), milliseconds(1)));
  keyed.window(CumulativeEventTimeWindows::of(milliseconds(3), milliseconds(10)));
  keyed.window(EventTimeSessionWindows::with_gap(milliseconds(-1)));
  keyed.window(
      EventTimeSessionWindows::with_dynamic_gap(std::function<milliseconds(const Word&)>()));
  keyed.count_window(0);
  keyed.count_window(3, -1);
  windows.allowed_lateness(milliseconds(-5));
  windows.trigger(PurgingTrigger<CountTrigger>::of(CountTrigger::of(0)));
  windows.trigger(ContinuousEventTimeTrigger::of(milliseconds(0)));
  windows.evictor(CountEvictor::of(-1));
  windows.evictor(TimeEvictor::of(milliseconds(-2)));
  EXPECT_EQ(
      graph->problems,
      (std::vector<std::string>{
          "the slide of windows must be at least 1 ms long, and SlidingEventTimeWindows::of() is "
          "given 0 ms",
          "a sliding window must be at least 1 ms long, and SlidingProcessingTimeWindows::of() is "
          "given 0 ms",
          "the size of cumulative windows must be a multiple of their step, and "
          "CumulativeEventTimeWindows::of() is given a step of 3 ms and a size of 10 ms",
          "the gap between sessions must be at least 1 ms long, and "
          "EventTimeSessionWindows::with_gap() is given -1 ms",
          "with_dynamic_gap() is given a function that is null",
          "count_window() is given a size of 0; it must be at least 1 record",
          "count_window() is given a slide of -1; it must be at least 1 record",
          "allowed_lateness() is given -5 ms; windows cannot be kept for less than no time",
          "a trigger must count at least 1 record, and CountTrigger::of() is given 0",
          "the interval of a trigger must be at least 1 ms long, and "
          "ContinuousEventTimeTrigger::of() is given 0 ms",
          "an evictor cannot keep -1 records, which CountEvictor::of() is given",
          "an evictor cannot keep the records of -2 ms, which TimeEvictor::of() is given"}));
}

TEST(StreamGraph, ErrorsOfCallsAreCollected) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto words = stream_of<Word>(graph, "in");
  size_t (*no_pointer)(const Word&) = nullptr;
  const std::function<bool(const Word&)> no_function;
  words.map(no_pointer);
  words.filter(no_function);
  words.flat_map(std::function<void(const Word&, Collector<int>&)>());
  words.key_by(static_cast<int64_t Word::*>(nullptr));
  const auto keyed = words.key_by(&Word::length);
  keyed.reduce(std::function<Word(Word, const Word&)>());
  keyed.sum(static_cast<int64_t Word::*>(nullptr));
  keyed.window(TumblingEventTimeWindows::of(std::chrono::milliseconds(-5)));
  const auto windows = keyed.window(TumblingEventTimeWindows::of(std::chrono::milliseconds(5)));
  windows.reduce(std::function<Word(Word, const Word&)>());
  windows.reduce(static_cast<Word (*)(Word, const Word&)>(nullptr), Describe());
  windows.sum(static_cast<int64_t Word::*>(nullptr));
  windows.min(static_cast<int64_t Word::*>(nullptr));
  windows.max(static_cast<int64_t Word::*>(nullptr));
  words.map(&Word::count).name("");
  words.sink_to(PrintSink<Word>(nullptr));
  words.sink_to(FileSink<Word>("/out", std::function<void(const Word&, std::string&)>()));
  EXPECT_EQ(
      graph->problems,
      (std::vector<std::string>{
          "map is given a function that is null", "filter is given a function that is null",
          "flat_map is given a function that is null", "key_by is given a function that is null",
          "reduce is given a function that is null", "sum is given a function that is null",
          "a tumbling window must be at least 1 ms long, and TumblingEventTimeWindows::of() is "
          "given -5 ms",
          "reduce is given a function that is null", "reduce is given a function that is null",
          "sum is given a function that is null", "min is given a function that is null",
          "max is given a function that is null", "operator 'map' is given an empty name",
          "a PrintSink is given a format that is null",
          "a FileSink is given an encoder that is null"}));
}

TEST(StreamGraph, ValidCallsAddNoErrors) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  const auto words = stream_of<Word>(graph, "in");
  words.map(&Word::length).filter([](const size_t&) { return true; }).name("long");
  words.flat_map(&split_words);
  words.key_by(&Word::count)
      .sum(&Word::count)
      .sink_to(PrintSink<Word>([](const Word&, std::string&) {}));
  EXPECT_EQ(graph->problems, std::vector<std::string>());
}

}  // namespace
}  // namespace weir

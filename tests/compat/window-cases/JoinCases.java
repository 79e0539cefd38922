import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.functions.CoGroupFunction;
import org.apache.flink.api.common.functions.JoinFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeHint;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.runtime.executiongraph.IndexRange;
import org.apache.flink.runtime.executiongraph.VertexInputInfoComputationUtils;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.co.BroadcastProcessFunction;
import org.apache.flink.streaming.api.functions.co.KeyedBroadcastProcessFunction;
import org.apache.flink.streaming.api.functions.co.ProcessJoinFunction;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.co.CoBroadcastWithKeyedOperator;
import org.apache.flink.streaming.api.operators.co.CoBroadcastWithNonKeyedOperator;
import org.apache.flink.streaming.api.operators.co.IntervalJoinOperator;
import org.apache.flink.streaming.api.transformations.OneInputTransformation;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.api.windowing.assigners.*;
import org.apache.flink.streaming.api.windowing.evictors.CountEvictor;
import org.apache.flink.streaming.api.windowing.triggers.CountTrigger;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedTwoInputStreamOperatorTestHarness;
import org.apache.flink.streaming.util.TwoInputStreamOperatorTestHarness;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;
import org.apache.flink.util.TaggedUnion;

/** Fills in the results of join_cases.txt: see run.sh. */
@SuppressWarnings({"unchecked", "rawtypes", "deprecation"})
public class JoinCases {

  static final TypeInformation<Tuple2<String, Long>> TYPE =
      TypeInformation.of(new TypeHint<Tuple2<String, Long>>() {});
  static final KeySelector<Tuple2<String, Long>, String> KEY = record -> record.f0;
  static final OutputTag<Tuple2<String, Long>> LATE_LEFT = new OutputTag<>("late left", TYPE);
  static final OutputTag<Tuple2<String, Long>> LATE_RIGHT = new OutputTag<>("late right", TYPE);

  static Duration ms(long ms) {
    return Duration.ofMillis(ms);
  }

  /** One operator in a harness. */
  abstract static class Subject implements AutoCloseable {
    AbstractStreamOperatorTestHarness<String> harness;

    abstract void left(StreamRecord<Tuple2<String, Long>> record) throws Exception;

    abstract void right(StreamRecord<Tuple2<String, Long>> record) throws Exception;

    abstract void watermark(boolean left, long timestamp) throws Exception;

    void open() throws Exception {
      harness.setup();
      harness.open();
    }

    @Override
    public void close() throws Exception {
      harness.close();
    }
  }

  static final class TwoInputs extends Subject {
    final TwoInputStreamOperatorTestHarness<Tuple2<String, Long>, Tuple2<String, Long>, String> two;

    TwoInputs(
        TwoInputStreamOperatorTestHarness<Tuple2<String, Long>, Tuple2<String, Long>, String> two) {
      this.two = two;
      harness = two;
    }

    @Override
    void left(StreamRecord<Tuple2<String, Long>> record) throws Exception {
      two.processElement1(record);
    }

    @Override
    void right(StreamRecord<Tuple2<String, Long>> record) throws Exception {
      two.processElement2(record);
    }

    @Override
    void watermark(boolean left, long timestamp) throws Exception {
      if (left) two.processWatermark1(new Watermark(timestamp));
      else two.processWatermark2(new Watermark(timestamp));
    }
  }

  /** A window join is one operator on the union of both inputs. */
  static final class Tagged extends Subject {
    final KeyedOneInputStreamOperatorTestHarness one;
    long[] watermarks = {Long.MIN_VALUE, Long.MIN_VALUE};
    long watermark = Long.MIN_VALUE;

    Tagged(DataStream<String> joined) throws Exception {
      OneInputTransformation transformation = (OneInputTransformation) joined.getTransformation();
      one =
          new KeyedOneInputStreamOperatorTestHarness(
              (OneInputStreamOperator) transformation.getOperator(),
              transformation.getStateKeySelector(),
              Types.STRING);
      harness = one;
    }

    @Override
    void left(StreamRecord<Tuple2<String, Long>> record) throws Exception {
      one.processElement(
          new StreamRecord(TaggedUnion.one(record.getValue()), record.getTimestamp()));
    }

    @Override
    void right(StreamRecord<Tuple2<String, Long>> record) throws Exception {
      one.processElement(
          new StreamRecord(TaggedUnion.two(record.getValue()), record.getTimestamp()));
    }

    @Override
    void watermark(boolean left, long timestamp) throws Exception {
      watermarks[left ? 0 : 1] = timestamp;
      long both = Math.min(watermarks[0], watermarks[1]);
      if (both > watermark) one.processWatermark(new Watermark(watermark = both));
    }
  }

  static final class ShowPair
      extends ProcessJoinFunction<Tuple2<String, Long>, Tuple2<String, Long>, String> {
    @Override
    public void processElement(
        Tuple2<String, Long> left,
        Tuple2<String, Long> right,
        Context context,
        Collector<String> out) {
      out.collect(
          left.f0
              + " "
              + left.f1
              + " "
              + right.f1
              + " from "
              + context.getLeftTimestamp()
              + " and "
              + context.getRightTimestamp());
    }
  }

  static Subject interval(long lower, long upper, boolean inclusive) throws Exception {
    TypeSerializer<Tuple2<String, Long>> serializer =
        TYPE.createSerializer(new ExecutionConfig().getSerializerConfig());
    return new TwoInputs(
        new KeyedTwoInputStreamOperatorTestHarness<>(
            new IntervalJoinOperator<>(
                lower,
                upper,
                inclusive,
                inclusive,
                LATE_LEFT,
                LATE_RIGHT,
                serializer,
                serializer,
                new ShowPair()),
            KEY,
            KEY,
            Types.STRING));
  }

  interface Windows {
    DataStream<String> of(DataStream<Tuple2<String, Long>> a, DataStream<Tuple2<String, Long>> b);
  }

  static Subject windows(Windows windows) throws Exception {
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    return new Tagged(
        windows.of(
            environment.fromData(TYPE, Tuple2.of("a", 1L)),
            environment.fromData(TYPE, Tuple2.of("a", 1L))));
  }

  static final JoinFunction<Tuple2<String, Long>, Tuple2<String, Long>, String> PAIR =
      (a, b) -> a.f0 + " " + a.f1 + " " + b.f1;

  static final CoGroupFunction<Tuple2<String, Long>, Tuple2<String, Long>, String> GROUPS =
      (first, second, out) -> {
        String key = null;
        StringBuilder text = new StringBuilder();
        for (Tuple2<String, Long> each : first) {
          key = each.f0;
          text.append(' ').append(each.f1);
        }
        text.append(" |");
        for (Tuple2<String, Long> each : second) {
          key = each.f0;
          text.append(' ').append(each.f1);
        }
        out.collect(key + text);
      };

  static Subject join(WindowAssigner assigner) throws Exception {
    return windows(
        (a, b) -> a.join(b).where(KEY).equalTo(KEY).window(assigner).apply(PAIR, Types.STRING));
  }

  static Subject coGroup(WindowAssigner assigner) throws Exception {
    return windows(
        (a, b) ->
            a.coGroup(b).where(KEY).equalTo(KEY).window(assigner).apply(GROUPS, Types.STRING));
  }

  static final MapStateDescriptor<String, Long> RULES =
      new MapStateDescriptor<>("rules", Types.STRING, Types.LONG);

  /** Names the rules that a value exceeds. A rule below 0 removes the one of its name. */
  static final class Above
      extends BroadcastProcessFunction<Tuple2<String, Long>, Tuple2<String, Long>, String> {
    @Override
    public void processElement(
        Tuple2<String, Long> value, ReadOnlyContext context, Collector<String> out)
        throws Exception {
      TreeMap<String, Long> rules = new TreeMap<>();
      context
          .getBroadcastState(RULES)
          .immutableEntries()
          .forEach(rule -> rules.put(rule.getKey(), rule.getValue()));
      StringBuilder text = new StringBuilder(value.f0 + " " + value.f1 + " exceeds");
      rules.forEach((name, limit) -> text.append(value.f1 > limit ? " " + name : ""));
      out.collect(text + ", watermark " + context.currentWatermark());
    }

    @Override
    public void processBroadcastElement(
        Tuple2<String, Long> rule, Context context, Collector<String> out) throws Exception {
      if (rule.f1 < 0) context.getBroadcastState(RULES).remove(rule.f0);
      else context.getBroadcastState(RULES).put(rule.f0, rule.f1);
      out.collect("rule " + rule.f0 + " " + rule.f1);
    }
  }

  /**
   * Sums by key. A timer 10 ms after a record emits the sum and the number of rules. A rule "add"
   * adds its value to the sums of all keys.
   */
  static final class Sums
      extends KeyedBroadcastProcessFunction<
          String, Tuple2<String, Long>, Tuple2<String, Long>, String> {
    static final ValueStateDescriptor<Long> SUM = new ValueStateDescriptor<>("sum", Types.LONG);
    transient ValueState<Long> sum;

    @Override
    public void open(OpenContext context) {
      sum = getRuntimeContext().getState(SUM);
    }

    @Override
    public void processElement(
        Tuple2<String, Long> value, ReadOnlyContext context, Collector<String> out)
        throws Exception {
      sum.update((sum.value() == null ? 0 : sum.value()) + value.f1);
      context.timerService().registerEventTimeTimer(context.timestamp() + 10);
    }

    @Override
    public void processBroadcastElement(
        Tuple2<String, Long> rule, Context context, Collector<String> out) throws Exception {
      context.getBroadcastState(RULES).put(rule.f0, rule.f1);
      if (rule.f0.equals("add")) {
        context.applyToKeyedState(
            SUM,
            (key, state) -> {
              state.update(state.value() + rule.f1);
              out.collect("added to " + key + ", watermark " + context.currentWatermark());
            });
      }
    }

    @Override
    public void onTimer(long timestamp, OnTimerContext context, Collector<String> out)
        throws Exception {
      int rules = 0;
      for (Object rule : context.getBroadcastState(RULES).immutableEntries()) rules++;
      out.collect(context.getCurrentKey() + " " + sum.value() + ", rules " + rules);
    }
  }

  static Subject subject(String name) throws Exception {
    switch (name) {
      case "interval -2 3":
        return interval(-2, 3, true);
      case "interval -2 3, exclusive":
        return interval(-2, 3, false);
      case "interval 0 0":
        return interval(0, 0, true);
      case "interval 5 10":
        return interval(5, 10, true);
      case "interval -10 -5":
        return interval(-10, -5, true);
      case "join tumbling 10":
        return join(TumblingEventTimeWindows.of(ms(10)));
      case "join sliding 10 5":
        return join(SlidingEventTimeWindows.of(ms(10), ms(5)));
      case "join session 10":
        return join(EventTimeSessionWindows.withGap(ms(10)));
      case "join tumbling 10, lateness 5":
        return windows(
            (a, b) ->
                a.join(b)
                    .where(KEY)
                    .equalTo(KEY)
                    .window(TumblingEventTimeWindows.of(ms(10)))
                    .allowedLateness(ms(5))
                    .apply(PAIR, Types.STRING));
      case "join tumbling 10, count 3":
        return windows(
            (a, b) ->
                a.join(b)
                    .where(KEY)
                    .equalTo(KEY)
                    .window(TumblingEventTimeWindows.of(ms(10)))
                    .trigger(CountTrigger.of(3))
                    .apply(PAIR, Types.STRING));
      case "join tumbling 10, last 3":
        return windows(
            (a, b) ->
                a.join(b)
                    .where(KEY)
                    .equalTo(KEY)
                    .window(TumblingEventTimeWindows.of(ms(10)))
                    .evictor(CountEvictor.of(3))
                    .apply(PAIR, Types.STRING));
      case "co_group tumbling 10":
        return coGroup(TumblingEventTimeWindows.of(ms(10)));
      case "co_group sliding 10 5":
        return coGroup(SlidingEventTimeWindows.of(ms(10), ms(5)));
      case "co_group session 10":
        return coGroup(EventTimeSessionWindows.withGap(ms(10)));
      case "broadcast":
        return new TwoInputs(
            new TwoInputStreamOperatorTestHarness<>(
                new CoBroadcastWithNonKeyedOperator<>(new Above(), List.of(RULES))));
      case "keyed broadcast":
        return new TwoInputs(
            new KeyedTwoInputStreamOperatorTestHarness<>(
                new CoBroadcastWithKeyedOperator<>(new Sums(), List.of(RULES)),
                KEY,
                null,
                Types.STRING));
      default:
        throw new IllegalArgumentException("unknown case: " + name);
    }
  }

  /** Runs one case, and returns its lines with the results. */
  static List<String> run(String name, List<String> steps) throws Exception {
    List<String> lines = new ArrayList<>();
    if (name.startsWith("rescale ")) return rescale(name);
    try (Subject subject = subject(name)) {
      subject.open();
      int lateSeen[] = {0, 0};
      for (String step : steps) {
        lines.add(step);
        String[] words = step.split(" ");
        if (words[0].equals("wm") || words[0].equals("wm1"))
          subject.watermark(true, Long.parseLong(words[1]));
        if (words[0].equals("wm") || words[0].equals("wm2"))
          subject.watermark(false, Long.parseLong(words[1]));
        if (words.length == 4) {
          StreamRecord<Tuple2<String, Long>> record =
              new StreamRecord<>(
                  Tuple2.of(words[1], Long.parseLong(words[2])),
                  Long.parseLong(words[3].substring(1)));
          if (words[0].equals("1")) subject.left(record);
          else subject.right(record);
        }
        List<String> results = new ArrayList<>();
        for (StreamRecord<? extends String> record : subject.harness.extractOutputStreamRecords())
          results.add(
              "> "
                  + record.getValue()
                  + (record.hasTimestamp() ? " @" + record.getTimestamp() : ""));
        subject.harness.getOutput().clear();
        for (OutputTag<Tuple2<String, Long>> tag : List.of(LATE_LEFT, LATE_RIGHT)) {
          var late = subject.harness.getSideOutput(tag);
          if (late == null) continue;
          for (StreamRecord<Tuple2<String, Long>> record : late)
            results.add(
                "> "
                    + tag.getId()
                    + " "
                    + record.getValue().f0
                    + " "
                    + record.getValue().f1
                    + " @"
                    + record.getTimestamp());
          late.clear();
        }
        Collections.sort(results);
        lines.addAll(results);
      }
    }
    return lines;
  }

  /** "rescale SENDERS RECEIVERS": which receivers each sender is connected to. */
  static List<String> rescale(String name) {
    int senders = Integer.parseInt(name.split(" ")[1]);
    int receivers = Integer.parseInt(name.split(" ")[2]);
    Map<Integer, List<Integer>> connected = new TreeMap<>();
    VertexInputInfoComputationUtils.computeVertexInputInfoForPointwise(
            senders, receivers, index -> Math.max(1, receivers / senders + 1), false)
        .getExecutionVertexInputInfos()
        .forEach(
            info -> {
              for (IndexRange range : info.getConsumedSubpartitionGroups().keySet())
                for (int sender = range.getStartIndex(); sender <= range.getEndIndex(); sender++)
                  connected
                      .computeIfAbsent(sender, any -> new ArrayList<>())
                      .add(info.getSubtaskIndex());
            });
    List<String> lines = new ArrayList<>();
    connected.forEach((sender, to) -> lines.add("> " + sender + " -> " + to));
    return lines;
  }

  public static void main(String[] arguments) throws Exception {
    CaseFile.fill(arguments, JoinCases::run);
  }
}

import java.lang.reflect.Field;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.functions.ReduceFunction;
import org.apache.flink.api.common.typeinfo.TypeHint;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.functions.windowing.delta.DeltaFunction;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.windowing.assigners.*;
import org.apache.flink.streaming.api.windowing.evictors.*;
import org.apache.flink.streaming.api.windowing.triggers.*;
import org.apache.flink.streaming.api.windowing.windows.*;
import org.apache.flink.streaming.runtime.operators.windowing.WindowOperator;
import org.apache.flink.streaming.runtime.operators.windowing.WindowOperatorBuilder;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.util.Collector;

/** Fills in the results of window_cases.txt: see run.sh. */
@SuppressWarnings({"unchecked", "rawtypes", "deprecation"})
public class WindowCases {
  /** How a case makes its operator. */
  static final class Setup {
    final WindowAssigner assigner;
    Trigger trigger;
    Evictor evictor;
    long lateness = 0;
    boolean list = false;
    boolean sorted = false;

    Setup(WindowAssigner assigner) {
      this.assigner = assigner;
    }

    Setup trigger(Trigger trigger) {
      this.trigger = trigger;
      return this;
    }

    Setup evictor(Evictor evictor) {
      this.evictor = evictor;
      return this;
    }

    Setup lateness(long ms) {
      lateness = ms;
      return this;
    }

    Setup list() {
      list = true;
      return this;
    }

    Setup sortedList() {
      sorted = true;
      return list();
    }
  }

  static Duration ms(long ms) {
    return Duration.ofMillis(ms);
  }

  static Setup tumbling(long size) {
    return new Setup(TumblingEventTimeWindows.of(ms(size)));
  }

  static Setup session() {
    return new Setup(EventTimeSessionWindows.withGap(ms(10)));
  }

  static Setup global() {
    return new Setup(GlobalWindows.create());
  }

  static final DeltaFunction<Tuple2<String, Long>> DELTA = (a, b) -> b.f1 - a.f1;

  static Map<String, Setup> setups() {
    Map<String, Setup> all = new TreeMap<>();
    all.put("tumbling 10", tumbling(10));
    all.put("tumbling 10 offset 3", new Setup(TumblingEventTimeWindows.of(ms(10), ms(3))));
    all.put("tumbling 10, lateness 5", tumbling(10).lateness(5));
    all.put("sliding 10 5", new Setup(SlidingEventTimeWindows.of(ms(10), ms(5))));
    all.put("sliding 10 5, out of order", new Setup(SlidingEventTimeWindows.of(ms(10), ms(5))));
    all.put("sliding 10 3 offset 1", new Setup(SlidingEventTimeWindows.of(ms(10), ms(3), ms(1))));
    all.put("sliding 3 10", new Setup(SlidingEventTimeWindows.of(ms(3), ms(10))));
    all.put(
        "sliding 10 5, lateness 7",
        new Setup(SlidingEventTimeWindows.of(ms(10), ms(5))).lateness(7));
    all.put("sliding 10 5, list", new Setup(SlidingEventTimeWindows.of(ms(10), ms(5))).list());
    all.put("session 10", session());
    all.put("session 10, touching", session());
    all.put("session 10, out of order", session());
    all.put("session 10, lateness 5", session().lateness(5));
    // Which part of a merged session comes first depends on hash codes in Flink.
    all.put("session 10, sorted list", session().sortedList());
    all.put(
        "session by value",
        new Setup(
            EventTimeSessionWindows.withDynamicGap(
                (SessionWindowTimeGapExtractor<Tuple2<String, Long>>) record -> record.f1)));
    all.put("session 10, count 3", session().trigger(CountTrigger.of(3)));
    all.put(
        "session 10, purging count 2", session().trigger(PurgingTrigger.of(CountTrigger.of(2))));
    all.put("session 10, continuous 4", session().trigger(ContinuousEventTimeTrigger.of(ms(4))));
    all.put(
        "tumbling 20, continuous 5", tumbling(20).trigger(ContinuousEventTimeTrigger.of(ms(5))));
    all.put(
        "tumbling 20, purging continuous 5",
        tumbling(20).trigger(PurgingTrigger.of(ContinuousEventTimeTrigger.of(ms(5)))));
    all.put(
        "tumbling 20, continuous 5, lateness 10",
        tumbling(20).trigger(ContinuousEventTimeTrigger.of(ms(5))).lateness(10));
    all.put("tumbling 10, count 2", tumbling(10).trigger(CountTrigger.of(2)));
    all.put(
        "tumbling 10, count 2, lateness 5", tumbling(10).trigger(CountTrigger.of(2)).lateness(5));
    all.put(
        "tumbling 10, processing time trigger",
        tumbling(10).trigger(ProcessingTimeTrigger.create()));
    all.put("tumbling 10, last 2, list", tumbling(10).evictor(CountEvictor.of(2)).list());
    all.put(
        "tumbling 10, last 2 after, lateness 10, list",
        tumbling(10).evictor(CountEvictor.of(2, true)).lateness(10).list());
    all.put("tumbling 10, within 3", tumbling(10).evictor(TimeEvictor.of(ms(3))));
    all.put(
        "tumbling 10, within 3, lateness 10, list",
        tumbling(10).evictor(TimeEvictor.of(ms(3))).lateness(10).list());
    all.put(
        "tumbling 10, delta evictor 2, list",
        tumbling(10).evictor(DeltaEvictor.of(2, DELTA)).list());
    all.put("tumbling processing 10", new Setup(TumblingProcessingTimeWindows.of(ms(10))));
    all.put(
        "tumbling processing 10 offset 3",
        new Setup(TumblingProcessingTimeWindows.of(ms(10), ms(3))));
    all.put("sliding processing 10 5", new Setup(SlidingProcessingTimeWindows.of(ms(10), ms(5))));
    all.put("session processing 10", new Setup(ProcessingTimeSessionWindows.withGap(ms(10))));
    all.put(
        "tumbling processing 20, continuous processing 5",
        new Setup(TumblingProcessingTimeWindows.of(ms(20)))
            .trigger(ContinuousProcessingTimeTrigger.of(ms(5))));
    all.put("global, count 2", global().trigger(CountTrigger.of(2)));
    all.put(
        "global, delta 2",
        global()
            .trigger(
                DeltaTrigger.of(
                    2.0,
                    DELTA,
                    TYPE.createSerializer(new ExecutionConfig().getSerializerConfig()))));
    all.put("global, end of input", new Setup(GlobalWindows.createWithEndOfStreamTrigger()));
    all.put(
        "global, count 3 or timeout 5",
        global().trigger(ProcessingTimeoutTrigger.of(CountTrigger.of(3), ms(5))));
    all.put(
        "global, count 3 or timeout 5 after the last record",
        global().trigger(ProcessingTimeoutTrigger.of(CountTrigger.of(3), ms(5), true, true)));
    all.put(
        "global, count 3 or timeout 5, kept",
        global().trigger(ProcessingTimeoutTrigger.of(CountTrigger.of(3), ms(5), false, false)));
    all.put(
        "tumbling 10, end or timeout 5, purging",
        tumbling(10)
            .trigger(
                ProcessingTimeoutTrigger.of(PurgingTrigger.of(EventTimeTrigger.create()), ms(5))));
    all.put("count 3", global().trigger(PurgingTrigger.of(CountTrigger.of(3))));
    all.put(
        "count 3 slide 2, list",
        global().trigger(CountTrigger.of(2)).evictor(CountEvictor.of(3)).list());
    return all;
  }

  static final TypeInformation<Tuple2<String, Long>> TYPE =
      TypeInformation.of(new TypeHint<Tuple2<String, Long>>() {});

  static final class Show
      extends ProcessWindowFunction<Tuple2<String, Long>, String, String, Window> {
    final boolean sorted;

    Show(boolean sorted) {
      this.sorted = sorted;
    }

    @Override
    public void process(
        String key,
        Context context,
        Iterable<Tuple2<String, Long>> elements,
        Collector<String> out) {
      StringBuilder line = new StringBuilder(key);
      if (context.window() instanceof TimeWindow) {
        TimeWindow window = (TimeWindow) context.window();
        line.append(" [")
            .append(window.getStart())
            .append(", ")
            .append(window.getEnd())
            .append(")");
      } else {
        line.append(" all");
      }
      List<Long> values = new ArrayList<>();
      for (Tuple2<String, Long> element : elements) values.add(element.f1);
      if (sorted) Collections.sort(values);
      for (long value : values) line.append(' ').append(value);
      out.collect(line.toString());
    }
  }

  /** Runs one case, and returns its lines with the results. */
  static List<String> run(Setup setup, List<String> steps) throws Exception {
    KeySelector<Tuple2<String, Long>, String> byKey = record -> record.f0;
    Trigger trigger = setup.trigger != null ? setup.trigger : setup.assigner.getDefaultTrigger();
    WindowOperatorBuilder builder =
        new WindowOperatorBuilder(
            setup.assigner, trigger, new ExecutionConfig(), TYPE, byKey, Types.STRING);
    if (setup.evictor != null) builder.evictor(setup.evictor);
    if (setup.lateness > 0) builder.allowedLateness(ms(setup.lateness));
    ReduceFunction<Tuple2<String, Long>> sum = (a, b) -> Tuple2.of(a.f0, a.f1 + b.f1);
    OneInputStreamOperator<Tuple2<String, Long>, String> operator =
        setup.list ? builder.process(new Show(setup.sorted)) : builder.reduce(sum, new Show(false));
    List<String> lines = new ArrayList<>();
    try (KeyedOneInputStreamOperatorTestHarness<String, Tuple2<String, Long>, String> harness =
        new KeyedOneInputStreamOperatorTestHarness<>(operator, byKey, Types.STRING)) {
      harness.setup();
      harness.open();
      harness.setProcessingTime(0);
      for (String step : steps) {
        lines.add(step);
        String[] words = step.split(" ");
        if (words[0].equals("wm")) {
          harness.processWatermark(
              new org.apache.flink.streaming.api.watermark.Watermark(Long.parseLong(words[1])));
        } else if (words[0].equals("now")) {
          harness.setProcessingTime(Long.parseLong(words[1]));
        } else {
          harness.processElement(
              new StreamRecord<>(
                  Tuple2.of(words[0], Long.parseLong(words[1])),
                  Long.parseLong(words[2].substring(1))));
        }
        List<String> results = new ArrayList<>();
        for (StreamRecord<? extends String> record : harness.extractOutputStreamRecords())
          results.add("> " + record.getValue() + " @" + record.getTimestamp());
        harness.getOutput().clear();
        Collections.sort(results);
        lines.addAll(results);
      }
      Field late = WindowOperator.class.getDeclaredField("numLateRecordsDropped");
      late.setAccessible(true);
      lines.add("> late " + ((Counter) late.get(operator)).getCount());
    }
    return lines;
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, Setup> setups = setups();
    CaseFile.fill(
        arguments,
        (name, steps) -> {
          Setup setup = setups.get(name);
          if (setup == null) throw new IllegalArgumentException("unknown case: " + name);
          return run(setup, steps);
        });
  }
}

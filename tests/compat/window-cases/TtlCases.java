import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.AggregatingState;
import org.apache.flink.api.common.state.AggregatingStateDescriptor;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ReducingState;
import org.apache.flink.api.common.state.ReducingStateDescriptor;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.state.StateTtlConfig;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.operators.KeyedProcessOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.util.Collector;

/** Fills in the results of ttl_cases.txt: see run.sh. */
@SuppressWarnings({"unchecked", "rawtypes", "deprecation"})
public class TtlCases {
  static final KeySelector<String, String> KEY = step -> step.split(" ")[0];

  static StateTtlConfig config(String name) {
    StateTtlConfig.Builder config = StateTtlConfig.newBuilder(Duration.ofMillis(100));
    if (name.contains(", read and write")) config.updateTtlOnReadAndWrite();
    if (name.contains(", returned")) config.returnExpiredIfNotCleanedUp();
    if (name.contains(", disabled")) config.setUpdateType(StateTtlConfig.UpdateType.Disabled);
    if (name.contains(", in snapshots")) config.cleanupFullSnapshot();
    if (name.contains(", foreground")) config.disableCleanupInBackground();
    return config.build();
  }

  static final class Sum implements AggregateFunction<Long, Long, String> {
    @Override
    public Long createAccumulator() {
      return 0L;
    }

    @Override
    public Long add(Long value, Long sum) {
      return sum + value;
    }

    @Override
    public String getResult(Long sum) {
      return "sum " + sum;
    }

    @Override
    public Long merge(Long a, Long b) {
      return a + b;
    }
  }

  /** Carries out steps: "KEY CALL ARGUMENTS". */
  static final class Apply extends KeyedProcessFunction<String, String, String> {
    final String name;
    transient ValueState<Long> value;
    transient ListState<Long> list;
    transient MapState<String, Long> map;
    transient ReducingState<Long> reducing;
    transient AggregatingState<Long, String> aggregating;

    Apply(String name) {
      this.name = name;
    }

    <D extends StateDescriptor> D with(D descriptor) {
      descriptor.enableTimeToLive(config(name));
      return descriptor;
    }

    @Override
    public void open(OpenContext context) {
      if (name.startsWith("value"))
        value = getRuntimeContext().getState(with(new ValueStateDescriptor<>("s", Types.LONG)));
      if (name.startsWith("list"))
        list = getRuntimeContext().getListState(with(new ListStateDescriptor<>("s", Types.LONG)));
      if (name.startsWith("map"))
        map =
            getRuntimeContext()
                .getMapState(with(new MapStateDescriptor<>("s", Types.STRING, Types.LONG)));
      if (name.startsWith("reducing"))
        reducing =
            getRuntimeContext()
                .getReducingState(with(new ReducingStateDescriptor<>("s", Long::sum, Types.LONG)));
      if (name.startsWith("aggregating"))
        aggregating =
            getRuntimeContext()
                .getAggregatingState(
                    with(new AggregatingStateDescriptor<>("s", new Sum(), Types.LONG)));
    }

    static String show(Object object) {
      return object == null ? "nothing" : object.toString();
    }

    @Override
    public void processElement(String step, Context context, Collector<String> out)
        throws Exception {
      String[] words = step.split(" ");
      String call = words[1];
      if (value != null) {
        if (call.equals("get")) out.collect(show(value.value()));
        if (call.equals("update")) value.update(Long.parseLong(words[2]));
        if (call.equals("clear")) value.clear();
      } else if (list != null) {
        if (call.equals("get")) {
          StringBuilder text = new StringBuilder();
          Iterable<Long> all = list.get();
          if (all != null) for (Long each : all) text.append(" ").append(each);
          out.collect(text.length() == 0 ? "nothing" : text.substring(1));
        }
        if (call.equals("add")) list.add(Long.parseLong(words[2]));
        if (call.equals("add_all"))
          list.addAll(List.of(Long.parseLong(words[2]), Long.parseLong(words[3])));
        if (call.equals("update"))
          list.update(List.of(Long.parseLong(words[2]), Long.parseLong(words[3])));
        if (call.equals("clear")) list.clear();
      } else if (map != null) {
        if (call.equals("get")) out.collect(show(map.get(words[2])));
        if (call.equals("contains")) out.collect(map.contains(words[2]) ? "yes" : "no");
        if (call.equals("entries")) {
          TreeMap<String, Long> sorted = new TreeMap<>();
          for (Map.Entry<String, Long> each : map.entries())
            sorted.put(each.getKey(), each.getValue());
          StringBuilder text = new StringBuilder();
          sorted.forEach((k, v) -> text.append(" ").append(k).append("=").append(v));
          out.collect(text.length() == 0 ? "nothing" : text.substring(1));
        }
        if (call.equals("put")) map.put(words[2], Long.parseLong(words[3]));
        if (call.equals("remove")) map.remove(words[2]);
        if (call.equals("clear")) map.clear();
      } else if (reducing != null) {
        if (call.equals("get")) out.collect(show(reducing.get()));
        if (call.equals("add")) reducing.add(Long.parseLong(words[2]));
        if (call.equals("clear")) reducing.clear();
      } else {
        if (call.equals("get")) out.collect(show(aggregating.get()));
        if (call.equals("add")) aggregating.add(Long.parseLong(words[2]));
        if (call.equals("clear")) aggregating.clear();
      }
    }
  }

  static KeyedOneInputStreamOperatorTestHarness<String, String, String> harness(
      String name, OperatorSubtaskState restored, long now) throws Exception {
    KeyedOneInputStreamOperatorTestHarness<String, String, String> harness =
        new KeyedOneInputStreamOperatorTestHarness<>(
            new KeyedProcessOperator<>(new Apply(name)), KEY, Types.STRING);
    harness.setStateTtlProcessingTime(now);
    harness.setup();
    if (restored != null) harness.initializeState(restored);
    harness.open();
    return harness;
  }

  /** Runs one case, and returns its lines with the results. */
  static List<String> run(String name, List<String> steps) throws Exception {
    List<String> lines = new ArrayList<>();
    long now = 0;
    KeyedOneInputStreamOperatorTestHarness<String, String, String> harness =
        harness(name, null, now);
    for (String step : steps) {
      lines.add(step);
      if (step.startsWith("now ")) {
        now = Long.parseLong(step.substring(4));
        harness.setStateTtlProcessingTime(now);
      } else if (step.equals("restore")) {
        OperatorSubtaskState state = harness.snapshot(1, now);
        harness.close();
        harness = harness(name, state, now);
      } else {
        harness.processElement(new StreamRecord<>(step, 0));
      }
      for (StreamRecord<? extends String> record : harness.extractOutputStreamRecords())
        lines.add("> " + record.getValue());
      harness.getOutput().clear();
    }
    harness.close();
    return lines;
  }

  public static void main(String[] arguments) throws Exception {
    CaseFile.fill(arguments, TtlCases::run);
  }
}

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ReducingState;
import org.apache.flink.api.common.state.ReducingStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.state.api.OperatorIdentifier;
import org.apache.flink.state.api.SavepointReader;
import org.apache.flink.state.api.functions.KeyedStateReaderFunction;
import org.apache.flink.state.api.functions.WindowReaderFunction;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/**
 * Prints, sorted, the content that Flink finds in the checkpoints of write_checkpoint.cc. Each
 * directory's lines go to <directory>.flink.
 */
public class Reader {
  static String text(String s) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : s.toCharArray()) {
      if (c >= 0x20 && c < 0x7f) out.append(c);
      else out.append(String.format("\\u%04x", (int) c));
    }
    return out.append('"').toString();
  }

  static String hex(byte[] bytes) {
    StringBuilder out = new StringBuilder();
    for (byte b : bytes) out.append(String.format("%02x", b));
    return out.toString();
  }

  static String bits(double d) {
    return String.format("%016x", Double.doubleToRawLongBits(d));
  }

  static final TypeInformation<byte[]> BYTES =
      PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO;

  static class States extends KeyedStateReaderFunction<String, String> {
    ValueState<Long> count;
    ValueState<Tuple3<String, Double, Long>> reading;
    ValueState<List<String>> tags;
    ValueState<Tuple2<Integer, byte[]>> choice;
    ValueState<byte[]> money;
    ValueState<byte[]> wide;
    ValueState<Byte> color;
    ValueState<Map<String, Integer>> table;
    MapState<String, Double> scores;
    ListState<Integer> history;
    ReducingState<Long> total;

    // Flink 2 calls one of these, Flink 1.20 the other.
    public void open(Configuration parameters) {
      openStates();
    }

    public void open(OpenContext context) {
      openStates();
    }

    private void openStates() {
      var context = getRuntimeContext();
      count = context.getState(new ValueStateDescriptor<>("count", Types.LONG));
      reading =
          context.getState(
              new ValueStateDescriptor<>(
                  "reading", Types.TUPLE(Types.STRING, Types.DOUBLE, Types.LONG)));
      tags = context.getState(new ValueStateDescriptor<>("tags", Types.LIST(Types.STRING)));
      choice =
          context.getState(new ValueStateDescriptor<>("choice", Types.TUPLE(Types.INT, BYTES)));
      money = context.getState(new ValueStateDescriptor<>("money", BYTES));
      wide = context.getState(new ValueStateDescriptor<>("wide", BYTES));
      color = context.getState(new ValueStateDescriptor<>("color", Types.BYTE));
      table =
          context.getState(new ValueStateDescriptor<>("table", Types.MAP(Types.STRING, Types.INT)));
      scores = context.getMapState(new MapStateDescriptor<>("scores", Types.STRING, Types.DOUBLE));
      history = context.getListState(new ListStateDescriptor<>("history", Types.INT));
      total =
          context.getReducingState(new ReducingStateDescriptor<>("total", Long::sum, Types.LONG));
    }

    @Override
    public void readKey(String key, Context context, Collector<String> out) throws Exception {
      String who = "states " + text(key) + " ";
      out.collect(who + "count=" + count.value());
      Tuple3<String, Double, Long> r = reading.value();
      out.collect(who + "reading=" + text(r.f0) + " " + bits(r.f1) + " " + r.f2);
      StringBuilder line = new StringBuilder(who + "tags=");
      for (String tag : tags.value()) line.append(" ").append(text(tag));
      out.collect(line.toString());
      out.collect(who + "choice=" + choice.value().f0 + " " + hex(choice.value().f1));
      out.collect(who + "money=" + hex(money.value()));
      out.collect(who + "wide=" + hex(wide.value()));
      out.collect(who + "color=" + color.value());
      line = new StringBuilder(who + "table=");
      for (var e : new TreeMap<>(table.value()).entrySet())
        line.append(" ").append(e.getKey()).append("=").append(e.getValue());
      out.collect(line.toString());
      TreeMap<String, Double> sorted = new TreeMap<>();
      for (var e : scores.entries()) sorted.put(e.getKey(), e.getValue());
      line = new StringBuilder(who + "scores=");
      for (var e : sorted.entrySet())
        line.append(" ").append(e.getKey()).append("=").append(bits(e.getValue()));
      out.collect(line.toString());
      line = new StringBuilder(who + "history=");
      for (Integer i : history.get()) line.append(" ").append(i);
      out.collect(line.toString());
      out.collect(who + "total=" + total.get());
      for (Long t : context.registeredEventTimeTimers()) out.collect(who + "event-timer=" + t);
      for (Long t : context.registeredProcessingTimeTimers())
        out.collect(who + "processing-timer=" + t);
    }
  }

  abstract static class Counts<K> extends KeyedStateReaderFunction<K, String> {
    ValueState<Long> count;

    public void open(Configuration parameters) {
      openState();
    }

    public void open(OpenContext context) {
      openState();
    }

    private void openState() {
      count = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
    }
  }

  static class LongCounts extends Counts<Long> {
    @Override
    public void readKey(Long key, Context context, Collector<String> out) throws Exception {
      out.collect("long-keys " + key + " count=" + count.value());
    }
  }

  static class PairCounts extends Counts<Tuple2<String, Long>> {
    @Override
    public void readKey(Tuple2<String, Long> key, Context context, Collector<String> out)
        throws Exception {
      out.collect("pair-keys " + text(key.f0) + " " + key.f1 + " count=" + count.value());
    }
  }

  static class Windows extends WindowReaderFunction<Long, String, String, TimeWindow> {
    @Override
    public void readWindow(
        String key, Context<TimeWindow> context, Iterable<Long> elements, Collector<String> out) {
      for (Long e : elements) {
        out.collect(
            "windows "
                + text(key)
                + " ["
                + context.window().getStart()
                + ","
                + context.window().getEnd()
                + ")="
                + e);
      }
    }
  }

  static OperatorIdentifier uid(String uid) {
    return OperatorIdentifier.forUid(uid);
  }

  static List<String> read(String directory) throws Exception {
    Configuration configuration = new Configuration();
    configuration.setString("parallelism.default", "2");
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    SavepointReader reader =
        SavepointReader.read(env, "file://" + directory, new HashMapStateBackend());
    DataStream<String> all =
        reader
            .readKeyedState(uid("states"), new States(), Types.STRING, Types.STRING)
            .union(
                reader.readKeyedState(uid("long-keys"), new LongCounts(), Types.LONG, Types.STRING),
                reader.readKeyedState(
                    uid("pair-keys"),
                    new PairCounts(),
                    Types.TUPLE(Types.STRING, Types.LONG),
                    Types.STRING),
                reader
                    .window(new TimeWindow.Serializer())
                    .reduce(
                        "windows",
                        Long::sum,
                        new Windows(),
                        Types.STRING,
                        Types.LONG,
                        Types.STRING),
                reader
                    .readListState(uid("lists"), "offsets", Types.LONG)
                    .map(x -> "lists offsets " + x)
                    .returns(Types.STRING),
                reader
                    .readListState(uid("lists"), "splits", BYTES)
                    .map(x -> "lists splits " + hex(x))
                    .returns(Types.STRING),
                reader
                    .readListState(uid("lists"), "nothing", BYTES)
                    .map(x -> "lists nothing " + hex(x))
                    .returns(Types.STRING),
                reader
                    .readUnionState(uid("lists"), "names", Types.STRING)
                    .map(x -> "lists names " + text(x))
                    .returns(Types.STRING));
    List<String> lines = new ArrayList<>();
    try (var results = all.executeAndCollect()) {
      results.forEachRemaining(lines::add);
    }
    Collections.sort(lines);
    return lines;
  }

  public static void main(String[] directories) throws Exception {
    for (String directory : directories) {
      java.nio.file.Files.write(java.nio.file.Path.of(directory + ".flink"), read(directory));
      System.out.println("read " + directory);
    }
  }
}

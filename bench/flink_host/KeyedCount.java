import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;

/**
 * The keyed count of bench/keyed_count.h as written for Flink: the same keys, one result per
 * record, the same digest.
 */
public final class KeyedCount {
  public static void main(String[] args) throws Exception {
    long records = Long.parseLong(args[0]);
    long keys = Long.parseLong(args[1]);
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.setParallelism(1);
    env.getConfig().enableObjectReuse();
    if (args.length > 2) {
      env.enableCheckpointing(Long.parseLong(args[2]));
    }
    env.fromSource(
            new NumberSequenceSource(0, records - 1), WatermarkStrategy.noWatermarks(), "events")
        .map(i -> keyOf(i, keys))
        .returns(Types.LONG)
        .keyBy(key -> key, Types.LONG)
        .process(new Count())
        .sinkTo(new DiscardingSink<>());
    env.execute("keyed count in Java");
  }

  private static long keyOf(long i, long keys) {
    i = (i + 1) * 0x9E3779B97F4A7C15L;
    i = (i ^ (i >>> 30)) * 0xBF58476D1CE4E5B9L;
    i = (i ^ (i >>> 27)) * 0x94D049BB133111EBL;
    return Long.remainderUnsigned(i ^ (i >>> 31), keys);
  }

  private static final class Count extends KeyedProcessFunction<Long, Long, Tuple2<Long, Long>> {
    private transient ValueState<Long> count;
    private transient LongCounter digest;
    private transient Tuple2<Long, Long> result;
    private long sum;

    @Override
    public void open(OpenContext context) {
      count = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
      digest = getRuntimeContext().getLongCounter("digest");
      result = new Tuple2<>();
    }

    @Override
    public void processElement(Long key, Context context, Collector<Tuple2<Long, Long>> out)
        throws Exception {
      Long before = count.value();
      long now = before == null ? 1 : before + 1;
      count.update(now);
      result.f0 = key;
      result.f1 = now;
      out.collect(result);
      sum += (key + 1) * now;
    }

    @Override
    public void close() {
      digest.add(sum);
    }
  }
}

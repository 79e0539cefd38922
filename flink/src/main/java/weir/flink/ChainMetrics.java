package weir.flink;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.SimpleCounter;
import org.apache.flink.metrics.groups.OperatorMetricGroup;
import org.apache.flink.runtime.metrics.groups.InternalOperatorMetricGroup;
import org.apache.flink.runtime.metrics.groups.ProxyMetricGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator's metrics in Flink: counts of records instead of frames, and the metrics of the
 * chain's functions. Thread: the task's.
 */
final class ChainMetrics {
  private static final Logger LOG = LoggerFactory.getLogger(ChainMetrics.class);
  private static final int COUNTER = 0;

  private final OperatorMetricGroup group;
  private final Counter recordsIn;
  private final Counter recordsOut;
  private final Counter recordsSent; // by the task
  private final List<Counter> counters = new ArrayList<>(); // by number; null where it is a gauge
  // By number; null where it is a counter.
  private final List<AtomicLong> gauges = new ArrayList<>();

  /** `sends`: the operator's output leaves its task. */
  ChainMetrics(OperatorMetricGroup group, boolean sends) {
    this.group = group;
    recordsIn = group.getIOMetricGroup().getNumRecordsInCounter();
    recordsOut = group.getIOMetricGroup().getNumRecordsOutCounter();
    recordsSent = new SimpleCounter();
    if (sends) {
      addToTask(group, recordsSent);
    }
  }

  /**
   * The dashboard shows the task's output, which Flink counts separately from its operators' output
   * and without a public API.
   */
  private static void addToTask(MetricGroup group, Counter counter) {
    try {
      Field parent = ProxyMetricGroup.class.getDeclaredField("parentMetricGroup");
      parent.setAccessible(true);
      while (group instanceof ProxyMetricGroup) {
        group = (MetricGroup) parent.get(group);
      }
      if (group instanceof InternalOperatorMetricGroup) {
        ((InternalOperatorMetricGroup) group)
            .getTaskIOMetricGroup()
            .reuseRecordsOutputCounter(counter);
      }
    } catch (ReflectiveOperationException | RuntimeException e) {
      LOG.info("frames are counted in place of the records that a task sends: {}", e.toString());
    }
  }

  /** Corrects the input count: Flink has counted the frame as one record. */
  void frameIn(long records) {
    recordsIn.inc(records - 1);
  }

  void frameOut(long records) {
    recordsOut.inc(records - 1);
    recordsSent.inc(records - 1);
  }

  /** Reads one metric of a reply. */
  void read(Reply reply) {
    int number = reply.u16();
    int kind = reply.u8();
    String name = reply.utf();
    long value = reply.i64();
    while (counters.size() <= number) {
      counters.add(null);
      gauges.add(null);
    }
    if (kind == COUNTER) {
      if (counters.get(number) == null) {
        counters.set(number, group.counter(name));
      }
      counters.get(number).inc(value);
    } else {
      AtomicLong gauge = gauges.get(number);
      if (gauge == null) {
        gauge = new AtomicLong();
        gauges.set(number, gauge);
        group.gauge(name, (Gauge<Long>) gauge::get);
      }
      gauge.set(value);
    }
  }
}

package weir.flink;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceOutput;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.metrics.groups.SourceReaderMetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;

/**
 * Stand-ins for both neighbors of the bridge: the chain's process (weir/native/fake_chain) and
 * Flink.
 */
final class Fakes {
  private Fakes() {}

  static VertexSpec spec(String mode) {
    VertexSpec spec = new VertexSpec();
    spec.fingerprint = new byte[16];
    spec.build = 7;
    spec.arch = System.getProperty("os.arch");
    spec.executable = "weir/native/fake_chain";
    spec.libraries = List.of();
    spec.arguments = List.of(mode);
    spec.name = "fake";
    spec.uid = "fake";
    spec.maxParallelism = 128;
    return spec;
  }

  static ChainProcess process(String mode) {
    return ChainProcess.start(
        spec(mode), "fake (1/1)", System.getProperty("java.io.tmpdir"), () -> {});
  }

  /** Records outputs as text. */
  static final class Outputs implements ReaderOutput<byte[]> {
    final List<String> seen = new ArrayList<>();

    @Override
    public void collect(byte[] frame) {
      seen.add(
          "frame of edge "
              + Frame.edge(frame)
              + ", group "
              + Frame.keyGroup(frame)
              + ", "
              + Frame.count(frame)
              + " records");
    }

    @Override
    public void collect(byte[] frame, long timestamp) {
      throw new AssertionError("timestamps are in the frames");
    }

    @Override
    public void emitWatermark(Watermark watermark) {
      seen.add("watermark " + watermark.getTimestamp());
    }

    @Override
    public void markIdle() {
      seen.add("idle");
    }

    @Override
    public void markActive() {
      seen.add("active");
    }

    @Override
    public SourceOutput<byte[]> createOutputForSplit(String split) {
      return this;
    }

    @Override
    public void releaseOutputForSplit(String split) {}
  }

  /** Answers the calls that the reader makes to its context; everything else is null. */
  static SourceReaderContext context() {
    SourceReaderMetricGroup metrics = UnregisteredMetricsGroup.createSourceReaderMetricGroup();
    Map<String, Object> answers =
        Map.of(
            "metricGroup",
            metrics,
            "getConfiguration",
            new Configuration(),
            "getIndexOfSubtask",
            0,
            "currentParallelism",
            1);
    return (SourceReaderContext)
        Proxy.newProxyInstance(
            Fakes.class.getClassLoader(),
            new Class<?>[] {SourceReaderContext.class},
            (proxy, method, arguments) -> answers.get(method.getName()));
  }
}

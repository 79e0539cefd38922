package weir.flink;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichFilterFunction;

/** Passes only the frames of one edge. Follows a chain that has several outgoing edges. */
final class EdgeFilter extends RichFilterFunction<byte[]> {
  private static final long serialVersionUID = 1;

  private final int edge;
  private final boolean sends;
  private transient ChainMetrics metrics;

  EdgeFilter(int edge, boolean sends) {
    this.edge = edge;
    this.sends = sends;
  }

  @Override
  public void open(OpenContext context) {
    metrics = new ChainMetrics(getRuntimeContext().getMetricGroup(), sends);
  }

  @Override
  public boolean filter(byte[] frame) {
    long records = Frame.count(frame);
    metrics.frameIn(records);
    if (Frame.edge(frame) != edge) {
      return false;
    }
    metrics.frameOut(records);
    return true;
  }
}

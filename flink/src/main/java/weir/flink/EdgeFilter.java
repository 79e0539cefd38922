package weir.flink;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichFilterFunction;
import org.apache.flink.metrics.groups.OperatorIOMetricGroup;

/** Lets the frames of one edge through, behind a chain that has several outgoing edges. */
final class EdgeFilter extends RichFilterFunction<byte[]> {
    private static final long serialVersionUID = 1;

    private final int edge;
    private transient OperatorIOMetricGroup metrics;

    EdgeFilter(int edge) {
        this.edge = edge;
    }

    @Override
    public void open(OpenContext context) {
        metrics = getRuntimeContext().getMetricGroup().getIOMetricGroup();
    }

    @Override
    public boolean filter(byte[] frame) {
        long more = Frame.count(frame) - 1;
        metrics.getNumRecordsInCounter().inc(more);
        if (Frame.edge(frame) != edge) {
            return false;
        }
        metrics.getNumRecordsOutCounter().inc(more);
        return true;
    }
}

package weir.flink;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * A chain that begins with a source, as a Flink source. Its splits are in the plan, found when the
 * job was submitted.
 */
final class ChainSource implements Source<byte[], ChainSplit, List<ChainSplit>> {
  private static final long serialVersionUID = 1;

  private final VertexSpec spec;
  private final ArrayList<byte[]> elements;

  ChainSource(VertexSpec spec, List<byte[]> elements) {
    this.spec = spec;
    this.elements = new ArrayList<>(elements);
  }

  @Override
  public Boundedness getBoundedness() {
    return spec.bounded ? Boundedness.BOUNDED : Boundedness.CONTINUOUS_UNBOUNDED;
  }

  @Override
  public SourceReader<byte[], ChainSplit> createReader(SourceReaderContext context) {
    return new ChainReader(spec, context);
  }

  @Override
  public SplitEnumerator<ChainSplit, List<ChainSplit>> createEnumerator(
      SplitEnumeratorContext<ChainSplit> context) {
    return new ChainEnumerator(
        context, elements.stream().map(ChainSplit::new).collect(Collectors.toList()));
  }

  @Override
  public SplitEnumerator<ChainSplit, List<ChainSplit>> restoreEnumerator(
      SplitEnumeratorContext<ChainSplit> context, List<ChainSplit> splits) {
    return new ChainEnumerator(context, splits);
  }

  @Override
  public SimpleVersionedSerializer<ChainSplit> getSplitSerializer() {
    return new ChainSplit.Serializer();
  }

  @Override
  public SimpleVersionedSerializer<List<ChainSplit>> getEnumeratorCheckpointSerializer() {
    return new ChainSplit.ListSerializer();
  }
}

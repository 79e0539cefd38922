package weir.flink;

import org.apache.flink.streaming.api.operators.AbstractStreamOperatorFactory;
import org.apache.flink.streaming.api.operators.ChainingStrategy;
import org.apache.flink.streaming.api.operators.OneInputStreamOperatorFactory;
import org.apache.flink.streaming.api.operators.StreamOperator;
import org.apache.flink.streaming.api.operators.StreamOperatorParameters;

/** Makes a task's {@link ChainOperator}. */
final class ChainOperatorFactory extends AbstractStreamOperatorFactory<byte[]>
    implements OneInputStreamOperatorFactory<byte[], byte[]> {
  private static final long serialVersionUID = 1;

  private final VertexSpec spec;

  ChainOperatorFactory(VertexSpec spec) {
    this.spec = spec;
    setChainingStrategy(ChainingStrategy.ALWAYS);
  }

  @Override
  @SuppressWarnings("unchecked")
  public <T extends StreamOperator<byte[]>> T createStreamOperator(
      StreamOperatorParameters<byte[]> parameters) {
    ChainOperator operator = new ChainOperator(spec);
    operator.attach(
        parameters.getContainingTask(),
        parameters.getStreamConfig(),
        parameters.getOutput(),
        parameters.getProcessingTimeService());
    return (T) operator;
  }

  @Override
  @SuppressWarnings("rawtypes")
  public Class<? extends StreamOperator> getStreamOperatorClass(ClassLoader loader) {
    return ChainOperator.class;
  }
}

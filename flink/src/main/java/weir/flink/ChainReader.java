package weir.flink;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.core.io.InputStatus;

/**
 * Reads a source chain. A chain is opened with all its elements at once, so they are collected
 * until the enumerator has signaled that there are no more. Until then they are the reader's state.
 *
 * <p>Thread: the task's.
 */
final class ChainReader implements SourceReader<byte[], ChainSplit>, Chain.Outputs {
  private final VertexSpec spec;
  private final SourceReaderContext context;
  private final List<ChainSplit> gathered = new ArrayList<>(); // until the chain is open
  private volatile CompletableFuture<Void> available = new CompletableFuture<>();
  private boolean complete; // no more splits will come
  private Chain chain; // null until it is open
  private ReaderOutput<byte[]> output; // of the current poll

  ChainReader(VertexSpec spec, SourceReaderContext context) {
    this.spec = spec;
    this.context = context;
  }

  @Override
  public void start() {}

  @Override
  public void addSplits(List<ChainSplit> splits) {
    if (chain != null) {
      throw new ChainFailure(
          "splits came for the chain \""
              + spec.name
              + "\" after it was told that there are no more");
    }
    gathered.addAll(splits);
  }

  @Override
  public void notifyNoMoreSplits() {
    complete = true;
    available.complete(null);
  }

  @Override
  public InputStatus pollNext(ReaderOutput<byte[]> to) {
    if (!complete) {
      return InputStatus.NOTHING_AVAILABLE;
    }
    if (chain == null) {
      open();
    }
    output = to;
    chain.poll();
    if (chain.ended()) {
      return InputStatus.END_OF_INPUT;
    }
    if (!chain.nothingNow()) {
      return InputStatus.MORE_AVAILABLE;
    }
    waitUntil(chain.wakeAt());
    return InputStatus.NOTHING_AVAILABLE;
  }

  private void waitUntil(long wakeAt) {
    CompletableFuture<Void> next = new CompletableFuture<>();
    available = next;
    if (wakeAt != Chain.NEVER) {
      long delay = Math.max(0, wakeAt - System.currentTimeMillis());
      chain
          .process()
          .home()
          .timers()
          .schedule(() -> next.complete(null), delay, TimeUnit.MILLISECONDS);
    }
    if (chain.process().isDead()) {
      next.complete(null); // the process may have died before the future existed
    }
  }

  @Override
  public CompletableFuture<Void> isAvailable() {
    return available;
  }

  @Override
  public List<ChainSplit> snapshotState(long checkpoint) {
    if (chain == null) {
      return new ArrayList<>(gathered);
    }
    Chain.Snapshot snapshot = chain.snapshot(checkpoint);
    if (snapshot.rest || !snapshot.union.isEmpty() || !snapshot.broadcast.isEmpty()) {
      throw new ChainFailure(
          "the source chain \""
              + spec.name
              + "\" has state that is not of its source, which Flink's sources cannot keep");
    }
    return snapshot.split.stream().map(ChainSplit::new).collect(Collectors.toList());
  }

  @Override
  public void notifyCheckpointComplete(long checkpoint) {
    if (chain != null) {
      chain.completed(checkpoint);
    }
  }

  @Override
  public void notifyCheckpointAborted(long checkpoint) {
    if (chain != null) {
      chain.aborted(checkpoint);
    }
  }

  @Override
  public void close() {
    if (chain != null) {
      chain.close();
    }
  }

  @Override
  public void frame(byte[] frame) {
    output.collect(frame);
  }

  @Override
  public void watermark(long timestamp) {
    output.emitWatermark(new Watermark(timestamp));
  }

  @Override
  public void idle(boolean idle) {
    if (idle) {
      output.markIdle();
    } else {
      output.markActive();
    }
  }

  private void open() {
    Chain.Opening opening = new Chain.Opening();
    opening.subtask = context.getIndexOfSubtask();
    opening.parallelism = context.currentParallelism();
    opening.maxParallelism = spec.maxParallelism;
    opening.attempt =
        Integer.parseInt(
            context.metricGroup().getAllVariables().getOrDefault("<task_attempt_num>", "0"));
    opening.start =
        gathered.stream().anyMatch(ChainSplit::isState)
            ? Chain.START_FROM_FLINK
            : Chain.START_FRESH;
    opening.elements = gathered.stream().map(split -> split.element).collect(Collectors.toList());
    String title = spec.title(opening.subtask, opening.parallelism);
    ChainProcess process =
        ChainProcess.start(
            spec,
            title,
            context.getConfiguration().get(CoreOptions.TMP_DIRS),
            () -> available.complete(null));
    chain = new Chain(process, new ChainMetrics(context.metricGroup(), spec.sends), this);
    chain.open(spec, opening);
    chain.ready();
    gathered.clear();
  }
}

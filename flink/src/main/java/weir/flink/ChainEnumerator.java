package weir.flink;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;

/**
 * Assigns the plan's splits to the readers, the i-th to reader i modulo their number, when each
 * registers, and then signals that there are no more. A failed reader's splits are assigned to it
 * again. Thread: the coordinator's.
 */
final class ChainEnumerator implements SplitEnumerator<ChainSplit, List<ChainSplit>> {
  private final SplitEnumeratorContext<ChainSplit> context;
  private final Map<Integer, List<ChainSplit>> waiting = new HashMap<>(); // by reader

  ChainEnumerator(SplitEnumeratorContext<ChainSplit> context, List<ChainSplit> splits) {
    this.context = context;
    for (int i = 0; i < splits.size(); i++) {
      waiting
          .computeIfAbsent(i % context.currentParallelism(), reader -> new ArrayList<>())
          .add(splits.get(i));
    }
  }

  @Override
  public void start() {}

  @Override
  public void handleSplitRequest(int reader, String host) {}

  @Override
  public void addSplitsBack(List<ChainSplit> splits, int reader) {
    waiting.computeIfAbsent(reader, r -> new ArrayList<>()).addAll(splits);
    if (context.registeredReaders().containsKey(reader)) {
      addReader(reader);
    }
  }

  @Override
  public void addReader(int reader) {
    List<ChainSplit> splits = waiting.remove(reader);
    if (splits != null) {
      splits.forEach(split -> context.assignSplit(split, reader));
    }
    context.signalNoMoreSplits(reader);
  }

  @Override
  public List<ChainSplit> snapshotState(long checkpoint) {
    List<ChainSplit> splits = new ArrayList<>();
    waiting.values().forEach(splits::addAll);
    return splits;
  }

  @Override
  public void close() {}
}

package weir.flink;

import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;

/**
 * Gives each frame a key that Flink's hash sends to the frame's own key group: for each group, the
 * smallest Integer in that group. So Flink routes by weir's groups, even when it reroutes in-flight
 * frames at another parallelism.
 */
final class FrameKeys implements KeySelector<byte[], Integer> {
  private static final long serialVersionUID = 1;
  private static final ConcurrentHashMap<Integer, int[]> TABLES = new ConcurrentHashMap<>();

  private final int maxParallelism;
  private transient int[] table;

  FrameKeys(int maxParallelism) {
    this.maxParallelism = maxParallelism;
  }

  @Override
  public Integer getKey(byte[] frame) {
    if (table == null) {
      table = TABLES.computeIfAbsent(maxParallelism, FrameKeys::table);
    }
    int group = Frame.keyGroup(frame);
    if (group < 0 || group >= table.length) {
      throw new ChainFailure(
          "a frame of edge "
              + Frame.edge(frame)
              + " has key group "
              + group
              + ", which is not one of the "
              + table.length
              + " of a hash edge");
    }
    return table[group];
  }

  /** The keys of all `groups` key groups. */
  static int[] table(int groups) {
    int[] keys = new int[groups];
    Arrays.fill(keys, -1);
    int missing = groups;
    for (int key = 0; missing > 0; key++) {
      int group = KeyGroupRangeAssignment.assignToKeyGroup(key, groups);
      if (keys[group] < 0) {
        keys[group] = key;
        missing--;
      }
    }
    return keys;
  }
}

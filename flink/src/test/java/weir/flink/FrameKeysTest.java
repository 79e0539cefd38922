package weir.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameKeysTest {
  static byte[] frame(int edge, int group, int count) {
    return ByteBuffer.allocate(16)
        .putShort((short) 1)
        .putShort((short) edge)
        .putInt(group)
        .putInt(count)
        .putInt(7)
        .array();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 128, 32768})
  void flinkSendsTheKeyOfAGroupToThatGroup(int groups) {
    FrameKeys keys = new FrameKeys(groups);
    for (int group = 0; group < groups; group++) {
      Integer key = keys.getKey(frame(0, group, 1));
      assertEquals(group, KeyGroupRangeAssignment.assignToKeyGroup(key, groups));
    }
  }

  @Test
  void aFrameWithoutAGroupIsRefused() {
    ChainFailure failure =
        assertThrows(ChainFailure.class, () -> new FrameKeys(128).getKey(frame(3, -1, 1)));
    assertTrue(failure.getMessage().contains("edge 3 has key group -1"), failure.getMessage());
    assertThrows(ChainFailure.class, () -> new FrameKeys(128).getKey(frame(3, 128, 1)));
    assertThrows(ChainFailure.class, () -> new FrameKeys(128).getKey(new byte[15]));
  }
}

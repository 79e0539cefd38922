package weir.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.core.io.InputStatus;
import org.junit.jupiter.api.Test;

class ChainReaderTest {
  private final SourceReaderContext context = Fakes.context();
  private final Fakes.Outputs outputs = new Fakes.Outputs();

  private static ChainSplit split(int... bytes) {
    byte[] element = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      element[i] = (byte) bytes[i];
    }
    return new ChainSplit(element);
  }

  @Test
  void gathersSplitsUntilThereAreNoMore() {
    ChainReader reader = new ChainReader(Fakes.spec("end"), context);
    reader.addSplits(List.of(split(1, 9)));
    reader.start();
    assertEquals(InputStatus.NOTHING_AVAILABLE, reader.pollNext(outputs));
    reader.addSplits(List.of(split(0, 8)));
    assertFalse(reader.isAvailable().isDone());
    assertEquals(2, reader.snapshotState(1).size());
    assertEquals(9, reader.snapshotState(1).get(0).element[1]);
    reader.notifyCheckpointComplete(1);
    reader.notifyNoMoreSplits();
    assertTrue(reader.isAvailable().isDone());
    reader.close();
    assertEquals(List.of(), outputs.seen);
  }

  @Test
  void readsAndWaitsAndEnds() throws Exception {
    ChainReader reader = new ChainReader(Fakes.spec("end"), context);
    reader.notifyNoMoreSplits();
    // The first poll reports more, so the second one belongs to it.
    assertEquals(InputStatus.MORE_AVAILABLE, reader.pollNext(outputs));
    assertEquals(
        List.of(
            "frame of edge 0, group 5, 3 records",
            "watermark 17",
            "idle",
            "active",
            "frame of edge 0, group 6, 2 records"),
        outputs.seen);
    assertEquals(InputStatus.NOTHING_AVAILABLE, reader.pollNext(outputs));
    reader.isAvailable().get(10, TimeUnit.SECONDS);
    List<ChainSplit> state = reader.snapshotState(1);
    assertEquals(1, state.size());
    assertEquals('s', state.get(0).element[1]);
    assertEquals(InputStatus.END_OF_INPUT, reader.pollNext(outputs));
    assertEquals("frame of edge 0, group 6, 1 records", outputs.seen.get(5));
    reader.notifyCheckpointComplete(1);
    reader.notifyCheckpointAborted(2);
    reader.close();
  }

  @Test
  void aSourceWithMoreStateThanFlinkKeepsIsRefused() {
    ChainReader reader = new ChainReader(Fakes.spec("groups"), context);
    reader.notifyNoMoreSplits();
    reader.pollNext(outputs);
    assertThrows(ChainFailure.class, () -> reader.snapshotState(1));
    reader.close();
  }
}

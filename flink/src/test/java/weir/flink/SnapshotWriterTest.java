package weir.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.core.fs.FSDataInputStream;
import org.apache.flink.runtime.state.CheckpointStateOutputStream;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyGroupsStateHandle;
import org.apache.flink.runtime.state.KeyedStateCheckpointOutputStream;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SnapshotResult;
import org.apache.flink.runtime.state.StateSnapshotContextSynchronousImpl;
import org.apache.flink.runtime.state.StreamStateHandle;
import org.apache.flink.runtime.state.memory.MemCheckpointStreamFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(20)
class SnapshotWriterTest {
  private static final KeyGroupRange RANGE = new KeyGroupRange(1, 5);

  private final LinkedBlockingQueue<Runnable> mails = new LinkedBlockingQueue<>();
  private final StateSnapshotContextSynchronousImpl context =
      new StateSnapshotContextSynchronousImpl(
          1, 0, new MemCheckpointStreamFactory(1 << 20), RANGE, new CloseableRegistry());

  private final List<String> declined = new ArrayList<>();
  private final SnapshotWriter.Task task =
      new SnapshotWriter.Task() {
        @Override
        public void execute(Runnable mail) {
          mails.add(mail);
        }

        @Override
        public void decline(long checkpoint, String why, Throwable cause) {
          declined.add(why);
        }
      };

  private static final class FullStream extends CheckpointStateOutputStream {
    @Override
    public void write(int b) throws IOException {
      throw new IOException("no space left");
    }

    @Override
    public long getPos() {
      return 0;
    }

    @Override
    public void flush() {}

    @Override
    public void sync() {}

    @Override
    public StreamStateHandle closeAndGetHandle() {
      throw new AssertionError("half a state would be a checkpoint");
    }

    @Override
    public void close() {}
  }

  private static void snapshot(ChainProcess process) {
    process.call(new Request().begin(Call.SNAPSHOT).i64(1), new Reply());
  }

  /** Begins to write a checkpoint. */
  private RunnableFuture<SnapshotResult<KeyedStateHandle>> begin(
      ChainProcess process, SnapshotWriter writer) throws Exception {
    snapshot(process);
    writer.writeGroups(1, RANGE, context.getRawKeyedOperatorStateOutput());
    return context.getKeyedStateStreamFuture();
  }

  /**
   * Completes the checkpoint as Flink does, in a thread that waits for the leases when this
   * returns, or has ended. A cancellation before that would wait for the leases itself.
   */
  private Thread complete(RunnableFuture<?> future) throws InterruptedException {
    Thread thread = new Thread(future);
    thread.setDaemon(true);
    thread.start();
    while (thread.getState() == Thread.State.NEW || thread.getState() == Thread.State.RUNNABLE) {
      Thread.sleep(1);
    }
    return thread;
  }

  @Test
  void everyGroupOfTheRangeGetsAnEntry() throws Exception {
    try (ChainProcess process = Fakes.process("groups");
        SnapshotWriter writer = new SnapshotWriter(process, "fake", task)) {
      RunnableFuture<SnapshotResult<KeyedStateHandle>> future = begin(process, writer);
      complete(future);
      KeyGroupsStateHandle handle =
          (KeyGroupsStateHandle) future.get(10, TimeUnit.SECONDS).getJobManagerOwnedSnapshot();
      StringBuilder read = new StringBuilder();
      try (FSDataInputStream stream = handle.openInputStream()) {
        for (int group : RANGE) {
          stream.seek(handle.getOffsetForKeyGroup(group));
          DataInputStream data = new DataInputStream(stream);
          read.append(group)
              .append('=')
              .append(new String(data.readNBytes((int) data.readLong())))
              .append(' ');
        }
      }
      assertEquals("1= 2=abc 3= 4=d 5= ", read.toString());
      assertTrue(mails.isEmpty());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no_begin",
        "too_short",
        "too_long",
        "unfinished",
        "another_group",
        "twice",
        "foreign"
      })
  void groupsOutOfOrderDoNotCompleteTheCheckpoint(String disorder) throws Exception {
    try (ChainProcess process = Fakes.process(disorder);
        SnapshotWriter writer = new SnapshotWriter(process, "fake", task)) {
      RunnableFuture<?> future = begin(process, writer);
      Thread completing = complete(future);
      ChainFailure failure =
          assertThrows(ChainFailure.class, mails.poll(10, TimeUnit.SECONDS)::run);
      assertTrue(
          failure.getMessage().contains("gives the state of key group"), failure.getMessage());
      assertTrue(completing.isAlive());
      assertFalse(future.isDone());
      future.cancel(true);
    }
  }

  @Test
  void aFailureDoesNotCompleteTheCheckpoint() throws Exception {
    try (ChainProcess process = Fakes.process("broken");
        SnapshotWriter writer = new SnapshotWriter(process, "fake", task)) {
      RunnableFuture<?> future = begin(process, writer);
      Thread completing = complete(future);
      ChainFailure failure =
          assertThrows(ChainFailure.class, mails.poll(10, TimeUnit.SECONDS)::run);
      assertTrue(failure.getMessage().contains("a sentence"), failure.getMessage());
      assertTrue(completing.isAlive());
      assertFalse(future.isDone());
      future.cancel(true);
    }
  }

  @Test
  void aStateThatCannotBeWrittenLosesItsCheckpointOnly() throws Exception {
    try (ChainProcess process = Fakes.process("lost");
        SnapshotWriter writer = new SnapshotWriter(process, "fake", task)) {
      RunnableFuture<?> future = begin(process, writer);
      Thread completing = complete(future);
      mails.poll(10, TimeUnit.SECONDS).run();
      assertEquals(
          List.of("fake: the state of checkpoint 1 cannot be written: the disk is gone"), declined);
      assertTrue(completing.isAlive(), "half a state would be a checkpoint");
      writer.drop(1); // Flink has aborted it
      future.get(10, TimeUnit.SECONDS);
      process.call(new Request().begin(Call.TIMER), new Reply());
    }
  }

  @Test
  void aStreamThatFailsLosesItsCheckpointOnly() throws Exception {
    try (ChainProcess process = Fakes.process("groups");
        SnapshotWriter writer = new SnapshotWriter(process, "fake", task)) {
      snapshot(process);
      writer.writeGroups(1, RANGE, new KeyedStateCheckpointOutputStream(new FullStream(), RANGE));
      mails.poll(10, TimeUnit.SECONDS).run();
      assertEquals(
          List.of("fake: the state of checkpoint 1 cannot be written: no space left"), declined);
      process.call(new Request().begin(Call.TIMER), new Reply());
    }
  }

  @Test
  void aDroppedCheckpointFailsNothing() throws Exception {
    try (ChainProcess process = Fakes.process("slow");
        SnapshotWriter writer = new SnapshotWriter(process, "fake", task)) {
      RunnableFuture<?> future = begin(process, writer);
      complete(future);
      writer.drop(1);
      writer.drop(1);
      writer.drop(2);
      future.get(10, TimeUnit.SECONDS); // the lease has been released
      process.call(new Request().begin(Call.TIMER), new Reply());
    }
    mails.forEach(Runnable::run); // the task continues whatever was reported
  }
}

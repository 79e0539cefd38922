package weir.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.core.fs.FSDataInputStream;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyGroupsStateHandle;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SnapshotResult;
import org.apache.flink.runtime.state.StateSnapshotContextSynchronousImpl;
import org.apache.flink.runtime.state.memory.MemCheckpointStreamFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class SnapshotWriterTest {
    private static final KeyGroupRange RANGE = new KeyGroupRange(1, 5);

    private final LinkedBlockingQueue<Runnable> mails = new LinkedBlockingQueue<>();
    private final StateSnapshotContextSynchronousImpl context =
            new StateSnapshotContextSynchronousImpl(1, 0, new MemCheckpointStreamFactory(1 << 20), RANGE, new CloseableRegistry());

    private static void snapshot(ChainProcess process) {
        process.call(new Request().begin(Call.SNAPSHOT).i64(1), new Reply());
    }

    /** Completes the checkpoint as Flink does, which waits for the leases. */
    private Thread complete(RunnableFuture<?> future) {
        Thread thread = new Thread(future);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    @Test
    void everyGroupOfTheRangeGetsAnEntry() throws Exception {
        try (ChainProcess process = Fakes.process("groups"); SnapshotWriter writer = new SnapshotWriter(process, "fake", mails::add)) {
            snapshot(process);
            writer.writeGroups(1, RANGE, context.getRawKeyedOperatorStateOutput());
            RunnableFuture<SnapshotResult<KeyedStateHandle>> future = context.getKeyedStateStreamFuture();
            complete(future);
            KeyGroupsStateHandle handle = (KeyGroupsStateHandle) future.get(10, TimeUnit.SECONDS).getJobManagerOwnedSnapshot();
            StringBuilder read = new StringBuilder();
            try (FSDataInputStream stream = handle.openInputStream()) {
                for (int group : RANGE) {
                    stream.seek(handle.getOffsetForKeyGroup(group));
                    DataInputStream data = new DataInputStream(stream);
                    read.append(group).append('=').append(new String(data.readNBytes((int) data.readLong()))).append(' ');
                }
            }
            assertEquals("1= 2=abc 3= 4=d 5= ", read.toString());
            assertTrue(mails.isEmpty());
        }
    }

    @Test
    void aFailureDoesNotCompleteTheCheckpoint() throws Exception {
        try (ChainProcess process = Fakes.process("broken"); SnapshotWriter writer = new SnapshotWriter(process, "fake", mails::add)) {
            snapshot(process);
            writer.writeGroups(1, RANGE, context.getRawKeyedOperatorStateOutput());
            RunnableFuture<?> future = context.getKeyedStateStreamFuture();
            Thread completing = complete(future);
            ChainFailure failure = assertThrows(ChainFailure.class, mails.poll(10, TimeUnit.SECONDS)::run);
            assertTrue(failure.getMessage().contains("a sentence"), failure.getMessage());
            assertTrue(completing.isAlive());
            assertFalse(future.isDone());
            future.cancel(true);
        }
    }

    @Test
    void aDroppedCheckpointFailsNothing() throws Exception {
        try (ChainProcess process = Fakes.process("slow"); SnapshotWriter writer = new SnapshotWriter(process, "fake", mails::add)) {
            snapshot(process);
            writer.writeGroups(1, RANGE, context.getRawKeyedOperatorStateOutput());
            RunnableFuture<?> future = context.getKeyedStateStreamFuture();
            complete(future);
            writer.drop(1);
            writer.drop(1);
            writer.drop(2);
            future.get(10, TimeUnit.SECONDS); // the lease has been given back
            process.call(new Request().begin(Call.TIMER), new Reply());
        }
        mails.forEach(Runnable::run); // whatever was reported, the task goes on
    }
}

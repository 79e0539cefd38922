package weir.flink;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyedStateCheckpointOutputStream;
import org.apache.flink.runtime.state.OperatorStateCheckpointOutputStream;
import org.apache.flink.util.ResourceGuard;

/**
 * Fetches the rest of a chain's snapshots and writes it to Flink's streams while the task
 * continues.
 *
 * <p>A lease keeps Flink from closing the stream, and so from completing the checkpoint, until
 * everything is written. After a failure the lease is kept, because releasing it would complete a
 * checkpoint with partial state. Instead the checkpoint is declined, and the lease is released when
 * Flink has aborted it. The task fails only if its chain no longer answers.
 *
 * <p>Thread: the task's for the constructor and all calls; one thread of its own does the work.
 */
final class SnapshotWriter implements AutoCloseable {
  private static final int NEXT = 0;
  private static final int LAST = 1;
  private static final int DONE = 2;
  private static final int NOT_YET = 3;
  private static final int FAILED = 4;
  private static final int BEGIN = 5;
  private static final long LONGEST_WAIT_MS = 20;

  /** How the task handles failures. */
  interface Task {
    /** Runs `mail` on the task's thread. */
    void execute(Runnable mail);

    /** On the task's thread: only this checkpoint is lost. */
    void decline(long checkpoint, String why, Throwable cause);
  }

  private static final class Running {
    final ResourceGuard.Lease lease;
    final ReentrantLock lock = new ReentrantLock(); // held during each SNAPSHOT_CHUNK
    boolean dropped; // guarded by lock
    boolean declined; // the task's thread only

    Running(ResourceGuard.Lease lease) {
      this.lease = lease;
    }
  }

  private final ChainProcess process;
  private final String title;
  private final Task task;
  private final ExecutorService thread;
  private final Map<Long, Running> running = new ConcurrentHashMap<>();
  private final Request request = new Request(); // of the writer's thread
  private final Reply reply = new Reply(); // of the writer's thread

  SnapshotWriter(ChainProcess process, String title, Task task) {
    this.process = process;
    this.title = title;
    this.task = task;
    thread =
        Executors.newSingleThreadExecutor(
            work -> {
              Thread made = new Thread(work, "weir snapshots of " + title);
              made.setDaemon(true);
              return made;
            });
  }

  /** For a keyed operator: every group of `range` gets an entry. */
  void writeGroups(long checkpoint, KeyGroupRange range, KeyedStateCheckpointOutputStream stream)
      throws IOException {
    start(
        checkpoint,
        stream.acquireLease(),
        snapshot -> new Groups(range, stream).write(checkpoint, snapshot));
  }

  /**
   * For an operator without keys: writes one byte when the chain has reported that everything is
   * durable.
   */
  void writeNothing(long checkpoint, OperatorStateCheckpointOutputStream stream)
      throws IOException {
    start(
        checkpoint,
        stream.acquireLease(),
        snapshot -> {
          if (next(checkpoint, snapshot) != DONE) {
            throw new ChainFailure("a chain without keys has the state of a key group");
          }
          stream.startNewPartition();
          stream.write(0);
        });
  }

  /** Drops an aborted checkpoint on both sides. */
  void drop(long checkpoint) throws InterruptedException {
    Running snapshot = running.remove(checkpoint);
    if (snapshot == null) {
      return;
    }
    snapshot.lock.lockInterruptibly();
    try {
      snapshot.dropped = true;
      process.call(new Request().begin(Call.SNAPSHOT_DROP).i64(checkpoint), new Reply());
    } finally {
      snapshot.lock.unlock();
    }
    if (snapshot.declined) {
      snapshot.lease.close();
    }
  }

  @Override
  public void close() throws InterruptedException {
    thread.shutdownNow();
    thread.awaitTermination(5, TimeUnit.SECONDS);
  }

  private interface Work {
    void write(Running snapshot) throws IOException, InterruptedException, Dropped;
  }

  private static final class Dropped extends Exception {
    private static final long serialVersionUID = 1;
  }

  private void start(long checkpoint, ResourceGuard.Lease lease, Work work) {
    Running snapshot = new Running(lease);
    running.put(checkpoint, snapshot);
    thread.execute(
        () -> {
          try {
            work.write(snapshot);
            running.remove(checkpoint);
            lease.close();
          } catch (Dropped e) {
            // The checkpoint can no longer complete. Flink cancels it in the same thread that waits
            // for the lease, so the lease must be released.
            lease.close();
          } catch (Throwable e) {
            // Flink closes the stream of a checkpoint that it aborts, and notifies the task before
            // the task's thread runs this.
            task.execute(() -> failed(checkpoint, snapshot, e));
          }
        });
  }

  private void failed(long checkpoint, Running snapshot, Throwable why) {
    if (!running.containsKey(checkpoint)) {
      snapshot.lease.close();
    } else if (why instanceof IOException) { // from Flink's stream, or from the chain's own writes
      snapshot.declined = true;
      task.decline(
          checkpoint,
          title
              + ": the state of checkpoint "
              + checkpoint
              + " cannot be written: "
              + why.getMessage(),
          why);
    } else {
      throw why instanceof ChainFailure
          ? (ChainFailure) why
          : new ChainFailure(
              title + ": the state of checkpoint " + checkpoint + " cannot be written: " + why,
              why);
    }
  }

  /** The next SNAPSHOT_CHUNK that has content; the reply is positioned after `what`. */
  private int next(long checkpoint, Running snapshot)
      throws IOException, InterruptedException, Dropped {
    for (long wait = 2; ; wait = Math.min(LONGEST_WAIT_MS, 2 * wait)) {
      snapshot.lock.lockInterruptibly();
      try {
        if (snapshot.dropped) {
          throw new Dropped();
        }
        process.call(request.begin(Call.SNAPSHOT_CHUNK).i64(checkpoint), reply);
      } finally {
        snapshot.lock.unlock();
      }
      int what = reply.u8();
      if (what == FAILED) {
        reply.i32();
        throw new IOException(new String(reply.bytes(), StandardCharsets.UTF_8));
      }
      if (what != NOT_YET) {
        return what;
      }
      Thread.sleep(wait);
    }
  }

  /** Writes each group as it comes: a group begins with its length. */
  private final class Groups {
    private final KeyGroupRange range;
    private final KeyedStateCheckpointOutputStream stream;
    private final DataOutputStream data;
    private int written; // groups below it are in the stream, the last one perhaps in part
    private long left; // bytes that group `written - 1` still needs

    Groups(KeyGroupRange range, KeyedStateCheckpointOutputStream stream) {
      this.range = range;
      this.stream = stream;
      data = new DataOutputStream(stream);
      written = range.getStartKeyGroup();
    }

    void write(long checkpoint, Running snapshot)
        throws IOException, InterruptedException, Dropped {
      for (int what = next(checkpoint, snapshot); what != DONE; what = next(checkpoint, snapshot)) {
        int group = reply.i32();
        byte[] bytes = reply.bytes();
        if (what == BEGIN && left == 0 && range.contains(group) && group >= written) {
          begin(group, ByteBuffer.wrap(bytes).getLong());
        } else if (what <= LAST && group == written - 1 && bytes.length <= left) {
          left -= bytes.length;
          data.write(bytes);
        } else {
          throw outOfOrder(group);
        }
        if (what == LAST && left > 0) {
          throw outOfOrder(group);
        }
      }
      if (left > 0) {
        throw outOfOrder(-1);
      }
      writeEmptyUpTo(range.getEndKeyGroup() + 1);
      data.flush();
    }

    private void begin(int group, long length) throws IOException {
      writeEmptyUpTo(group);
      stream.startNewKeyGroup(group);
      data.writeLong(length);
      written = group + 1;
      left = length;
    }

    private ChainFailure outOfOrder(int group) {
      return new ChainFailure(
          "a chain gives the state of key group "
              + group
              + " after that of "
              + (written - 1)
              + ", of which "
              + left
              + " bytes are missing, of the groups "
              + range);
    }

    private void writeEmptyUpTo(int limit) throws IOException {
      for (; written < limit; written++) {
        stream.startNewKeyGroup(written);
        data.writeLong(0);
      }
    }
  }

  /** Writes empty groups, for a keyed operator without state. */
  static void writeEmptyGroups(KeyGroupRange range, KeyedStateCheckpointOutputStream stream)
      throws IOException {
    DataOutputStream data = new DataOutputStream(stream);
    for (int group : range) {
      stream.startNewKeyGroup(group);
      data.writeLong(0);
    }
    data.flush();
  }
}

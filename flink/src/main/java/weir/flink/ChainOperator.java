package weir.flink;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.concurrent.ScheduledFuture;
import org.apache.flink.api.common.TaskInfo;
import org.apache.flink.api.common.operators.MailboxExecutor;
import org.apache.flink.api.common.state.BroadcastState;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.runtime.checkpoint.CheckpointException;
import org.apache.flink.runtime.checkpoint.CheckpointFailureReason;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.KeyGroupStatePartitionStreamProvider;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.graph.StreamConfig;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.Output;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.ProcessingTimeService;
import org.apache.flink.streaming.runtime.tasks.StreamTask;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;

/**
 * Runs a chain that is not a source: frames in, frames out. A chain with several inputs gets their
 * union, and each frame names its edge.
 *
 * <p>Frames are buffered for one PROCESS call. Everything that is ordered with the records
 * (watermark, idleness, barrier, end) sends them first.
 *
 * <p>Thread: the task's, except for the {@link SnapshotWriter}'s.
 */
final class ChainOperator extends AbstractStreamOperator<byte[]>
    implements OneInputStreamOperator<byte[], byte[]>, Chain.Outputs, SnapshotWriter.Task {
  private static final long serialVersionUID = 1;
  static final String SPLIT_STATE = "weir-split";
  static final String UNION_STATE = "weir-union";
  static final String BROADCAST_STATE = "weir-broadcast";

  private static final int FLUSH_BYTES = 256 << 10;
  private static final int FLUSH_FRAMES = 512;
  private static final long FLUSH_RECORDS = 16 << 10;
  private static final long FLUSH_MS = 5;

  private final VertexSpec spec;

  private transient MailboxExecutor mailbox;
  private transient Chain chain;
  private transient ChainMetrics counts;
  private transient SnapshotWriter writer;
  private transient KeyGroupRange range;
  private transient ListState<byte[]> splitState;
  private transient ListState<byte[]> unionState;
  private transient BroadcastState<Integer, byte[]> broadcastState; // by a number
  private transient StreamRecord<byte[]> out;

  private transient Request frames; // of the next PROCESS
  private transient int frameCount;
  private transient long recordCount;
  private transient boolean flushTimer;

  private transient ScheduledFuture<?> wakeTimer;
  private transient long wakeAt; // of the timer

  ChainOperator(VertexSpec spec) {
    this.spec = spec;
  }

  void attach(
      StreamTask<?, ?> task,
      StreamConfig config,
      Output<StreamRecord<byte[]>> output,
      ProcessingTimeService timers) {
    setProcessingTimeService(timers);
    setup(task, config, output);
    mailbox = task.getMailboxExecutorFactory().createExecutor(config.getChainIndex());
  }

  /** Keeps Flink from reading its own timers from the raw keyed state. */
  @Override
  protected boolean isUsingCustomRawKeyedState() {
    return true;
  }

  /**
   * Saves Flink from setting a current key for each record, because there is no keyed state of
   * Flink.
   */
  @Override
  public boolean hasKeyContext1() {
    return false;
  }

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    splitState = context.getOperatorStateStore().getListState(list(SPLIT_STATE));
    unionState = context.getOperatorStateStore().getUnionListState(list(UNION_STATE));
    broadcastState =
        context
            .getOperatorStateStore()
            .getBroadcastState(
                new MapStateDescriptor<>(
                    BROADCAST_STATE,
                    IntSerializer.INSTANCE,
                    BytePrimitiveArraySerializer.INSTANCE));
    TaskInfo task = getRuntimeContext().getTaskInfo();
    Chain.Opening opening = new Chain.Opening();
    opening.subtask = task.getIndexOfThisSubtask();
    opening.parallelism = task.getNumberOfParallelSubtasks();
    opening.maxParallelism = task.getMaxNumberOfParallelSubtasks();
    opening.attempt = task.getAttemptNumber();
    opening.restored = context.isRestored() ? context.getRestoredCheckpointId().orElse(-1) : -1;
    opening.start =
        context.isRestored()
            ? Chain.START_FROM_FLINK
            : spec.beginsFromSnapshot ? Chain.START_FROM_WEIR : Chain.START_FRESH;
    opening.elements = new ArrayList<>();
    splitState.get().forEach(opening.elements::add);
    unionState.get().forEach(opening.elements::add);
    broadcastState.entries().forEach(entry -> opening.elements.add(entry.getValue()));
    range =
        KeyGroupRangeAssignment.computeKeyGroupRangeForOperatorIndex(
            opening.maxParallelism, opening.parallelism, opening.subtask);

    frames = new Request().begin(Call.PROCESS);
    out = new StreamRecord<>(null);
    wakeAt = Chain.NEVER;
    counts = new ChainMetrics(getMetricGroup(), spec.sends);
    String title = spec.title(opening.subtask, opening.parallelism);
    ChainProcess process =
        ChainProcess.start(
            spec,
            title,
            getContainingTask()
                .getEnvironment()
                .getTaskManagerInfo()
                .getConfiguration()
                .get(CoreOptions.TMP_DIRS),
            this::looksDead);
    chain = new Chain(process, counts, this);
    writer = new SnapshotWriter(process, title, this);
    chain.open(spec, opening);
    if (spec.keyed && context.isRestored()) {
      restoreGroups(context);
    }
    chain.ready();
  }

  private static ListStateDescriptor<byte[]> list(String name) {
    return new ListStateDescriptor<>(name, BytePrimitiveArraySerializer.INSTANCE);
  }

  private void restoreGroups(StateInitializationContext context) throws IOException {
    byte[] piece = new byte[Chain.PIECE_BYTES];
    for (KeyGroupStatePartitionStreamProvider group : context.getRawKeyedStateInputs()) {
      // The stream continues into the next group.
      try (DataInputStream stream = new DataInputStream(group.getStream())) {
        for (long left = stream.readLong(); left > 0; ) {
          int length = stream.readNBytes(piece, 0, (int) Math.min(piece.length, left));
          if (length == 0) {
            throw new EOFException(
                "the state of key group "
                    + group.getKeyGroupId()
                    + " ends "
                    + left
                    + " bytes early");
          }
          left -= length;
          chain.restoreGroup(group.getKeyGroupId(), left == 0, piece, length);
        }
      }
    }
  }

  @Override
  public void open() throws Exception {
    super.open();
    // Restored timers may need a wake-up; nothing may be emitted here.
    setWakeTimer(getProcessingTimeService().getCurrentProcessingTime());
  }

  @Override
  public void processElement(StreamRecord<byte[]> element) {
    byte[] frame = element.getValue();
    long records = Frame.count(frame);
    counts.frameIn(records);
    if (frameCount > 0 && frames.size() + frame.length > FLUSH_BYTES) {
      flush();
    }
    frames.bytes(frame);
    frameCount++;
    recordCount += records;
    if (frameCount >= FLUSH_FRAMES
        || recordCount >= FLUSH_RECORDS
        || frames.size() >= FLUSH_BYTES) {
      flush();
    } else if (!flushTimer) {
      flushTimer = true;
      ProcessingTimeService timers = getProcessingTimeService();
      timers.registerTimer(
          timers.getCurrentProcessingTime() + FLUSH_MS,
          now -> {
            flushTimer = false;
            flush();
          });
    }
  }

  private void flush() {
    if (frameCount > 0) {
      frameCount = 0;
      recordCount = 0;
      chain.process(frames);
      frames.begin(Call.PROCESS);
      lookAtWake();
    }
  }

  @Override
  public void processWatermark(Watermark mark) throws Exception {
    flush();
    chain.watermark(mark.getTimestamp());
    lookAtWake();
    if (!spec.makesEventTime || mark.equals(Watermark.MAX_WATERMARK)) {
      super.processWatermark(mark);
    }
  }

  @Override
  public void processWatermarkStatus(WatermarkStatus status) throws Exception {
    flush();
    if (!spec.makesEventTime) {
      super.processWatermarkStatus(status);
    }
  }

  @Override
  public void prepareSnapshotPreBarrier(long checkpoint) {
    flush();
    chain.barrier();
    lookAtWake();
  }

  @Override
  public void snapshotState(StateSnapshotContext context) throws Exception {
    try {
      if (frameCount > 0) {
        throw new ChainFailure("frames came between a barrier and its snapshot");
      }
      long id = context.getCheckpointId();
      Chain.Snapshot snapshot = chain.snapshot(id);
      splitState.update(snapshot.split);
      unionState.update(snapshot.union);
      broadcastState.clear();
      for (int i = 0; i < snapshot.broadcast.size(); i++) {
        broadcastState.put(i, snapshot.broadcast.get(i));
      }
      if (spec.keyed && snapshot.rest) {
        writer.writeGroups(id, range, context.getRawKeyedOperatorStateOutput());
      } else if (spec.keyed) {
        SnapshotWriter.writeEmptyGroups(range, context.getRawKeyedOperatorStateOutput());
      } else if (snapshot.rest) {
        writer.writeNothing(id, context.getRawOperatorStateOutput());
      }
    } catch (Throwable e) {
      // The chain has failed and must restart, so declining the checkpoint is not enough.
      getContainingTask().getEnvironment().failExternally(e);
      throw e;
    }
  }

  @Override
  public void notifyCheckpointComplete(long checkpoint) throws Exception {
    super.notifyCheckpointComplete(checkpoint);
    chain.completed(checkpoint);
    lookAtWake();
  }

  @Override
  public void notifyCheckpointAborted(long checkpoint) throws Exception {
    super.notifyCheckpointAborted(checkpoint);
    writer.drop(checkpoint);
    chain.aborted(checkpoint);
  }

  @Override
  public void finish() throws Exception {
    flush();
    chain.finish();
    if (!spec.checkpoints) {
      chain.commitWithoutCheckpoint();
    }
    super.finish();
  }

  @Override
  public void close() throws Exception {
    try {
      if (writer != null) {
        writer.close();
      }
    } finally {
      if (chain != null) {
        chain.close();
      }
      super.close();
    }
  }

  @Override
  public void frame(byte[] frame) {
    output.collect(out.replace(frame));
  }

  @Override
  public void watermark(long timestamp) {
    if (!spec.makesEventTime) {
      throw new ChainFailure("the chain \"" + spec.name + "\" gives a watermark, and has none");
    }
    output.emitWatermark(new Watermark(timestamp));
  }

  @Override
  public void idle(boolean idle) {
    if (!spec.makesEventTime) {
      throw new ChainFailure("the chain \"" + spec.name + "\" says that it is idle by itself");
    }
    output.emitWatermarkStatus(idle ? WatermarkStatus.IDLE : WatermarkStatus.ACTIVE);
  }

  @Override
  public void execute(Runnable mail) {
    mailbox.execute(mail::run, "weir snapshot");
  }

  /** Flink counts this among the tolerated failures, and aborts the checkpoint everywhere. */
  @Override
  public void decline(long checkpoint, String why, Throwable cause) {
    LOG.warn("{}", why, cause);
    getContainingTask()
        .getEnvironment()
        .declineCheckpoint(
            checkpoint,
            new CheckpointException(
                why, CheckpointFailureReason.CHECKPOINT_ASYNC_EXCEPTION, cause));
  }

  /** Called on any thread. */
  private void looksDead() {
    try {
      mailbox.execute(() -> chain.process().checkAlive(), "weir chain ended");
    } catch (RuntimeException e) {
      LOG.debug("{}: the task is over", spec.name, e);
    }
  }

  /** Does not cancel a timer that is too early: when it fires, it checks again. */
  private void lookAtWake() {
    if (chain.wakeAt() < wakeAt) {
      setWakeTimer(chain.wakeAt());
    }
  }

  private void setWakeTimer(long at) {
    if (wakeTimer != null) {
      wakeTimer.cancel(false);
    }
    wakeAt = at;
    wakeTimer =
        getProcessingTimeService()
            .registerTimer(
                at,
                now -> {
                  wakeTimer = null;
                  wakeAt = Chain.NEVER;
                  if (chain.wakeAt() <= getProcessingTimeService().getCurrentProcessingTime()
                      || chain.wakeAt() == Chain.NEVER) {
                    chain.timer();
                  }
                  lookAtWake();
                });
  }
}

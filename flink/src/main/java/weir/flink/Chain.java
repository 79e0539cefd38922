package weir.flink;

import java.util.ArrayList;
import java.util.List;

/**
 * Makes the calls of a task to its chain, and passes on their outputs. No lock is held while
 * outputs are passed on, because that may block for as long as the consumers do.
 *
 * <p>Thread: the task's.
 */
final class Chain implements AutoCloseable {
  static final int PROTOCOL = 2;
  static final int PIECE_BYTES = 1 << 20; // of a key group's state in one call
  static final long NEVER = Long.MAX_VALUE;

  static final int START_FRESH = 0;
  static final int START_FROM_FLINK = 1;
  static final int START_FROM_WEIR = 2;

  private static final int MORE = 1;
  private static final int NOTHING_NOW = 2;
  private static final int END = 4;

  /** Receives a chain's outputs. The last two are for sources only. */
  interface Outputs {
    void frame(byte[] frame);

    void watermark(long timestamp);

    void idle(boolean idle);
  }

  /** The identity, place and initial state of a chain. */
  static final class Opening {
    int subtask;
    int parallelism;
    int maxParallelism;
    int attempt;
    long restored = -1;
    int start = START_FRESH;
    List<byte[]> elements = List.of();
  }

  /** The lists of a snapshot; `rest`: more follows. */
  static final class Snapshot {
    final List<byte[]> split;
    final List<byte[]> union;
    final List<byte[]> broadcast;
    final boolean rest;

    Snapshot(Reply reply) {
      split = list(reply);
      union = list(reply);
      broadcast = list(reply);
      rest = reply.u8() != 0;
    }

    private static List<byte[]> list(Reply reply) {
      int n = reply.i32();
      List<byte[]> elements = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        elements.add(reply.bytes());
      }
      return elements;
    }
  }

  private final ChainProcess process;
  private final ChainMetrics metrics;
  private final Outputs outputs;
  private final Request request = new Request();
  private final Reply reply = new Reply();
  private int flags;
  private long wakeAt = NEVER;

  Chain(ChainProcess process, ChainMetrics metrics, Outputs outputs) {
    this.process = process;
    this.metrics = metrics;
    this.outputs = outputs;
  }

  void open(VertexSpec spec, Opening opening) {
    request
        .begin(Call.OPEN)
        .u16(PROTOCOL)
        .raw(spec.fingerprint, 16)
        .i32(spec.index)
        .i32(opening.subtask)
        .i32(opening.parallelism)
        .i32(opening.maxParallelism)
        .i32(opening.attempt)
        .i64(opening.restored)
        .u8(opening.start)
        .i32(spec.build)
        .i32(opening.elements.size());
    opening.elements.forEach(request::bytes);
    process.call(request, reply);
  }

  void restoreGroup(int keyGroup, boolean last, byte[] piece, int length) {
    process.call(
        request.begin(Call.RESTORE_GROUP).i32(keyGroup).u8(last ? 1 : 0).raw(piece, length), reply);
  }

  void ready() {
    process.call(request.begin(Call.READY), reply);
  }

  /** Makes a PROCESS call. */
  void process(Request frames) {
    run(frames);
  }

  void watermark(long timestamp) {
    run(request.begin(Call.WATERMARK).i64(timestamp));
  }

  void timer() {
    run(request.begin(Call.TIMER));
  }

  void poll() {
    run(request.begin(Call.POLL));
  }

  void barrier() {
    run(request.begin(Call.BARRIER));
  }

  void finish() {
    run(request.begin(Call.FINISH));
  }

  void completed(long checkpoint) {
    run(request.begin(Call.COMPLETED).i64(checkpoint));
  }

  /** After finish(), in a job without checkpoints: does what would wait for one. */
  void commitWithoutCheckpoint() {
    run(request.begin(Call.COMMIT));
  }

  void aborted(long checkpoint) {
    process.call(request.begin(Call.ABORTED).i64(checkpoint), reply);
  }

  Snapshot snapshot(long checkpoint) {
    process.call(request.begin(Call.SNAPSHOT).i64(checkpoint), reply);
    return new Snapshot(reply);
  }

  /** Wall-clock milliseconds at which the chain wants TIMER (a source: POLL), or NEVER. */
  long wakeAt() {
    return wakeAt;
  }

  /** True if the last POLL found nothing. */
  boolean nothingNow() {
    return (flags & NOTHING_NOW) != 0;
  }

  /** True if the last POLL reached the end of input. */
  boolean ended() {
    return (flags & END) != 0;
  }

  ChainProcess process() {
    return process;
  }

  @Override
  public void close() {
    process.close();
  }

  private void run(Request first) {
    process.call(first, reply);
    pass();
    while ((flags & MORE) != 0) {
      process.call(request.begin(Call.RESUME), reply);
      pass();
    }
  }

  private void pass() {
    flags = reply.u8();
    wakeAt = reply.i64();
    int n = reply.i32();
    for (int i = 0; i < n; i++) {
      int kind = reply.u8();
      switch (kind) {
        case 1:
          byte[] frame = reply.bytes();
          metrics.frameOut(Frame.count(frame));
          outputs.frame(frame);
          break;
        case 2:
          outputs.watermark(reply.i64());
          break;
        case 3:
          outputs.idle(reply.u8() != 0);
          break;
        default:
          throw new ChainFailure("a chain's reply has an output of the unknown kind " + kind);
      }
    }
    for (int m = reply.u16(); m > 0; m--) {
      metrics.read(reply);
    }
  }
}

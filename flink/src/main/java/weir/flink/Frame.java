package weir.flink;

import java.nio.ByteBuffer;

/** The header of a frame. The bridge reads nothing else of the records. */
final class Frame {
  private static final int VERSION = 1;
  private static final int HEADER = 16;

  private Frame() {}

  /** Number of the edge in the plan. */
  static int edge(byte[] frame) {
    return header(frame).getShort(2) & 0xffff;
  }

  /** Key group of all its records; -1 if the edge is not a hash edge. */
  static int keyGroup(byte[] frame) {
    return header(frame).getInt(4);
  }

  /** Number of records. */
  static long count(byte[] frame) {
    return header(frame).getInt(8) & 0xffffffffL;
  }

  private static ByteBuffer header(byte[] frame) {
    ByteBuffer header = ByteBuffer.wrap(frame);
    if (frame.length < HEADER || header.getShort(0) != VERSION) {
      throw new ChainFailure(
          "a record of " + frame.length + " bytes is not a frame of version " + VERSION);
    }
    return header;
  }
}

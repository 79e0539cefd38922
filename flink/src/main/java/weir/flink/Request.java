package weir.flink;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** One request to a chain, built in a reused buffer that grows. Belongs to one thread. */
final class Request {
  /**
   * Maximum bytes per read or write, because the JVM copies them through memory of the requested
   * size.
   */
  static final int PIPE_BYTES = 64 << 10;

  private static final int HEADER = 5;
  private static final int MOST = Integer.MAX_VALUE - 64;

  private ByteBuffer buffer = ByteBuffer.allocate(256).position(HEADER);
  private Call call;

  /** Begins a new request and drops the old one. */
  Request begin(Call what) {
    call = what;
    buffer.clear().position(HEADER);
    return this;
  }

  Call call() {
    return call;
  }

  /** Bytes of the body so far. */
  int size() {
    return buffer.position() - HEADER;
  }

  Request u8(int value) {
    room(1).put((byte) value);
    return this;
  }

  Request u16(int value) {
    room(2).putShort((short) value);
    return this;
  }

  Request i32(int value) {
    room(4).putInt(value);
    return this;
  }

  Request i64(long value) {
    room(8).putLong(value);
    return this;
  }

  Request raw(byte[] bytes, int length) {
    room(length).put(bytes, 0, length);
    return this;
  }

  /** i32 length, then the bytes. */
  Request bytes(byte[] bytes) {
    return i32(bytes.length).raw(bytes, bytes.length);
  }

  void writeTo(OutputStream stream) throws IOException {
    int end = buffer.position();
    buffer.putInt(0, end - 4).put(4, (byte) call.number());
    for (int done = 0; done < end; done += PIPE_BYTES) {
      stream.write(buffer.array(), done, Math.min(PIPE_BYTES, end - done));
    }
    stream.flush();
  }

  private ByteBuffer room(int more) {
    if (buffer.remaining() < more) {
      if (more > MOST - buffer.position()) {
        throw new ChainFailure("a request to a chain would be larger than 2 GiB");
      }
      int size = (int) Math.min(MOST, Math.max(2L * buffer.capacity(), buffer.position() + more));
      buffer = ByteBuffer.allocate(size).put(buffer.flip());
    }
    return buffer;
  }
}

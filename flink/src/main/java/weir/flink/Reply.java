package weir.flink;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * One reply of a chain. It is read completely into a reused buffer, and then consumed from its
 * beginning. A reply that ends early is a {@link ChainFailure}. Belongs to one thread.
 */
final class Reply {
  private ByteBuffer buffer = ByteBuffer.allocate(256);

  void readFrom(InputStream stream) throws IOException {
    readFully(stream, 4);
    int length = buffer.getInt();
    if (length < 1 || length > Integer.MAX_VALUE - 64) {
      throw new IOException(
          "a reply of "
              + Integer.toUnsignedString(length)
              + " bytes; is something else written to standard output?");
    }
    if (buffer.capacity() < length) {
      buffer =
          ByteBuffer.allocate(
              Math.max(length, (int) Math.min(Integer.MAX_VALUE - 64, 2L * buffer.capacity())));
    }
    readFully(stream, length);
  }

  private void readFully(InputStream stream, int length) throws IOException {
    for (int done = 0; done < length; ) {
      int n = stream.read(buffer.array(), done, Math.min(Request.PIPE_BYTES, length - done));
      if (n < 0) {
        throw new EOFException(done + " of " + length + " bytes, then the end of the pipe");
      }
      done += n;
    }
    buffer.position(0).limit(length);
  }

  int u8() {
    return left(1).get() & 0xff;
  }

  int u16() {
    return left(2).getShort() & 0xffff;
  }

  int i32() {
    return left(4).getInt();
  }

  long i64() {
    return left(8).getLong();
  }

  /** i32 length, then the bytes. */
  byte[] bytes() {
    return take(i32());
  }

  /** u16 length, then modified UTF-8. */
  String utf() {
    byte[] text = take(2 + (left(2).getShort(buffer.position()) & 0xffff));
    try {
      return new DataInputStream(new ByteArrayInputStream(text)).readUTF();
    } catch (IOException e) {
      throw new ChainFailure("a chain's reply has a text that is not modified UTF-8", e);
    }
  }

  private byte[] take(int length) {
    ByteBuffer from = left(length);
    byte[] bytes = new byte[length];
    from.get(bytes);
    return bytes;
  }

  private ByteBuffer left(int length) {
    if (length < 0 || length > buffer.remaining()) {
      throw new ChainFailure(
          "a chain's reply ends early: "
              + buffer.remaining()
              + " bytes are left, and "
              + length
              + " are wanted");
    }
    return buffer;
  }
}

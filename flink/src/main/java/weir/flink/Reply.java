package weir.flink;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * One reply of a chain, read in full into a buffer that is used again, and then taken apart from its beginning. Belongs to one
 * thread. A reply that ends early is a {@link ChainFailure}.
 */
final class Reply {
    private static final VarHandle I16 = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle I32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle I64 = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private byte[] buffer = new byte[256];
    private int at;
    private int end;

    void readFrom(InputStream stream) throws IOException {
        readFully(stream, 4);
        int length = (int) I32.get(buffer, 0);
        if (length < 1 || length > Integer.MAX_VALUE - 64) {
            throw new IOException("a reply of " + Integer.toUnsignedString(length) + " bytes; is something else written to standard output?");
        }
        if (buffer.length < length) {
            buffer = new byte[Math.max(length, (int) Math.min(Integer.MAX_VALUE - 64, 2L * buffer.length))];
        }
        readFully(stream, length);
        at = 0;
        end = length;
    }

    private void readFully(InputStream stream, int length) throws IOException {
        for (int done = 0; done < length;) {
            int n = stream.read(buffer, done, Math.min(Request.PIPE_BYTES, length - done));
            if (n < 0) {
                throw new EOFException(done + " of " + length + " bytes, then the end of the pipe");
            }
            done += n;
        }
    }

    int u8() {
        return buffer[take(1)] & 0xff;
    }

    int u16() {
        return (short) I16.get(buffer, take(2)) & 0xffff;
    }

    int i32() {
        return (int) I32.get(buffer, take(4));
    }

    long i64() {
        return (long) I64.get(buffer, take(8));
    }

    /** i32 length, then the bytes. */
    byte[] bytes() {
        int length = i32();
        int from = take(length);
        return Arrays.copyOfRange(buffer, from, from + length);
    }

    String utf() {
        int length = u16();
        int from = take(length);
        byte[] text = new byte[2 + length];
        I16.set(text, 0, (short) length);
        System.arraycopy(buffer, from, text, 2, length);
        try {
            return new DataInputStream(new ByteArrayInputStream(text)).readUTF();
        } catch (IOException e) {
            throw new ChainFailure("a chain's reply has a text that is not modified UTF-8", e);
        }
    }

    private int take(int length) {
        if (length < 0 || length > end - at) {
            throw new ChainFailure("a chain's reply ends " + (length - (end - at)) + " bytes early");
        }
        int from = at;
        at += length;
        return from;
    }
}

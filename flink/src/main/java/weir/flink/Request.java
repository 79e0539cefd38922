package weir.flink;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * One request to a chain, built in a buffer that grows and is used again. Belongs to one thread.
 */
final class Request {
    private static final VarHandle I16 = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle I32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle I64 = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final int HEADER = 5;

    /** The JVM copies what it reads or writes into memory that it allocates for as much as it is asked for. */
    static final int PIPE_BYTES = 64 << 10;

    private byte[] buffer = new byte[256];
    private int end = HEADER;
    private Call call;

    /** Begins a new request; what was in it is gone. */
    Request begin(Call what) {
        call = what;
        buffer[4] = (byte) what.number;
        end = HEADER;
        return this;
    }

    Call call() {
        return call;
    }

    /** Bytes of the body so far. */
    int size() {
        return end - HEADER;
    }

    Request u8(int value) {
        reserve(1);
        buffer[end++] = (byte) value;
        return this;
    }

    Request u16(int value) {
        reserve(2);
        I16.set(buffer, end, (short) value);
        end += 2;
        return this;
    }

    Request i32(int value) {
        reserve(4);
        I32.set(buffer, end, value);
        end += 4;
        return this;
    }

    Request i64(long value) {
        reserve(8);
        I64.set(buffer, end, value);
        end += 8;
        return this;
    }

    Request raw(byte[] bytes, int offset, int length) {
        reserve(length);
        System.arraycopy(bytes, offset, buffer, end, length);
        end += length;
        return this;
    }

    /** i32 length, then the bytes. */
    Request bytes(byte[] bytes) {
        return i32(bytes.length).raw(bytes, 0, bytes.length);
    }

    void writeTo(OutputStream stream) throws IOException {
        I32.set(buffer, 0, end - 4);
        for (int done = 0; done < end; done += PIPE_BYTES) {
            stream.write(buffer, done, Math.min(PIPE_BYTES, end - done));
        }
        stream.flush();
    }

    private void reserve(int more) {
        if (more > Integer.MAX_VALUE - 64 - end) {
            throw new ChainFailure("a request to a chain would be larger than 2 GiB");
        }
        if (buffer.length - end < more) {
            buffer = Arrays.copyOf(buffer, (int) Math.min(Integer.MAX_VALUE - 64, Math.max(2L * buffer.length, end + more)));
        }
    }
}

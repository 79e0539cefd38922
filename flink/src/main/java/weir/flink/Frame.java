package weir.flink;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The header of a frame, which is all that the bridge reads of a record. */
final class Frame {
    static final int VERSION = 1;
    static final int HEADER = 16;

    private static final VarHandle I16 = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle I32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private Frame() {}

    /** Number of the edge in the plan. */
    static int edge(byte[] frame) {
        check(frame);
        return (short) I16.get(frame, 2) & 0xffff;
    }

    /** Key group of all its records; -1 if it is not for a hash edge. */
    static int keyGroup(byte[] frame) {
        check(frame);
        return (int) I32.get(frame, 4);
    }

    /** Number of records. */
    static long count(byte[] frame) {
        check(frame);
        return (int) I32.get(frame, 8) & 0xffffffffL;
    }

    private static void check(byte[] frame) {
        if (frame.length < HEADER || (short) I16.get(frame, 0) != VERSION) {
            throw new ChainFailure("a record of " + frame.length + " bytes is not a frame of version " + VERSION);
        }
    }
}

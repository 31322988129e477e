package io.ringvault.log;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Little-endian integers in byte arrays, bounds-checked, at any alignment. Any thread. */
public final class Le {
    private static final VarHandle SHORTS = MethodHandles.byteArrayViewVarHandle(short[].class,
        ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Le() {
    }

    /** The byte at {@code offset}, 0..255. */
    public static int getByte(final byte[] array, final int offset) {
        return array[offset] & 0xFF;
    }

    /** Stores the low 8 bits. */
    public static void putByte(final byte[] array, final int offset, final int value) {
        array[offset] = (byte) value;
    }

    /** The 16-bit value at {@code offset}, 0..65535. */
    public static int getShort(final byte[] array, final int offset) {
        return (short) SHORTS.get(array, offset) & 0xFFFF;
    }

    /** Stores the low 16 bits. */
    public static void putShort(final byte[] array, final int offset, final int value) {
        SHORTS.set(array, offset, (short) value);
    }

    /** The 32 bits at {@code offset}; values from 2^31 come out negative. */
    public static int getInt(final byte[] array, final int offset) {
        return (int) INTS.get(array, offset);
    }

    public static void putInt(final byte[] array, final int offset, final int value) {
        INTS.set(array, offset, value);
    }

    /** The 64 bits at {@code offset}; values from 2^63 come out negative. */
    public static long getLong(final byte[] array, final int offset) {
        return (long) LONGS.get(array, offset);
    }

    public static void putLong(final byte[] array, final int offset, final long value) {
        LONGS.set(array, offset, value);
    }

    /** Whether {@code array[from..to)} is all zero, as reserved fields must be. */
    public static boolean isZero(final byte[] array, final int from, final int to) {
        int or = 0;
        for (int i = from; i < to; i++) {
            or |= array[i];
        }
        return or == 0;
    }
}

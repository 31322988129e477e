package io.ringvault.torture;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The self-describing content of one granule: granule number, version, run, and a filler that follows from the three,
 * so that
 * a misplaced, stale, mixed or damaged granule cannot pass for another. Version 0 is a granule of zeros.
 *
 * <pre>
 *  0  magic      u64
 *  8  granule    u64
 * 16  version    u64, the number of the operation that wrote it, from 1
 * 24  run        u64, differs between volumes and test runs
 * 32  filler     mixed from all of the above
 * </pre>
 */
public final class Stamp {
    /** Read back: neither zeros nor a value that this run wrote to this granule. */
    public static final long FOREIGN = -1;

    private static final long MAGIC = 0x5645_5249_4659_2101L;
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Stamp() {
    }

    /**
     * Fills {@code target[offset..offset + length)}; {@code length} is a multiple of 8, at least 40. Version 0 means
     * zeros.
     */
    public static void write(final byte[] target, final int offset, final int length, final long granule,
        final long version, final long run) {
        if (version == 0) {
            java.util.Arrays.fill(target, offset, offset + length, (byte) 0);
            return;
        }
        LONG.set(target, offset, MAGIC);
        LONG.set(target, offset + 8, granule);
        LONG.set(target, offset + 16, version);
        LONG.set(target, offset + 24, run);
        long filler = seed(granule, version, run);
        for (int at = 32; at < length; at += 8) {
            filler = next(filler);
            LONG.set(target, offset + at, filler);
        }
    }

    /** The version that the granule holds: 0 for zeros, {@link #FOREIGN} for anything that was never written there. */
    public static long read(final byte[] source, final int offset, final int length, final long granule,
        final long run) {
        final long magic = (long) LONG.get(source, offset);
        if (magic == 0) {
            return isZero(source, offset, length) ? 0 : FOREIGN;
        }
        final long version = (long) LONG.get(source, offset + 16);
        if (magic != MAGIC || (long) LONG.get(source, offset + 8) != granule
            || (long) LONG.get(source, offset + 24) != run
            || version <= 0) {
            return FOREIGN;
        }
        long filler = seed(granule, version, run);
        for (int at = 32; at < length; at += 8) {
            filler = next(filler);
            if ((long) LONG.get(source, offset + at) != filler) {
                return FOREIGN;
            }
        }
        return version;
    }

    /** What a granule claims to be, for messages. */
    public static String describe(final byte[] source, final int offset, final int length) {
        if (isZero(source, offset, length)) {
            return "zeros";
        }
        if ((long) LONG.get(source, offset) != MAGIC) {
            return String.format("no stamp, begins %016x", (long) LONG.get(source, offset));
        }
        return "granule " + (long) LONG.get(source, offset + 8) + " version " + (long) LONG.get(source, offset + 16)
            + " run " + (long) LONG.get(source, offset + 24);
    }

    private static boolean isZero(final byte[] source, final int offset, final int length) {
        for (int at = 0; at < length; at += 8) {
            if ((long) LONG.get(source, offset + at) != 0) {
                return false;
            }
        }
        return true;
    }

    private static long seed(final long granule, final long version, final long run) {
        return next(granule * 0x9E37_79B9_7F4A_7C15L ^ next(version ^ next(run)));
    }

    private static long next(final long value) {
        long mixed = value + 0x9E37_79B9_7F4A_7C15L;
        mixed = (mixed ^ mixed >>> 30) * 0xBF58_476D_1CE4_E5B9L;
        return mixed ^ mixed >>> 27;
    }
}

package io.ringvault.sys;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.BitSet;

/** Cores that the calling thread may use, and pinning of the calling thread. Platform threads only for pinning. */
public final class Cpus {
    private static final int SMALLEST_MASK_BYTES = 128;
    private static final int LARGEST_MASK_BYTES = 1 << 16;

    private Cpus() {
    }

    /** The numbers of the cores that the calling thread may run on, ascending. */
    public static int[] usable() throws IOException {
        NativeAccess.ensure();
        final MemorySegment capture = Libc.capture();
        for (int bytes = SMALLEST_MASK_BYTES; bytes <= LARGEST_MASK_BYTES; bytes *= 2) {
            try (Arena arena = Arena.ofConfined()) {
                final MemorySegment mask = arena.allocate(bytes, 8);
                if ((int) Libc.SCHED_GETAFFINITY.invokeExact(capture, 0, (long) bytes, mask) == 0) {
                    return BitSet.valueOf(mask.toArray(ValueLayout.JAVA_LONG)).stream().toArray();
                }
            } catch (final Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
            if (Libc.errno(capture) != Errno.EINVAL) {
                break;
            }
        }
        throw new NativeIoException("sched_getaffinity", "calling thread", Libc.errno(capture), "");
    }

    /** Gives the calling thread back the cores that it had before it was pinned. */
    @FunctionalInterface
    public interface Restore extends AutoCloseable {
        /** On the pinned thread only; cores that a container has lost meanwhile are left out. */
        @Override
        void close() throws IOException;
    }

    /**
     * Lets the calling thread run on these cores only until the result is closed, on the same thread.
     *
     * @throws NativeIoException EINVAL when one of them is not in the thread's cpuset: the kernel would silently take
     *                           the others
     */
    public static Restore pinned(final int... cores) throws IOException {
        final int[] before = usable();
        for (final int core : cores) {
            if (Arrays.binarySearch(before, core) < 0) {
                throw new NativeIoException("sched_setaffinity", "core " + core, Errno.EINVAL,
                    "usable are " + Arrays.toString(before));
            }
        }
        final Thread owner = Thread.currentThread();
        pin(cores);
        return () -> {
            if (Thread.currentThread() != owner) {
                throw new IllegalStateException("pinned by " + owner.getName() + ", restored by "
                    + Thread.currentThread().getName());
            }
            pin(before);
        };
    }

    /**
     * Lets the calling thread run on these cores only.
     *
     * @throws NativeIoException EINVAL when none of them is usable
     */
    public static void pin(final int... cores) throws IOException {
        NativeAccess.ensure();
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("a virtual thread cannot be pinned to a core");
        }
        final BitSet wanted = new BitSet();
        for (final int core : cores) {
            wanted.set(core);
        }
        final int bytes = Math.max(SMALLEST_MASK_BYTES, (wanted.length() + 63) / 64 * 8);
        final MemorySegment capture = Libc.capture();
        int result;
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment mask = arena.allocate(bytes, 8);
            MemorySegment.copy(wanted.toLongArray(), 0, mask, ValueLayout.JAVA_LONG, 0, (wanted.length() + 63) / 64);
            result = (int) Libc.SCHED_SETAFFINITY.invokeExact(capture, 0, (long) bytes, mask);
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (result != 0) {
            throw new NativeIoException("sched_setaffinity", "cores " + Arrays.toString(cores), Libc.errno(capture),
                "usable are " + Arrays.toString(usable()));
        }
    }
}

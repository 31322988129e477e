package io.ringvault.sys;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Random bytes straight from the kernel's generator ({@code getrandom}): never a generator in this process, whose
 * state a restored virtual-machine snapshot would repeat. Blocks only before the kernel's generator is seeded, early
 * at boot. Any thread.
 */
public final class SystemRandom {
    /** Up to this many bytes the kernel fills a request whole. */
    private static final int CHUNK_BYTES = 256;

    private SystemRandom() {
    }

    /** Fills the whole array. */
    public static void fill(final byte[] target) throws IOException {
        NativeAccess.ensure();
        final MemorySegment capture = Libc.capture();
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment scratch = arena.allocate(CHUNK_BYTES);
            try {
                int done = 0;
                while (done < target.length) {
                    final long wanted = Math.min(CHUNK_BYTES, target.length - done);
                    final long n = (long) Libc.GETRANDOM.invokeExact(capture, scratch, wanted, 0);
                    if (n < 0 && Libc.errno(capture) != Errno.EINTR) {
                        throw new NativeIoException("getrandom", "kernel", Libc.errno(capture), "");
                    }
                    if (n > 0) {
                        MemorySegment.copy(scratch, ValueLayout.JAVA_BYTE, 0, target, done, (int) n);
                        done += (int) n;
                    }
                }
            } finally {
                scratch.fill((byte) 0);
            }
        } catch (final IOException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }
}

package io.ringvault.nbd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A disk in an array whose operations take effect at submission and complete later, in random order, after random
 * back-pressure: what a server may meet, without a disk.
 */
final class FakeExport implements NbdExport {
    final byte[] bytes;
    final boolean readOnly;
    final AtomicInteger openClients = new AtomicInteger();
    final AtomicLong flushes = new AtomicLong();
    final AtomicLong fuaWrites = new AtomicLong();
    final AtomicInteger longestBatch = new AtomicInteger();
    /** Operations that touch this byte fail with {@link #error}; -1 for none. */
    volatile long badByte = -1;
    volatile int error = NbdError.EIO;
    volatile boolean closed;
    /** While set, there is no place for one more client. */
    volatile boolean full;
    /** While set, nothing completes. */
    volatile boolean held;
    private final long seed;

    FakeExport(final int size, final boolean readOnly, final long seed) {
        bytes = new byte[size];
        this.readOnly = readOnly;
        this.seed = seed;
    }

    @Override
    public long sizeBytes() {
        return bytes.length;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public String description() {
        return "an array";
    }

    @Override
    public Client openClient(final int depth) {
        if (full) {
            throw io.ringvault.block.StorageException.configuration("all places are taken");
        }
        return new FakeClient(depth, new Random(seed + openClients.incrementAndGet()));
    }

    private final class FakeClient implements Client {
        private final int depth;
        private final Random random;
        private final List<long[]> done = new ArrayList<>();
        private final Thread owner = Thread.currentThread();

        FakeClient(final int depth, final Random random) {
            this.depth = depth;
            this.random = random;
        }

        private int accept(final long token, final long offset, final long length, final Runnable effect) {
            if (Thread.currentThread() != owner) {
                throw new IllegalStateException("a client used by two threads");
            }
            if (closed) {
                return CLOSED;
            }
            if (done.size() >= depth) {
                throw new IllegalStateException("more operations than the depth agreed");
            }
            if (random.nextInt(4) == 0) {
                return BACK_PRESSURED;
            }
            if (offset < 0 || length < 0 || offset + length > bytes.length) {
                throw new IllegalStateException("the server let a range through: " + offset + " + " + length);
            }
            final boolean bad = badByte >= offset && badByte < offset + length;
            if (!bad) {
                synchronized (bytes) {
                    effect.run();
                }
            }
            done.add(new long[] {token, bad ? error : 0});
            longestBatch.accumulateAndGet(done.size(), Math::max);
            return ACCEPTED;
        }

        private void checkLength(final int length) {
            if (length < 1 || length > 1 << 20) {
                throw new IllegalStateException("operation of " + length + " bytes");
            }
        }

        @Override
        public int submitRead(final long token, final long offset, final MemorySegment target, final long targetOffset,
                final int length) {
            checkLength(length);
            return accept(token, offset, length,
                () -> MemorySegment.copy(bytes, (int) offset, target, ValueLayout.JAVA_BYTE, targetOffset, length));
        }

        @Override
        public int submitWrite(final long token, final long offset, final MemorySegment source, final long sourceOffset,
                final int length, final boolean fua) {
            checkLength(length);
            return accept(token, offset, length, () -> {
                MemorySegment.copy(source, ValueLayout.JAVA_BYTE, sourceOffset, bytes, (int) offset, length);
                if (fua) {
                    fuaWrites.incrementAndGet();
                }
            });
        }

        @Override
        public int submitFlush(final long token) {
            return accept(token, 0, 0, flushes::incrementAndGet);
        }

        @Override
        public int submitTrim(final long token, final long offset, final long length) {
            return accept(token, offset, length, () -> zero(offset, length));
        }

        @Override
        public int submitWriteZeroes(final long token, final long offset, final long length, final boolean fua) {
            return accept(token, offset, length, () -> zero(offset, length));
        }

        private void zero(final long offset, final long length) {
            java.util.Arrays.fill(bytes, (int) offset, (int) (offset + length), (byte) 0);
        }

        @Override
        public int poll(final Completion completion, final int limit) {
            if (held || done.isEmpty() || random.nextInt(3) == 0) {
                return 0;
            }
            int count = 0;
            while (count < limit && !done.isEmpty() && (count == 0 || random.nextBoolean())) {
                final long[] one = done.remove(random.nextInt(done.size()));
                completion.onCompletion(one[0], (int) one[1]);
                count++;
            }
            return count;
        }

        @Override
        public void close() {
            if (!done.isEmpty()) {
                throw new IllegalStateException("closed with " + done.size() + " operations in flight");
            }
            openClients.decrementAndGet();
        }
    }
}

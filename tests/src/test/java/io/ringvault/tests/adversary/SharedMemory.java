package io.ringvault.tests.adversary;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.tests.harness.WatchedCipher;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * The memory that a device shares with its host, in the hands of somebody else: it changes between the seal and the
 * submission, between the completion of a read and the copy out of it, and while that copy is opened; and whatever lies
 * there while a block is sealed is compared with the plaintext. Goes between the disk and a simulated device. One
 * thread.
 */
public final class SharedMemory implements BlockDevice {
    /** When the memory changes; LATE: not at all, but completions of reads are kept back for long. */
    public enum Moment { NEVER, BEFORE_WRITE, AFTER_READ, WHILE_OPENING, LATE }

    private static final int BLOCK = 4096;
    private static final int PROBE_AT = 8 * 9;
    private static final int LATE_POLLS = 1500;

    private final SimulatedDevice device;
    private final Random dice;
    private final Set<DmaBuffer> readInto = Collections.newSetFromMap(new IdentityHashMap<>());
    private Moment moment = Moment.NEVER;
    private int every = 1;
    private long changes;
    private String violation;

    /** In front of a device. */
    public SharedMemory(final SimulatedDevice device, final long seed) {
        this.device = device;
        this.dice = new Random(seed);
    }

    /** From now on one in so many chances is taken at that moment. */
    public void attack(final Moment when, final int oneIn) {
        moment = when;
        every = oneIn;
    }

    /** Changes made so far. */
    public long changes() {
        return changes;
    }

    /** Throws when plaintext lay in shared memory while it was sealed. */
    public void check() {
        if (violation != null) {
            throw new AssertionError(violation);
        }
    }

    private boolean now(final Moment when) {
        return moment == when && dice.nextInt(every) == 0;
    }

    private void flip(final DmaBuffer buffer, final long offset, final int length) {
        final long at = offset + dice.nextInt(length);
        final MemorySegment memory = buffer.segment();
        memory.set(ValueLayout.JAVA_BYTE, at, (byte) (memory.get(ValueLayout.JAVA_BYTE, at) ^ 1 << dice.nextInt(8)));
        changes++;
    }

    /** An AEAD that knows this memory; each disk on this device is to be opened with it. */
    public static final class Watch extends WatchedCipher {
        private SharedMemory memory;

        /** What is watched from now on; null for nothing. */
        public void over(final SharedMemory shared) {
            memory = shared;
        }

        @Override
        protected void sealing(final long generation, final int slot, final byte[] aad, final byte[] plain,
            final int plainLength) {
            if (memory != null && plainLength == BLOCK) {
                memory.compare(plain);
            }
        }

        @Override
        protected void opening(final byte[] in) {
            if (memory != null && memory.now(Moment.WHILE_OPENING)) {
                memory.changeReads(in);
            }
        }
    }

    private void compare(final byte[] plain) {
        final MemorySegment content = MemorySegment.ofArray(plain);
        final long probe = content.get(ValueLayout.JAVA_LONG_UNALIGNED, PROBE_AT);
        if (probe == 0) {
            return;
        }
        for (final DmaBuffer buffer : device.dmaBuffers()) {
            for (long at = 0; at < buffer.lengthBytes(); at += BLOCK) {
                if (buffer.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, at + PROBE_AT) == probe) {
                    violation = "plaintext lies in memory that the device can see while it is sealed, at byte " + at;
                }
            }
        }
    }

    /** Changes what lies in shared memory where the block that is opened now was read to. */
    private void changeReads(final byte[] in) {
        final long first = MemorySegment.ofArray(in).get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
        for (final DmaBuffer buffer : readInto) {
            for (long at = 0; at < buffer.lengthBytes(); at += BLOCK) {
                if (buffer.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, at) == first) {
                    buffer.segment().asSlice(at, BLOCK).fill((byte) dice.nextInt());
                    changes++;
                }
            }
        }
    }

    private record Landing(DmaBuffer buffer, long offset, int length) {
    }

    private record Late(long token, int status, long due) {
    }

    private final class Queue implements BlockQueue {
        private final BlockQueue queue;
        private final Map<Long, Landing> reads = new HashMap<>();
        private final List<Late> late = new ArrayList<>();
        private long polls;

        Queue(final BlockQueue queue) {
            this.queue = queue;
        }

        @Override
        public int depth() {
            return queue.depth();
        }

        @Override
        public int inFlight() {
            return queue.inFlight();
        }

        @Override
        public boolean read(final long token, final long offset, final int length, final DmaBuffer buffer,
            final long bufferOffset) {
            final boolean accepted = queue.read(token, offset, length, buffer, bufferOffset);
            if (accepted) {
                reads.put(token, new Landing(buffer, bufferOffset, length));
                readInto.add(buffer);
            }
            return accepted;
        }

        @Override
        public boolean write(final long token, final long offset, final int length, final DmaBuffer buffer,
            final long bufferOffset, final boolean fua) {
            if (queue.inFlight() < queue.depth() && now(Moment.BEFORE_WRITE)) {
                flip(buffer, bufferOffset, length);
            }
            return queue.write(token, offset, length, buffer, bufferOffset, fua);
        }

        @Override
        public boolean flush(final long token) {
            return queue.flush(token);
        }

        @Override
        public boolean deallocate(final long token, final long offset, final long length) {
            return queue.deallocate(token, offset, length);
        }

        @Override
        public boolean writeZeroes(final long token, final long offset, final long length) {
            return queue.writeZeroes(token, offset, length);
        }

        @Override
        public void submit() {
            queue.submit();
        }

        @Override
        public int poll(final BlockCompletionHandler handler, final int limit) {
            polls++;
            for (int i = late.size() - 1; i >= 0; i--) {
                if (late.get(i).due <= polls) {
                    final Late each = late.remove(i);
                    handler.onCompletion(each.token, each.status);
                }
            }
            return queue.poll((token, status) -> {
                final Landing landing = reads.remove(token);
                if (landing != null && now(Moment.LATE)) {
                    late.add(new Late(token, status, polls + LATE_POLLS));
                    return;
                }
                if (landing != null && now(Moment.AFTER_READ)) {
                    flip(landing.buffer, landing.offset, landing.length);
                }
                handler.onCompletion(token, status);
            }, limit);
        }

        @Override
        public long resets() {
            return queue.resets();
        }

        @Override
        public void acknowledgeReset() {
            queue.acknowledgeReset();
        }

        @Override
        public void close() {
            queue.close();
        }
    }

    @Override
    public BlockQueue openQueue(final int depth) {
        return new Queue(device.openQueue(depth));
    }

    @Override
    public DmaBuffer allocate(final long lengthBytes) {
        return device.allocate(lengthBytes);
    }

    @Override
    public String uri() {
        return device.uri();
    }

    @Override
    public long sizeBytes() {
        return device.sizeBytes();
    }

    @Override
    public int blockSizeBytes() {
        return device.blockSizeBytes();
    }

    @Override
    public int singleCommandBytes() {
        return device.singleCommandBytes();
    }

    @Override
    public int maxTransferBytes() {
        return device.maxTransferBytes();
    }

    @Override
    public boolean volatileCache() {
        return device.volatileCache();
    }

    @Override
    public boolean mayReset() {
        return device.mayReset();
    }

    @Override
    public String isolation() {
        return device.isolation();
    }

    @Override
    public void close() {
        device.close();
    }
}

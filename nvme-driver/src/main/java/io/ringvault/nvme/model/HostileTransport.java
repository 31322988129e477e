package io.ringvault.nvme.model;

import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.NvmeTransport;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A controller that mostly works and then lies: an honest one behind it, and between the two a seeded adversary that
 * sees every byte of DMA memory. It turns register reads, invents and changes completions (identifiers, phases, heads,
 * statuses, old ones again), changes data, lists and queues at any moment, and withholds work. It acts only when armed.
 * Its clock is virtual: waiting costs nothing.
 *
 * <p>For tests of whatever stands on the driver. Synchronised; driven by one thread, everything it does follows from
 * the seed.
 */
public final class HostileTransport implements NvmeTransport {
    /** What the adversary may do; the counts are for the report. */
    public enum Attack {
        /** A register reads as something else, once. */
        REGISTER,
        /** A completion entry gets a random field. */
        COMPLETION_FIELD,
        /** A completion is invented with the phase that the driver waits for. */
        COMPLETION_INVENTED,
        /** An old completion is written again over a new place. */
        COMPLETION_REPEATED,
        /** A status other than success, retryable or not. */
        STATUS,
        /** Bytes of any DMA memory change: rings, lists, Identify data, blocks. */
        MEMORY,
        /** The block that the newest command moves changes, just before or just after it is moved. */
        DATA,
        /** The newest command itself changes before it is carried out: another place, another opcode, other memory. */
        COMMAND,
        /** A page of DMA memory is overwritten by another one. */
        PAGE,
        /** The controller does nothing for a while, or ever. */
        SILENCE
    }

    private static final long TICK_NS = 200_000;
    private static final int PAGE = 4096;
    private static final int ADMIN_SUBMISSIONS = 0x28;
    private static final int ADMIN_COMPLETIONS = 0x30;
    private static final int CREATE_SUBMISSION_QUEUE = 1;
    private static final int CREATE_COMPLETION_QUEUE = 5;

    private final NvmeTransport honest;
    private final Random random;
    private final List<DmaBuffer> buffers = new ArrayList<>();
    private final List<Ring> rings = new ArrayList<>();
    private final long[] counts = new long[Attack.values().length];
    private final Runnable step = this::step;
    private MemorySegment adminSubmissions;
    private int strideBytes = 4;
    private int chance;
    private Attack only;
    private int silentSteps;
    private boolean mute;
    private long nowNs;
    private long waitedNs;
    private long allocatedBytes;
    private boolean closed;

    /** @param honest stepped by polls, not by threads of its own */
    public HostileTransport(final NvmeTransport honest, final long seed) {
        this.honest = honest;
        this.random = new Random(seed);
    }

    /**
     * Arms the adversary.
     *
     * @param oneIn attacks about once in so many opportunities; 0 = never
     * @param kind  the only kind of attack, or null for all
     */
    public void arm(final int oneIn, final Attack kind) {
        chance = oneIn;
        only = kind;
    }

    /** Attacks so far, of one kind. */
    public long count(final Attack attack) {
        return counts[attack.ordinal()];
    }

    /** All memory that the controller sees. */
    public List<DmaBuffer> buffers() {
        return buffers;
    }

    /** DMA memory handed out. */
    public long allocatedBytes() {
        return allocatedBytes;
    }

    /** Virtual time that the control plane has waited. */
    public long waitedNs() {
        return waitedNs;
    }

    private boolean strikes(final Attack attack) {
        if (chance == 0 || only != null && only != attack || random.nextInt(chance) != 0) {
            return false;
        }
        counts[attack.ordinal()]++;
        return true;
    }

    /** Every opportunity comes here. */
    private synchronized void step() {
        nowNs += TICK_NS;
        if (silentSteps > 0) {
            silentSteps--;
            return;
        }
        if (strikes(Attack.SILENCE)) {
            silentSteps = random.nextInt(4) == 0 ? Integer.MAX_VALUE : random.nextInt(2000);
            mute = random.nextInt(3) == 0;
            return;
        }
        if (!buffers.isEmpty()) {
            attackMemory();
            attackCommand();
            attackData();
        }
        honest.onPoll().run();
        if (!rings.isEmpty()) {
            attackData();
            attackCompletions();
        }
    }

    private void attackMemory() {
        if (strikes(Attack.MEMORY)) {
            final MemorySegment segment = buffer();
            for (int i = 1 + random.nextInt(8); i > 0; i--) {
                segment.set(ValueLayout.JAVA_BYTE, random.nextLong(segment.byteSize()), (byte) random.nextInt());
            }
        }
        if (strikes(Attack.PAGE)) {
            final MemorySegment target = buffer();
            final MemorySegment source = buffer();
            MemorySegment.copy(source, (long) PAGE * random.nextLong(source.byteSize() / PAGE), target,
                (long) PAGE * random.nextLong(target.byteSize() / PAGE), PAGE);
        }
    }

    /** The newest command of some I/O queue as the admin queue's memory tells; null when there is none. */
    private MemorySegment newestCommand() {
        for (int tries = 0; adminSubmissions != null && tries < 16; tries++) {
            final long at = 64L * random.nextInt(16);
            if ((adminSubmissions.get(Words.DWORD, at) & 0xFF) != CREATE_SUBMISSION_QUEUE) {
                continue;
            }
            final int size = adminSubmissions.get(Words.DWORD, at + 40);
            final long doorbell = 2L * (size & 0xFFFF) * strideBytes;
            final MemorySegment ring = memory(adminSubmissions.get(Words.QWORD, at + 24));
            if (ring != null && doorbell + 4 <= honest.doorbells().byteSize()) {
                final int entries = (int) Math.min((size >>> 16) + 1, ring.byteSize() / 64);
                final int tail = Words.load32(honest.doorbells(), doorbell);
                return ring.asSlice(64L * Math.floorMod(tail - 1, entries), 64);
            }
        }
        return null;
    }

    /** From an address to the end of its buffer, or null. */
    private MemorySegment memory(final long address) {
        for (final DmaBuffer buffer : buffers) {
            final long offset = address - buffer.deviceAddress(0);
            if (offset >= 0 && offset < buffer.lengthBytes()) {
                return buffer.segment().asSlice(offset);
            }
        }
        return null;
    }

    private void attackData() {
        final MemorySegment command = strikes(Attack.DATA) ? newestCommand() : null;
        final MemorySegment data = command == null ? null : memory(command.get(Words.QWORD, 24));
        if (data != null) {
            final long at = random.nextLong(Math.min(data.byteSize(), PAGE));
            data.set(ValueLayout.JAVA_BYTE, at, (byte) (data.get(ValueLayout.JAVA_BYTE, at) ^ 1 << random.nextInt(8)));
        }
    }

    private void attackCommand() {
        final MemorySegment command = strikes(Attack.COMMAND) ? newestCommand() : null;
        if (command == null) {
            return;
        }
        switch (random.nextInt(4)) {
            case 0 -> command.set(Words.QWORD, 40, command.get(Words.QWORD, 40) ^ 1L << random.nextInt(12));
            case 1 -> command.set(Words.DWORD, 0, command.get(Words.DWORD, 0) ^ 1 << random.nextInt(4));
            case 2 -> command.set(Words.QWORD, 24, command.get(Words.QWORD, 24) ^ (long) PAGE << random.nextInt(4));
            default -> command.set(Words.DWORD, 48, command.get(Words.DWORD, 48) ^ 1 << random.nextInt(32));
        }
    }

    private void attackCompletions() {
        if (strikes(Attack.COMPLETION_FIELD)) {
            final Ring ring = ring();
            ring.set(ring.somewhere(), random.nextInt(4), random.nextInt());
        }
        if (strikes(Attack.COMPLETION_INVENTED)) {
            final Ring ring = ring();
            final int slot = ring.somewhere();
            final int phase = ~ring.get(slot, 3) & 1 << 16;
            ring.set(slot, 2, ring.queue << 16 | random.nextInt(4));
            ring.set(slot, 3, (random.nextInt(3) == 0 ? random.nextInt(1 << 15) << 17 : 0) | phase
                | random.nextInt(random.nextInt(8) == 0 ? 1 << 16 : 20));
        }
        if (strikes(Attack.COMPLETION_REPEATED)) {
            final Ring ring = ring();
            final int from = ring.somewhere();
            final int to = ring.somewhere();
            final int phase = random.nextBoolean() ? 0 : 1 << 16;
            for (int word = 0; word < 4; word++) {
                ring.set(to, word, ring.get(from, word) ^ (word == 3 ? phase : 0));
            }
        }
        if (strikes(Attack.STATUS)) {
            final Ring ring = ring();
            final int slot = ring.somewhere();
            ring.set(slot, 3, ring.get(slot, 3) & 0x1_FFFF | random.nextInt(1 << 15) << 17);
        }
    }

    /** A completion queue that the host has made. */
    private final class Ring {
        private final int queue;
        private final MemorySegment entries;

        Ring(final int queue, final MemorySegment entries) {
            this.queue = queue;
            this.entries = entries;
        }

        /** Mostly near the place where the host looks next, which its doorbell tells. */
        int somewhere() {
            final int count = (int) (entries.byteSize() / 16);
            final long doorbell = (2L * queue + 1) * strideBytes;
            final int head = doorbell + 4 <= honest.doorbells().byteSize()
                ? Words.load32(honest.doorbells(), doorbell) : 0;
            return random.nextInt(4) == 0 ? random.nextInt(count)
                : Math.floorMod(head + random.nextInt(4) - random.nextInt(2), count);
        }

        int get(final int slot, final int word) {
            return entries.get(Words.DWORD, 16L * slot + 4L * word);
        }

        void set(final int slot, final int word, final int value) {
            entries.set(Words.DWORD, 16L * slot + 4L * word, value);
        }
    }

    /** One of the completion queues; new ones are found in the admin queue's memory. */
    private Ring ring() {
        for (long at = 0; adminSubmissions != null && at + 64 <= adminSubmissions.byteSize(); at += 64) {
            if ((adminSubmissions.get(Words.DWORD, at) & 0xFF) == CREATE_COMPLETION_QUEUE) {
                final int size = adminSubmissions.get(Words.DWORD, at + 40);
                addRing(size & 0xFFFF, adminSubmissions.get(Words.QWORD, at + 24), (size >>> 16) + 1);
            }
        }
        return rings.get(random.nextInt(rings.size()));
    }

    private void addRing(final int queue, final long address, final int entries) {
        for (final DmaBuffer buffer : buffers) {
            if (buffer.deviceAddress(0) == address && rings.stream().noneMatch(ring -> ring.queue == queue
                && ring.entries.address() == buffer.segment().address())) {
                rings.removeIf(ring -> ring.queue == queue);
                rings.add(new Ring(queue, buffer.segment().asSlice(0,
                    Math.min(16L * entries, buffer.lengthBytes()))));
            }
        }
    }

    private MemorySegment buffer() {
        return buffers.get(random.nextInt(buffers.size())).segment();
    }

    @Override
    public synchronized int read32(final int offset) {
        nowNs += TICK_NS;
        final int value = silentSteps > 0 && mute ? 0 : honest.read32(offset);
        if (strikes(Attack.REGISTER)) {
            return switch (random.nextInt(4)) {
                case 0 -> -1;
                case 1 -> 0;
                case 2 -> random.nextInt();
                default -> value ^ 1 << random.nextInt(32);
            };
        }
        return value;
    }

    @Override
    public synchronized long read64(final int offset) {
        final long value = honest.read64(offset);
        if (offset == 0) {
            strideBytes = 4 << (int) (value >>> 32 & 0xF);
        }
        if (strikes(Attack.REGISTER)) {
            return switch (random.nextInt(4)) {
                case 0 -> -1;
                case 1 -> random.nextLong();
                default -> value ^ 1L << random.nextInt(64);
            };
        }
        return value;
    }

    @Override
    public synchronized void write32(final int offset, final int value) {
        honest.write32(offset, value);
    }

    @Override
    public synchronized void write64(final int offset, final long value) {
        honest.write64(offset, value);
        if (offset == ADMIN_SUBMISSIONS) {
            for (final DmaBuffer buffer : buffers) {
                adminSubmissions = buffer.deviceAddress(0) == value ? buffer.segment() : adminSubmissions;
            }
        } else if (offset == ADMIN_COMPLETIONS) {
            rings.clear();
            addRing(0, value, 16);
        }
    }

    @Override
    public MemorySegment doorbells() {
        return honest.doorbells();
    }

    @Override
    public synchronized DmaBuffer allocate(final long lengthBytes) {
        final DmaBuffer buffer = honest.allocate(lengthBytes);
        buffers.add(buffer);
        allocatedBytes += lengthBytes;
        return buffer;
    }

    @Override
    public boolean inline() {
        return true;
    }

    @Override
    public Runnable onPoll() {
        return step;
    }

    @Override
    public long nanoTime() {
        return nowNs;
    }

    @Override
    public synchronized void pause(final long durationNs) {
        nowNs += durationNs;
        waitedNs += durationNs;
        step();
    }

    @Override
    public String isolation() {
        return "none";
    }

    /** Whether the driver let go. */
    public boolean isClosed() {
        return closed;
    }

    @Override
    public void close() {
        closed = true;
        honest.close();
    }
}

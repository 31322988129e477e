package io.ringvault.benchmarks;

import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.NvmeTransport;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * A controller that is a script: it answers the admin commands of a bring-up and, when told, completes whatever I/O
 * commands were rung for, moving no data. What remains when a driver is measured against it is the driver.
 *
 * <p>Owned by the benchmark's thread. {@link #answer()} costs a few nanoseconds for each command: it loads the command
 * identifier and stores the completion. Measure it alone by {@link #answerAgain}.
 */
final class ScriptedController implements NvmeTransport {
    private static final int REGISTERS = 0x1000;
    private static final int DOORBELL_BYTES = 0x1000;
    private static final int CC = 0x14;
    private static final int CSTS = 0x1C;
    private static final int AQA = 0x24;
    private static final int ASQ = 0x28;
    private static final int ACQ = 0x30;
    private static final int ENTRIES = 1024;
    private static final int BLOCK_SHIFT = 12;
    private static final int INVALID_OPCODE = 1;
    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

    /** One queue pair as the controller sees it. */
    private static final class Pair {
        private final MemorySegment submissions;
        private final MemorySegment completions;
        private final int id;
        private final int entries;
        private int head;
        private int tail;
        private int phase = 1;

        Pair(final int id, final MemorySegment submissions, final MemorySegment completions, final int entries) {
            this.id = id;
            this.submissions = submissions;
            this.completions = completions;
            this.entries = entries;
        }

        void complete(final int commandId, final int status, final int result) {
            final long at = 16L * tail;
            completions.set(ValueLayout.JAVA_LONG, at, result & 0xFFFF_FFFFL);
            completions.set(ValueLayout.JAVA_INT, at + 8, id << 16 | head);
            INT.setRelease(completions, at + 12, status << 17 | phase << 16 | commandId);
            tail++;
            if (tail == entries) {
                tail = 0;
                phase ^= 1;
            }
        }
    }

    private final Arena arena = Arena.ofShared();
    private final MemorySegment bar = arena.allocate(REGISTERS + DOORBELL_BYTES, 4096);
    private final MemorySegment doorbells = bar.asSlice(REGISTERS);
    private final List<MemorySegment> memory = new ArrayList<>();
    private final long blocks;
    private MemorySegment pendingCompletions;
    private Pair admin;
    private Pair io;

    /** @param sizeBytes of the only namespace, whose blocks have 4096 bytes */
    ScriptedController(final long sizeBytes) {
        this.blocks = sizeBytes >>> BLOCK_SHIFT;
        bar.set(ValueLayout.JAVA_LONG, 0, ENTRIES - 1 | 1L << 16 | 20L << 24 | 1L << 37);
        bar.set(ValueLayout.JAVA_INT, 8, 0x0001_0400);
    }

    /** Completes every I/O command that was rung for; returns how many there were. */
    int answer() {
        final Pair pair = io;
        final int target = (int) INT.getAcquire(doorbells, 8L);
        int done = 0;
        while (pair.head != target) {
            final int commandId = pair.submissions.get(ValueLayout.JAVA_INT, 64L * pair.head) >>> 16;
            pair.head = pair.head + 1 == pair.entries ? 0 : pair.head + 1;
            pair.complete(commandId, 0, 0);
            done++;
        }
        return done;
    }

    /**
     * The work of {@link #answer()} alone, on rings of its own: what to subtract.
     *
     * @return so that nothing is dead code
     */
    int answerAgain(final int count) {
        if (script == null) {
            script = new Pair(1, arena.allocate(64L * ENTRIES, 4096), arena.allocate(16L * ENTRIES, 4096), ENTRIES);
        }
        for (int i = 0; i < count; i++) {
            final int commandId = script.submissions.get(ValueLayout.JAVA_INT, 64L * script.head) >>> 16;
            script.head = script.head + 1 == script.entries ? 0 : script.head + 1;
            script.complete(commandId, 0, 0);
        }
        return script.tail;
    }

    private Pair script;

    private void serveAdmin() {
        final int target = (int) INT.getAcquire(doorbells, 0L);
        while (admin != null && admin.head != target) {
            final MemorySegment command = admin.submissions.asSlice(64L * admin.head, 64);
            final int first = command.get(ValueLayout.JAVA_INT, 0);
            final long prp1 = command.get(ValueLayout.JAVA_LONG, 24);
            final int cdw10 = command.get(ValueLayout.JAVA_INT, 40);
            admin.head = admin.head + 1 == admin.entries ? 0 : admin.head + 1;
            final int opcode = first & 0xFF;
            int status = 0;
            int result = 0;
            switch (opcode) {
                case 0x00, 0x04 -> { } // delete a queue
                case 0x01 -> io = new Pair(cdw10 & 0xFFFF, at(prp1), pendingCompletions, (cdw10 >>> 16) + 1);
                case 0x05 -> pendingCompletions = at(prp1);
                case 0x06 -> identify(cdw10 & 0xFF, at(prp1));
                case 0x09 -> result = 0;
                case 0x0C -> status = -1;
                default -> status = INVALID_OPCODE | 0x4000;
            }
            if (status >= 0) {
                admin.complete(first >>> 16, status, result);
            }
        }
    }

    private void identify(final int cns, final MemorySegment page) {
        if (cns == 1) {
            page.set(ValueLayout.JAVA_BYTE, 512, (byte) 0x66);
            page.set(ValueLayout.JAVA_BYTE, 513, (byte) 0x44);
            page.set(ValueLayout.JAVA_INT, 516, 1);
        } else if (cns == 2) {
            page.set(ValueLayout.JAVA_INT, 0, 1);
        } else if (cns == 0) {
            page.set(ValueLayout.JAVA_LONG, 0, blocks);
            page.set(ValueLayout.JAVA_LONG, 8, blocks);
            page.set(ValueLayout.JAVA_BYTE, 130, (byte) BLOCK_SHIFT);
        }
    }

    /** Device addresses are process addresses here. */
    private MemorySegment at(final long address) {
        for (final MemorySegment each : memory) {
            if (address >= each.address() && address < each.address() + each.byteSize()) {
                return each.asSlice(address - each.address());
            }
        }
        throw new IllegalStateException("0x" + Long.toHexString(address) + " was never allocated");
    }

    @Override
    public int read32(final int offset) {
        return bar.get(ValueLayout.JAVA_INT, offset);
    }

    @Override
    public long read64(final int offset) {
        return bar.get(ValueLayout.JAVA_LONG, offset);
    }

    @Override
    public void write32(final int offset, final int value) {
        bar.set(ValueLayout.JAVA_INT, offset, value);
        if (offset == CC) {
            final boolean enabled = (value & 1) != 0;
            doorbells.fill((byte) 0);
            io = null;
            final int attributes = bar.get(ValueLayout.JAVA_INT, AQA);
            admin = enabled ? new Pair(0, at(bar.get(ValueLayout.JAVA_LONG, ASQ)),
                at(bar.get(ValueLayout.JAVA_LONG, ACQ)), (attributes & 0xFFF) + 1) : null;
            bar.set(ValueLayout.JAVA_INT, CSTS, enabled ? (value >>> 14 & 3) != 0 ? 0x9 : 1 : 0);
        }
    }

    @Override
    public void write64(final int offset, final long value) {
        bar.set(ValueLayout.JAVA_LONG, offset, value);
    }

    @Override
    public MemorySegment doorbells() {
        return doorbells;
    }

    @Override
    public DmaBuffer allocate(final long lengthBytes) {
        final MemorySegment segment = arena.allocate(lengthBytes, 4096);
        memory.add(segment);
        return DmaBuffer.contiguous(segment, segment.address());
    }

    @Override
    public Runnable onPoll() {
        return this::serveAdmin;
    }

    @Override
    public boolean inline() {
        return false;
    }

    @Override
    public String isolation() {
        return "in-process";
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}

package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.ring.OpCode;
import org.junit.jupiter.api.Test;

class PendingOpsTest {
    private final PendingOps pending = new PendingOps();
    private final OpRig one = new OpRig();
    private final OpRig two = new OpRig();

    private static Op op(final OpRig client, final int opcode, final long firstLba, final int blocks) {
        return client.op(opcode, firstLba * 4096, blocks * 4096L,
            java.lang.foreign.MemorySegment.ofArray(new byte[blocks * 4096]), 0);
    }

    @Test
    void shouldHoldBackOnlyWhatOverlapsUnlessOneClientWritesTwice() {
        pending.append(op(one, OpCode.WRITE, 4, 4), Op.READING_EDGES);
        assertTrue(pending.conflicts(op(two, OpCode.WRITE, 7, 1)));
        assertTrue(pending.conflicts(op(two, OpCode.READ, 0, 5)));
        assertFalse(pending.conflicts(op(two, OpCode.READ, 8, 5)));
        assertFalse(pending.conflicts(op(two, OpCode.WRITE, 8, 5)), "another client's");
        assertTrue(pending.conflicts(op(one, OpCode.WRITE, 8, 5)), "one client's writes keep their order");
        assertFalse(pending.conflicts(op(one, OpCode.READ, 8, 5)));
    }

    @Test
    void shouldLetReadsPassReads() {
        pending.append(op(one, OpCode.READ, 4, 4), Op.BLOCKED);
        assertFalse(pending.conflicts(op(two, OpCode.READ, 4, 4)));
        assertTrue(pending.conflicts(op(two, OpCode.WRITE, 4, 4)));
    }

    @Test
    void shouldLookOnlyAtEarlierOnesAndKeepItsLinks() {
        final Op[] ops = {op(one, OpCode.WRITE, 1, 1), op(two, OpCode.WRITE, 1, 1), op(one, OpCode.READ, 1, 1)};
        for (final Op each : ops) {
            pending.append(each, Op.BLOCKED);
        }
        assertFalse(pending.conflictsBefore(ops[0], ops[0]));
        assertTrue(pending.conflictsBefore(ops[1], ops[1]));
        pending.remove(ops[1]);
        assertEquals(Op.NOT_PENDING, ops[1].pendingState);
        assertTrue(pending.conflictsBefore(ops[2], ops[2]));
        pending.remove(ops[0]);
        assertEquals(ops[2], pending.first());
        assertFalse(pending.conflictsBefore(ops[2], ops[2]));
        pending.remove(ops[2]);
        assertTrue(pending.isEmpty());
        assertNull(pending.first());
        pending.append(ops[0], Op.BLOCKED);
        assertEquals(ops[0], pending.first());
    }
}

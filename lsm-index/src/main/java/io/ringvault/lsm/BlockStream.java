package io.ringvault.lsm;

import io.ringvault.log.Geometry;
import io.ringvault.log.ObjectKind;
import io.ringvault.log.ObjectReader;

import java.util.List;

/**
 * The record blocks or the range blocks of some tables, in order, read ahead by one block. A block that cannot be read
 * or does not decode is delivered as FAILED with its span. Owned by one input of a merge.
 */
final class BlockStream {
    static final int PENDING = ObjectReader.PENDING;
    static final int READY = ObjectReader.READY;
    static final int FAILED = ObjectReader.FAILED;
    static final int END = 3;
    private static final int DEPTH = 2;
    private static final int EMPTY = -1;
    private static final int WAITING = 4;

    private final List<Table> tables;
    private final boolean ranges;
    private final byte[][] blocks = new byte[DEPTH][Geometry.SEALED_BYTES];
    private final int[] states = {EMPTY, EMPTY};
    private final int[] tickets = new int[DEPTH];
    private final Table[] owners = new Table[DEPTH];
    private final int[] ordinals = new int[DEPTH];
    private int head;
    private int nextTable;
    private int nextBlock;

    BlockStream(final List<Table> tables, final boolean ranges) {
        this.tables = tables;
        this.ranges = ranges;
    }

    /** Starts and ends reads; the state of the head block afterwards: PENDING, READY, FAILED or END. */
    int poll(final ObjectReader reader) {
        for (int i = 0; i < DEPTH; i++) {
            final int at = (head + i) % DEPTH;
            if (states[at] == EMPTY) {
                claim(at);
            }
            if (states[at] == WAITING) {
                start(at, reader);
            }
            if (states[at] == PENDING) {
                states[at] = verified(at, reader.state(tickets[at]));
            }
        }
        return states[head] == WAITING ? PENDING : states[head] == EMPTY ? END : states[head];
    }

    byte[] block() {
        return blocks[head];
    }

    /** First LBA of the head block's span. */
    long spanFirst() {
        return owners[head].fence(ordinals[head]);
    }

    /** Last LBA of the head block's span. */
    long spanLast() {
        return owners[head].spanEnd(ordinals[head]);
    }

    /** The head block is used up. */
    void consume() {
        states[head] = EMPTY;
        head = (head + 1) % DEPTH;
    }

    boolean drain(final ObjectReader reader) {
        boolean drained = true;
        for (int i = 0; i < DEPTH; i++) {
            if (states[i] == PENDING) {
                states[i] = reader.state(tickets[i]);
                drained &= states[i] != PENDING;
            }
        }
        return drained;
    }

    private void claim(final int at) {
        while (nextTable < tables.size()) {
            final Table table = tables.get(nextTable);
            if (nextBlock < (ranges ? table.rangeBlocks() : table.recordBlocks())) {
                owners[at] = table;
                ordinals[at] = (ranges ? table.recordBlocks() : 0) + nextBlock++;
                states[at] = WAITING;
                return;
            }
            nextTable++;
            nextBlock = 0;
        }
    }

    private void start(final int at, final ObjectReader reader) {
        final Table table = owners[at];
        final int kind = ranges ? ObjectKind.TABLE_RANGES : ObjectKind.TABLE_RECORDS;
        final int ordinal = ordinals[at];
        final int ticket = reader.start(kind, table.id(), ordinal, table.generationOf(ordinal), table.slotOf(ordinal),
            blocks[at]);
        if (ticket >= 0) {
            tickets[at] = ticket;
            states[at] = PENDING;
        }
    }

    private int verified(final int at, final int state) {
        if (state != READY) {
            return state;
        }
        final long first = owners[at].fence(ordinals[at]);
        final long last = owners[at].spanEnd(ordinals[at]);
        final String error = ranges ? RangeBlockCodec.check(blocks[at], first, last)
            : RecordBlockCodec.check(blocks[at], first, last);
        return error == null ? READY : FAILED;
    }
}

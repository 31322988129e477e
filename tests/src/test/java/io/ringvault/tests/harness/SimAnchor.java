package io.ringvault.tests.harness;

import io.ringvault.block.StorageException;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.MemoryAnchor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A memory anchor that can be copied together with the image of a crash, deleted, and asked to tell before and after
 * each advance; and that fails in every way in which an anchor may. One thread.
 */
public final class SimAnchor implements Anchor {
    /** What happens to a call. */
    public enum Fault {
        /** It is answered. */
        NONE,
        /** Reads and advances fail, and do nothing. */
        SILENT,
        /** An advance is done, and its answer lost. */
        ANSWER_LOST,
        /** An advance is not answered, and arrives later, if nothing else was advanced to meanwhile. */
        LATE
    }

    private record Swap(AnchorValue expected, AnchorValue next) {
    }

    private final MemoryAnchor memory;
    private final List<Swap> late = new ArrayList<>();
    private Fault fault = Fault.NONE;
    private int faultyCalls;
    private int callsUntilLate;
    private long faults;
    private Runnable hook = () -> { };
    private boolean deleted;

    /** A new anchor of its own. */
    public SimAnchor(final int number) {
        this(idOf(number));
    }

    private SimAnchor(final byte[] id) {
        memory = new MemoryAnchor(id);
    }

    private static byte[] idOf(final int number) {
        final byte[] id = new byte[32];
        Arrays.fill(id, (byte) number);
        id[0] = 7;
        return id;
    }

    /** The same anchor at this moment. */
    public SimAnchor copy() {
        final SimAnchor copy = new SimAnchor(memory.id());
        copy.memory.force(memory.read());
        copy.deleted = deleted;
        copy.late.addAll(late);
        return copy;
    }

    /** Runs before and after each advance. */
    public void hook(final Runnable each) {
        hook = each;
    }

    /** Makes every call fail with IO until it is called with false. */
    public void unreachable(final boolean now) {
        memory.unreachable(now);
    }

    /** The next so many calls meet this fault. */
    public void fail(final Fault next, final int calls) {
        fault = next;
        faultyCalls = calls;
    }

    /** Calls that met a fault so far. */
    public long faults() {
        return faults;
    }

    /** What is still on its way arrives now. */
    public void landLate() {
        late.forEach(swap -> memory.advance(swap.expected, swap.next));
        late.clear();
    }

    /** What is still on its way arrives before the n-th call from now. */
    public void landLateAt(final int call) {
        callsUntilLate = call;
    }

    private Fault met() {
        if (callsUntilLate > 0 && --callsUntilLate == 0) {
            landLate();
        }
        if (faultyCalls == 0) {
            return Fault.NONE;
        }
        faultyCalls--;
        faults++;
        return fault;
    }

    /** Removes the anchor, as deleting its file does. */
    public void delete() {
        deleted = true;
    }

    @Override
    public int kind() {
        return memory.kind();
    }

    @Override
    public byte[] id() {
        return memory.id();
    }

    @Override
    public String spec() {
        return memory.spec();
    }

    @Override
    public AnchorValue read() {
        checkPresent();
        if (met() == Fault.SILENT) {
            throw silence();
        }
        return memory.read();
    }

    @Override
    public boolean advance(final AnchorValue expected, final AnchorValue next) {
        checkPresent();
        hook.run();
        final Fault met = met();
        if (met == Fault.LATE) {
            late.add(new Swap(expected, next));
        }
        if (met == Fault.LATE || met == Fault.SILENT) {
            throw silence();
        }
        final boolean advanced = memory.advance(expected, next);
        if (advanced) {
            hook.run();
        }
        if (met == Fault.ANSWER_LOST) {
            throw silence();
        }
        return advanced;
    }

    private static StorageException silence() {
        return StorageException.io("the simulated anchor does not answer");
    }

    private void checkPresent() {
        if (deleted) {
            throw StorageException.freshness("the simulated anchor was deleted");
        }
    }

    @Override
    public void close() {
        // The value stays for the next opener.
    }
}

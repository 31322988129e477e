package io.ringvault.tests.sim;

import io.ringvault.disk.DiskClient;
import io.ringvault.ring.OpStatus;
import io.ringvault.tests.harness.Script;
import io.ringvault.torture.ClientHistories;
import io.ringvault.torture.History;
import io.ringvault.torture.Stamp;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * A client with an area of its own, which begins and ends inside blocks that its neighbours use too, and with several
 * requests in flight. It holds the disk to what {@link DiskClient} says of each status. One thread.
 */
final class SimClient {
    private static final int GRANULE = Script.GRANULE_BYTES;
    private static final int BLOCK = Script.BLOCK_GRANULES;
    private static final int DEPTH = 8;

    private final int number;
    private final int base;
    private final ClientHistories histories;
    private final DiskClient client;
    private final long run;
    private final Map<Long, Pending> pending = new HashMap<>();
    private long nextToken;
    private long operations;
    private long refusals;
    private long unanchored;
    private int[] takenOver;
    /** A request ended with a status that does not say whether it has taken effect. */
    private boolean uncertain;

    /**
     * @param kind w, z (zeroes and trims), r or s
     * @param op   of a change
     * @param from of a read
     * @param seen of a read: the changes submitted before it
     * @param covered of a sync
     */
    private record Pending(char kind, int op, boolean fua, int[] covered, int from, int seen, byte[] buffer) {
    }

    SimClient(final int number, final int base, final ClientHistories histories, final long run,
        final DiskClient client) {
        this.number = number;
        this.base = base;
        this.histories = histories;
        this.run = ClientHistories.runOf(run, number);
        this.client = client;
    }

    long operations() {
        return operations;
    }

    /** Changes that were refused. */
    long refusals() {
        return refusals;
    }

    /** Syncs and FUA writes that are durable and that the anchor does not protect. */
    long unanchored() {
        return unanchored;
    }

    int inFlight() {
        return client.inFlight();
    }

    /**
     * Another process took the volume over, with so many operations of each client in it: what is not among them may
     * not be acknowledged as durable any more.
     */
    void takenOver(final int[] state) {
        takenOver = state;
    }

    void submit(final SimStep step) {
        if (client.inFlight() >= DEPTH) {
            return;
        }
        switch (step.type()) {
            case 'w' -> write(step.intAt(1), step.intAt(2), step.at(3) != 0);
            case 'z' -> zero(step.intAt(1), step.intAt(2), step.at(3) != 0);
            case 't' -> trim(step.intAt(1), step.intAt(2));
            case 'r' -> read(step.intAt(1), step.intAt(2));
            default -> sent(new Pending('s', -1, false, histories.syncBegin(), 0, 0, null),
                client.submitSync(nextToken));
        }
    }

    private void write(final int from, final int count, final boolean fua) {
        final byte[] bytes = new byte[count * GRANULE];
        final long version = histories.nextVersion(number);
        for (int i = 0; i < count; i++) {
            Stamp.write(bytes, i * GRANULE, GRANULE, from + i, version, run);
        }
        final int op = histories.begin(number, History.Kind.WRITE, from, count);
        sent(new Pending('w', op, fua, null, 0, 0, bytes), client.submitWrite(nextToken, offset(from),
            MemorySegment.ofArray(bytes), 0, bytes.length, fua));
    }

    private void zero(final int from, final int count, final boolean fua) {
        final int op = histories.begin(number, History.Kind.ZERO, from, count);
        sent(new Pending('z', op, fua, null, 0, 0, null),
            client.submitWriteZeroes(nextToken, offset(from), (long) count * GRANULE, fua));
    }

    /** Whole blocks of the range only. */
    private void trim(final int first, final int granules) {
        final int from = (base + first + BLOCK - 1) / BLOCK * BLOCK - base;
        final int count = (base + first + granules) / BLOCK * BLOCK - base - from;
        if (count > 0) {
            final int op = histories.begin(number, History.Kind.ZERO, from, count);
            sent(new Pending('z', op, false, null, 0, 0, null),
                client.submitTrim(nextToken, offset(from), (long) count * GRANULE));
        }
    }

    private void read(final int from, final int count) {
        final byte[] bytes = new byte[count * GRANULE];
        sent(new Pending('r', -1, false, null, from, histories.submitted(number), bytes),
            client.submitRead(nextToken, offset(from), MemorySegment.ofArray(bytes), 0, bytes.length));
    }

    private void sent(final Pending request, final int result) {
        if (result != DiskClient.ACCEPTED) {
            throw new AssertionError("client " + number + ": " + request + " is answered " + result);
        }
        pending.put(nextToken++, request);
        operations++;
    }

    private long offset(final int granule) {
        return (base + (long) granule) * GRANULE;
    }

    int poll(final int limit) {
        return client.poll(this::completed, limit);
    }

    private void completed(final long token, final int status) {
        final Pending done = pending.remove(token);
        if (status == OpStatus.OK || status == OpStatus.ANCHOR_FAILED) {
            took(done, status == OpStatus.ANCHOR_FAILED);
        } else if (done.op >= 0 && leavesNothing(done, status)) {
            refusals++;
            histories.refused(number, done.op);
        } else if (done.op >= 0) {
            uncertain = true;
        } else if (status != OpStatus.POISONED) {
            throw new AssertionError("client " + number + ": '" + done.kind + "' ends with "
                + OpStatus.describe(status));
        }
    }

    private static boolean leavesNothing(final Pending done, final int status) {
        return status == OpStatus.OUT_OF_SPACE || status == OpStatus.EPOCH_TOO_LARGE
            || status == OpStatus.ANCHOR_STALLED || status == OpStatus.POISONED && !done.fua;
    }

    private void took(final Pending done, final boolean withoutAnchor) {
        if (withoutAnchor) {
            unanchored++;
            if (done.covered == null && !done.fua) {
                throw new AssertionError("client " + number + ": '" + done.kind + "' was to wait for no anchor");
            }
        }
        if (takenOver != null && tooLate(done) && !withoutAnchor) {
            throw new AssertionError("client " + number + ": '" + done.kind + "' was acknowledged as durable after"
                + " another process had taken the volume over");
        }
        switch (done.kind) {
            case 's' -> histories.syncAcknowledged(done.covered);
            case 'r' -> check(done);
            default -> histories.end(number, done.op, done.fua);
        }
    }

    private boolean tooLate(final Pending done) {
        boolean late = done.fua && done.op >= takenOver[number];
        for (int i = 0; done.covered != null && i < takenOver.length; i++) {
            late |= done.covered[i] > takenOver[i];
        }
        return late;
    }

    /** What was submitted before the read and overlaps it has ended before: it is known now what was refused of it. */
    private void check(final Pending read) {
        if (uncertain) {
            return;
        }
        final long[] wanted = histories.state(number, read.seen);
        for (int i = 0; i * GRANULE < read.buffer.length; i++) {
            final long found = Stamp.read(read.buffer, i * GRANULE, GRANULE, read.from + i, run);
            if (found != wanted[read.from + i]) {
                throw new AssertionError("client " + number + " reads version " + found + " at granule "
                    + (read.from + i) + " instead of " + wanted[read.from + i] + ": "
                    + Stamp.describe(read.buffer, i * GRANULE, GRANULE));
            }
        }
    }
}

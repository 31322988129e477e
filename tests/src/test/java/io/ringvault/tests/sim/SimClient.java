package io.ringvault.tests.sim;

import io.ringvault.disk.DiskClient;
import io.ringvault.ring.OpStatus;
import io.ringvault.tests.harness.Script;
import io.ringvault.torture.ClientHistories;
import io.ringvault.torture.History;
import io.ringvault.torture.Stamp;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/**
 * A client with an area of its own, which begins and ends inside blocks that its neighbours use too, and with several
 * requests in flight. One thread.
 */
final class SimClient {
    private static final int GRANULE = Script.GRANULE_BYTES;
    private static final int BLOCK = Script.BLOCK_GRANULES;
    private static final int DEPTH = 8;
    private static final int MOST = 9;

    private final int number;
    private final int base;
    private final int granules;
    private final ClientHistories histories;
    private final DiskClient client;
    private final long run;
    private final long[] newest;
    private final Map<Long, Pending> pending = new HashMap<>();
    private long nextToken;
    private long operations;
    private long failures;
    private int[] takenOver;
    private boolean refused;
    private String misread;

    /** {@code wanted} and {@code from}: of a read. {@code op}: of a change. {@code covered}: of a sync. */
    private record Pending(char kind, int op, boolean fua, int[] covered, int from, long[] wanted, byte[] buffer) {
    }

    SimClient(final int number, final int base, final long[] newest, final ClientHistories histories, final long run,
        final DiskClient client) {
        this.number = number;
        this.base = base;
        this.granules = newest.length;
        this.newest = newest;
        this.histories = histories;
        this.run = ClientHistories.runOf(run, number);
        this.client = client;
    }

    long operations() {
        return operations;
    }

    long failures() {
        return failures;
    }

    /**
     * Another process took the volume over, with so many operations of each client in it: what is not among them may
     * not be acknowledged as durable any more.
     */
    void takenOver(final int[] state) {
        takenOver = state;
    }

    /** What a read returned wrongly; changes that were refused since they were submitted excuse it. */
    String misread() {
        return refused ? null : misread;
    }

    void submit(final Random dice) {
        if (client.inFlight() >= DEPTH) {
            return;
        }
        final int kind = dice.nextInt(20);
        if (kind < 9) {
            write(dice);
        } else if (kind < 13) {
            read(dice);
        } else if (kind < 16) {
            sync();
        } else {
            zero(dice, kind < 18);
        }
    }

    private void write(final Random dice) {
        final int count = 1 + dice.nextInt(MOST);
        final int from = dice.nextInt(granules - count);
        final boolean fua = dice.nextInt(5) == 0;
        final byte[] bytes = new byte[count * GRANULE];
        final long version = histories.nextVersion(number);
        for (int i = 0; i < count; i++) {
            Stamp.write(bytes, i * GRANULE, GRANULE, from + i, version, run);
        }
        final int op = histories.begin(number, History.Kind.WRITE, from, count);
        Arrays.fill(newest, from, from + count, version);
        sent(new Pending('w', op, fua, null, 0, null, bytes), client.submitWrite(nextToken, offset(from),
            MemorySegment.ofArray(bytes), 0, bytes.length, fua));
    }

    private void zero(final Random dice, final boolean trim) {
        int count = 1 + dice.nextInt(2 * MOST);
        int from = dice.nextInt(granules - count);
        if (trim) {
            final int end = (base + from + count) / BLOCK * BLOCK - base;
            from = (base + from + BLOCK - 1) / BLOCK * BLOCK - base;
            count = end - from;
            if (count <= 0) {
                return;
            }
        }
        final boolean fua = !trim && dice.nextInt(5) == 0;
        final int op = histories.begin(number, History.Kind.ZERO, from, count);
        Arrays.fill(newest, from, from + count, 0);
        sent(new Pending('z', op, fua, null, 0, null, null), trim
            ? client.submitTrim(nextToken, offset(from), (long) count * GRANULE)
            : client.submitWriteZeroes(nextToken, offset(from), (long) count * GRANULE, fua));
    }

    private void read(final Random dice) {
        final int count = 1 + dice.nextInt(2 * MOST);
        final int from = dice.nextInt(granules - count);
        final byte[] bytes = new byte[count * GRANULE];
        sent(new Pending('r', -1, false, null, from, Arrays.copyOfRange(newest, from, from + count), bytes),
            client.submitRead(nextToken, offset(from), MemorySegment.ofArray(bytes), 0, bytes.length));
    }

    private void sync() {
        sent(new Pending('s', -1, false, histories.syncBegin(), 0, null, null), client.submitSync(nextToken));
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
        if (status != OpStatus.OK) {
            failures++;
            refused |= done.op >= 0;
            return;
        }
        if (takenOver != null && tooLate(done)) {
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

    private void check(final Pending read) {
        for (int i = 0; i < read.wanted.length; i++) {
            final long found = Stamp.read(read.buffer, i * GRANULE, GRANULE, read.from + i, run);
            if (found != read.wanted[i] && misread == null) {
                misread = "client " + number + " reads version " + found + " at granule "
                    + (read.from + i) + " instead of " + read.wanted[i] + ": "
                    + Stamp.describe(read.buffer, i * GRANULE, GRANULE);
            }
        }
    }
}

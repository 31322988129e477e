package io.ringvault.tests.harness;

import io.ringvault.block.BlockDevice;
import io.ringvault.disk.DiskClient;
import io.ringvault.disk.KeySources;
import io.ringvault.disk.SecureDisk;
import io.ringvault.ring.OpStatus;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntSupplier;

/**
 * The secure disk in INVOKER mode behind one client: each call submits one request and steps the disk until it has
 * completed. A
 * request that does not complete within a generous number of steps is a hang and fails. One thread.
 */
public final class EngineDisk implements TestDisk {
    /** Steps after which a request is taken to hang; real ones need a few, a full disk that cleans some thousands. */
    private static final long STEP_LIMIT = Long.getLong("ringvault.step.limit", 1_000_000);

    private final SecureDisk disk;
    private final DiskClient client;
    private final BlockDevice device;
    private final SteppedClock clock;
    private final byte[] key;
    private MemorySegment buffer = MemorySegment.ofArray(new long[16 * 512]);
    private long completedToken = -1;
    private int completedStatus;
    private long nextToken = 1;
    private long patienceNs;
    private long beganNs;

    EngineDisk(final SecureDisk disk, final BlockDevice device, final SteppedClock clock, final byte[] key) {
        this.key = key;
        this.disk = disk;
        this.device = device;
        this.clock = clock;
        this.client = disk.newClient(16);
    }

    /** The disk itself. */
    public SecureDisk engine() {
        return disk;
    }

    /**
     * For a device that works on threads of its own, where steps say little: a request hangs only after so much time,
     * and the caller makes room while there is nothing to do.
     */
    public EngineDisk patient(final long limitNs) {
        patienceNs = limitNs;
        return this;
    }

    /** One step of everything. */
    public int step() {
        clock.advance(20_000);
        return disk.doWork();
    }

    /** Lets time pass. */
    public void pass(final long ns) {
        clock.advance(ns);
    }

    @Override
    public long sizeBytes() {
        return disk.sizeBytes();
    }

    @Override
    public void write(final long offset, final byte[] source, final int sourceOffset, final int length) {
        final MemorySegment lent = buffer(length);
        MemorySegment.copy(source, sourceOffset, lent, ValueLayout.JAVA_BYTE, 0, length);
        final int most = client.maxWriteBytes();
        for (int done = 0; done < length; done += most) {
            final int at = done;
            final int piece = Math.min(most, length - done);
            run("write of " + piece + " at " + (offset + at), () -> client.submitWrite(nextToken, offset + at, lent, at,
                piece, false));
        }
    }

    @Override
    public void read(final long offset, final byte[] target, final int targetOffset, final int length) {
        final MemorySegment lent = buffer(length);
        lent.fill((byte) 0xDB);
        run("read of " + length + " at " + offset, () -> client.submitRead(nextToken, offset, lent, 0, length));
        MemorySegment.copy(lent, ValueLayout.JAVA_BYTE, 0, target, targetOffset, length);
    }

    @Override
    public void sync() {
        run("sync", () -> client.submitSync(nextToken));
    }

    @Override
    public void trim(final long offset, final long length) {
        run("trim of " + length + " at " + offset, () -> client.submitTrim(nextToken, offset, length));
    }

    @Override
    public void writeZeroes(final long offset, final long length) {
        run("write-zeroes of " + length + " at " + offset,
            () -> client.submitWriteZeroes(nextToken, offset, length, false));
    }

    @Override
    public void rollSession() {
        watched(disk::rollSession);
    }

    /** Does nothing while a rotation is under way. */
    @Override
    public void rotateKey() {
        if (disk.keyRotation().done()) {
            watched(() -> disk.rotateVolumeKey(List.of(KeySources.key(key.clone())), true));
        }
    }

    private void watched(final Runnable action) {
        clock.watch(STEP_LIMIT, () -> { });
        action.run();
        clock.watch(Long.MAX_VALUE, () -> { });
    }

    @Override
    public void idle(final int steps) {
        for (int i = 0; i < steps; i++) {
            step();
        }
    }

    @Override
    public void abandon() {
        disk.abandon();
        device.close();
    }

    @Override
    public void close() {
        client.close();
        final AtomicReference<String> hang = new AtomicReference<>();
        clock.watch(STEP_LIMIT, () -> hang.set("close hangs; " + disk.counters() + StateDump.of(disk)));
        try {
            disk.close();
        } finally {
            device.close();
            if (hang.get() != null) {
                throw new AssertionError(hang.get());
            }
        }
    }

    /** What the open had to say. */
    public List<String> warnings() {
        return disk.warnings();
    }

    /** Why the disk is read-only, or null. */
    public String poisonReason() {
        return disk.counters().poisonReason();
    }

    /** Bytes written to the device since the open. */
    public long deviceBytesWritten() {
        return disk.counters().deviceBytesWritten();
    }

    /** Commits that no client asked for. */
    public long engineCommits() {
        return disk.counters().engineCommits();
    }

    /** Merges done. */
    public long compactions() {
        return disk.counters().compactions();
    }

    /** Segments emptied by the cleaner. */
    public long segmentsCleaned() {
        return disk.counters().segmentsCleaned();
    }

    /** Blocks moved by the cleaner. */
    public long blocksRelocated() {
        return disk.counters().blocksRelocated();
    }

    /** Segments free now. */
    public long freeSegments() {
        return disk.counters().freeSegments();
    }

    /** Segments of the volume. */
    public long totalSegments() {
        return disk.counters().totalSegments();
    }

    /** Smallest unit of a write. */
    public int writeUnitBytes() {
        return 1;
    }

    private MemorySegment buffer(final int length) {
        if (buffer.byteSize() < length) {
            buffer = MemorySegment.ofArray(new long[(length + 7) / 8]);
        }
        return buffer;
    }

    private void run(final String what, final IntSupplier submit) {
        long steps = 0;
        beganNs = System.nanoTime();
        int result = submit.getAsInt();
        while (result == DiskClient.BACK_PRESSURED) {
            progress(what, ++steps);
            result = submit.getAsInt();
        }
        if (result != DiskClient.ACCEPTED) {
            throw OpStatus.toException(OpStatus.CLOSED, what);
        }
        final long token = nextToken++;
        while (completedToken != token) {
            progress(what, ++steps);
        }
        if (completedStatus != OpStatus.OK) {
            throw OpStatus.toException(completedStatus, what);
        }
    }

    private void progress(final String what, final long steps) {
        if (steps > STEP_LIMIT && System.nanoTime() - beganNs > patienceNs) {
            throw new AssertionError(what + " hangs: no completion after " + steps + " steps; " + disk.counters()
                + StateDump.of(disk));
        }
        final int work = step();
        if (client.poll(this::onCompletion, 16) + work == 0 && patienceNs > 0) {
            Thread.yield();
        }
    }

    private void onCompletion(final long token, final int status) {
        completedToken = token;
        completedStatus = status;
    }
}

package io.ringvault.tests.harness;

import io.ringvault.block.StorageException;
import io.ringvault.torture.History;
import io.ringvault.torture.HistoryChecker;
import io.ringvault.torture.HistoryViolation;
import io.ringvault.torture.Stamp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Performs operations on a disk and keeps their history; one operation under way at a time. The disk's commits arrive
 * through
 * {@link #sealed} and {@link #durable}. One thread.
 */
public final class Recorder implements CommitSink {
    private static final int GRANULE = Script.GRANULE_BYTES;

    private final List<Runnable> early = new ArrayList<>();
    private History history;
    private TestDisk disk;
    private boolean buffering;
    private boolean strict;
    private final Set<Long> own = new HashSet<>();
    private long refusals;
    private byte[] scratch = new byte[0];

    /** Goes on from a history; the disk is attached when open, since opening may already report commits. */
    public Recorder(final History history) {
        this.history = history;
    }

    /** For a disk that is being opened after a crash: what it reports is kept until {@link #start}. */
    public static Recorder opening() {
        final Recorder recorder = new Recorder(null);
        recorder.buffering = true;
        return recorder;
    }

    /**
     * The disk's epochs are strict: only what a sync or a close asked for may ever be found, so commits that nobody
     * asked for are not recorded; and a write may be refused until the next sync.
     */
    public Recorder strict(final boolean now) {
        strict = now;
        return this;
    }

    /** Writes that were refused since epochs are strict. */
    public long refusals() {
        return refusals;
    }

    /**
     * The disk crashed and is being opened; until {@link #start} the old history stays, and reports are kept for the
     * new one.
     */
    public void opening(final History past) {
        history = past;
        buffering = true;
    }

    /** The state that was found is known: goes on with its history. */
    public void start(final History from, final TestDisk opened) {
        history = from;
        buffering = false;
        early.forEach(Runnable::run);
        early.clear();
        attach(opened);
    }

    /** Attaches an open disk. */
    public void attach(final TestDisk opened) {
        if (opened.sizeBytes() != (long) history.granules() * GRANULE) {
            throw new HistoryViolation("the disk has " + opened.sizeBytes() + " bytes instead of "
                + (long) history.granules() * GRANULE);
        }
        disk = opened;
    }

    /** The history so far. */
    public History history() {
        return history;
    }

    /** The disk. */
    public TestDisk disk() {
        return disk;
    }

    @Override
    public void sealed(final long epoch, final boolean engineStarted) {
        if (strict && engineStarted) {
            own.add(epoch);
        } else if (buffering) {
            early.add(() -> history.commitSealed(epoch, engineStarted));
        } else {
            history.commitSealed(epoch, engineStarted);
        }
    }

    @Override
    public void durable(final long epoch) {
        if (strict && own.remove(epoch)) {
            return;
        }
        if (buffering) {
            early.add(() -> history.commitDurable(epoch));
        } else {
            history.commitDurable(epoch);
        }
    }

    /** Performs one step other than a reopening. */
    public void perform(final Script.Step step) {
        switch (step.type()) {
            case 'w' -> write(step.first(), step.count());
            case 't' -> trim(step.first(), step.count());
            case 'z' -> zero(step.first(), step.count());
            case 's' -> sync();
            case 'i' -> disk.idle(step.first());
            case 'c' -> checkNewest();
            case 'l' -> {
                syncIfStrict();
                disk.rollSession();
            }
            case 'v' -> {
                syncIfStrict();
                disk.rotateKey();
            }
            default -> throw new IllegalArgumentException("step '" + step + "'");
        }
    }

    private void syncIfStrict() {
        if (strict) {
            sync();
        }
    }

    /** Writes stamped granules. */
    public void write(final long first, final int count) {
        final int op = history.begin(History.Kind.WRITE, first, count);
        final byte[] bytes = scratch(count * GRANULE);
        for (int i = 0; i < count; i++) {
            Stamp.write(bytes, i * GRANULE, GRANULE, first + i, history.versionOf(op), history.run());
        }
        take(op, () -> disk.write(first * GRANULE, bytes, 0, count * GRANULE));
        Arrays.fill(bytes, 0, count * GRANULE, (byte) 0xEE);
    }

    /** A refusal that strict epochs allow has no effect; a sync makes room for what comes after. */
    private void take(final int op, final Runnable request) {
        try {
            request.run();
            history.end(op);
        } catch (final StorageException tooMuch) {
            if (!strict || tooMuch.category() != StorageException.Category.OUT_OF_SPACE) {
                throw tooMuch;
            }
            refusals++;
            history.refused(op);
            sync();
        }
    }

    /** Trims. */
    public void trim(final long first, final int count) {
        final int op = history.begin(History.Kind.ZERO, first, count);
        take(op, () -> disk.trim(first * GRANULE, (long) count * GRANULE));
    }

    /** Writes zeroes. */
    public void zero(final long first, final int count) {
        final int op = history.begin(History.Kind.ZERO, first, count);
        take(op, () -> disk.writeZeroes(first * GRANULE, (long) count * GRANULE));
    }

    /** Syncs. */
    public void sync() {
        final int covered = history.syncBegin();
        disk.sync();
        history.syncAcknowledged(covered);
    }

    /** Every granule must hold its newest value. */
    public void checkNewest() {
        HistoryChecker.checkNewest(history, readAll(disk), GRANULE);
    }

    /** After a sync: forgets the past, so that a long run does not grow. */
    public void restartHistory() {
        sync();
        history = history.continueFrom(history.submitted());
    }

    /** Closes in good order; a new history begins, from the state that must be found. */
    public void close() {
        disk.close();
        history.closed();
        history = history.continueFrom(history.submitted());
        disk = null;
    }

    /** The whole disk, read in pieces of odd numbers of blocks. */
    public static byte[] readAll(final TestDisk disk) {
        final byte[] image = new byte[(int) disk.sizeBytes()];
        Arrays.fill(image, (byte) 0xA5);
        final int piece = 13 * 4096;
        for (int at = 0; at < image.length; at += piece) {
            disk.read(at, image, at, Math.min(piece, image.length - at));
        }
        return image;
    }

    private byte[] scratch(final int length) {
        if (scratch.length < length) {
            scratch = new byte[length];
        }
        return scratch;
    }
}

package io.ringvault.torture;

import io.ringvault.block.StorageException;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.VerifyReport;
import io.ringvault.disk.Volumes;
import java.io.IOException;
import java.util.Random;

/**
 * Starts workers on a volume and kills them at random moments, with or without the device's volatile cache; after each
 * death it opens the volume up to three times and compares all of it with the history. One thread's.
 */
public final class Torture {
    private static final int REOPENS_MAX = 3;
    private static final int ROUNDS_PER_VERIFY = 8;
    private static final int LIFE_RECORDS = 8000;
    private static final long LIFE_MS_MAX = 5000;
    private static final int CACHE_SHIFT_MIN = 16;
    private static final int CACHE_SHIFTS = 10;
    private static final int LIVES_BY_START_KILL = 8;

    private final TortureSettings settings;
    private final TortureVolume volume;
    private final TortureCounts counts = new TortureCounts();
    private final Random random;
    private final long run;
    private ClientHistories histories;
    private long openingMs = 300;
    private int life;

    /** Does nothing yet. */
    public Torture(final TortureSettings settings) {
        this.settings = settings;
        this.volume = settings.volume();
        this.random = new Random(settings.seed());
        this.run = (settings.seed() * 2 + 1) & 0x00FF_FFFF_FFFF_FFFFL;
    }

    /** What was done so far; may be read by any thread. */
    public TortureCounts counts() {
        return counts;
    }

    /** The number of the worker that is or was last at work, from 1. */
    public int life() {
        return life;
    }

    /**
     * Formats the volume and tortures it.
     *
     * @throws HistoryViolation when the volume breaks a promise
     * @throws StorageException CONFIGURATION when the device may not be used, IO when it fails
     */
    public void run() throws IOException, InterruptedException {
        volume.format(settings.erase());
        final long granules = volume.sizeBytes() / settings.clients() / TortureVolume.GRANULE_BYTES;
        histories = new ClientHistories(settings.clients(), Math.toIntExact(granules), TortureVolume.GRANULE_BYTES,
            run);
        final long endNs = System.nanoTime() + settings.durationNs();
        do {
            life++;
            liveAndDie();
            for (int opens = 1 + random.nextInt(REOPENS_MAX); opens > 0; opens--) {
                reopen(opens == 1);
            }
            if (life % ROUNDS_PER_VERIFY == 0) {
                verify();
            }
        } while (System.nanoTime() - endNs < 0);
        verify();
    }

    private void liveAndDie() throws IOException, InterruptedException {
        final boolean powerCut = settings.modelCache() && random.nextBoolean();
        final long cacheBytes = 1L << CACHE_SHIFT_MIN + random.nextInt(CACHE_SHIFTS);
        final int dice = random.nextInt(LIVES_BY_START_KILL);
        final double share = random.nextDouble();
        final long startNs = System.nanoTime();
        try (WorkerProcess worker = WorkerProcess.start(settings, powerCut
            ? volume.withParameter("cache=" + cacheBytes) : volume, run, random.nextLong() >>> 8,
            1 + (long) (share * share * LIFE_RECORDS), histories, counts)) {
            if (dice == 0 && life > 1) {
                Thread.sleep((long) (share * openingMs * 1.2));
            } else {
                worker.awaitReady();
                openingMs = (System.nanoTime() - startNs) / 1_000_000;
                worker.awaitRecords(LIFE_MS_MAX);
            }
            if (dice == 1) {
                worker.end();
                counts.orderlyEnds++;
                return;
            }
            worker.kill();
            if (!worker.wasReady()) {
                counts.killsWhileOpening++;
            }
            if (powerCut) {
                counts.powerCuts++;
            } else {
                counts.kills++;
            }
        }
    }

    /** Opens, compares everything, and lets go again; the state of an open for writing is the next one's beginning. */
    private void reopen(final boolean last) {
        final boolean readOnly = !last && random.nextInt(3) == 0;
        final boolean abandon = !readOnly && random.nextInt(3) == 0;
        final SecureDisk disk;
        try {
            disk = SecureDisk.open(volume.context().readOnly(readOnly));
        } catch (final StorageException refused) {
            throw violationOr(refused, "the volume does not open again");
        }
        try {
            final byte[][] areas = TortureVolume.readAreas(disk, settings.clients(),
                volume.sizeBytes() / settings.clients());
            final int[] state = histories.check(areas);
            counts.blocksChecked += volume.sizeBytes() / 4096;
            counts.reopens++;
            if (readOnly) {
                counts.reopensReadOnly++;
            } else {
                if (histories.beyondAcknowledged(state)) {
                    counts.beyond++;
                }
                histories = histories.continueFrom(state);
            }
            if (abandon) {
                counts.abandoned++;
                disk.abandon();
            }
            disk.close();
        } catch (final StorageException failed) {
            disk.abandon();
            throw violationOr(failed, "the volume opened, but cannot be read or closed");
        } catch (final HistoryViolation violation) {
            disk.abandon();
            throw violation;
        }
    }

    private void verify() {
        final VerifyReport report;
        try {
            report = Volumes.verify(volume.context().readOnly(true), blocks -> { });
        } catch (final StorageException refused) {
            throw violationOr(refused, "the volume cannot be verified");
        }
        counts.verifies++;
        if (report.damages() > 0) {
            throw new HistoryViolation(report.damages() + " blocks do not verify, the first: "
                + report.damaged().getFirst());
        }
    }

    /** A device that fails is the device's fault; whatever else is refused was promised. */
    private static Error violationOr(final StorageException failed, final String what) {
        if (failed.category() == StorageException.Category.IO) {
            throw failed;
        }
        final HistoryViolation violation = new HistoryViolation(what + ": " + failed.getMessage());
        violation.initCause(failed);
        return violation;
    }
}

package io.ringvault.tests.traps;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.SimRig.Keep;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Disks that hung, panicked or grew without bound when they were full, small, or synced often. */
class LivenessTrapsTest extends TrapBase {
    private static final int LARGE_INDEX_BLOCKS = 2048;

    @Test
    void trapOverwriteAtHundredPercentFullWithoutSyncHangs() {
        start();
        write(0, blocks());
        for (int i = 0; i < 20 * blocks(); i++) {
            writeRandomBlock();
        }
        recorder.checkNewest();
        assertTrue(disk().engineCommits() > 0, "no commit was started by the engine");
        crash(Keep.NONE);
        recorder.checkNewest();
        reopen();
    }

    @Test
    void trapOverwriteAtHundredPercentFullWithSyncsHangs() {
        start();
        write(0, blocks());
        for (int i = 0; i < 20 * blocks(); i++) {
            writeRandomBlock();
            if (random.nextInt(6) == 0) {
                recorder.sync();
            }
        }
        recorder.checkNewest();
        assertTrue(disk().segmentsCleaned() > 0, "nothing was cleaned");
        crash(Keep.SUBSET);
        reopen();
    }

    /** Many small tables and a full disk: the cleaner must leave merges what they need, or both stand still. */
    @Test
    void trapCleanerAndMergesTakeEachOthersSpace() {
        for (int life = 2; life <= 4; life++) {
            start(EngineKind.tiny(life).with(LARGE_INDEX_BLOCKS, config -> { }));
            final Random dice = new Random(life);
            for (int i = 0; i < 1500; i++) {
                write(dice.nextInt(LARGE_INDEX_BLOCKS - 4), 1 + dice.nextInt(4));
                if (i % 300 == 299) {
                    disk().idle(4000);
                    recorder.restartHistory();
                }
            }
            recorder.checkNewest();
            end();
        }
    }

    @Test
    void trapSmallDiskDiesAfterThousandsOfSyncs() {
        start();
        final int syncs = Integer.getInteger("ringvault.syncs", 20_000);
        for (int i = 0; i < syncs; i++) {
            write(i % 7 == 0 ? random.nextInt(blocks()) : i % 3, 1);
            recorder.sync();
            if (i % 4096 == 0) {
                recorder.checkNewest();
                recorder.restartHistory();
            }
        }
        recorder.checkNewest();
        recorder.restartHistory();
        crash(Keep.NONE);
        reopen();
    }

    @Test
    void trapASyncCostsMoreTheFullerTheDiskIs() {
        start();
        final long empty = bytesPerSync();
        for (int round = 0; round < 4; round++) {
            write(0, blocks());
        }
        recorder.sync();
        recorder.disk().idle(2000);
        final long full = bytesPerSync();
        // Cleaning counts: with every block live and a tenth of spare space it is most of what a sync writes.
        assertTrue(full <= 5 * empty, "a 4 KiB write and sync wrote " + empty + " bytes on an empty disk and " + full
            + " on a full one");
    }

    private long bytesPerSync() {
        final int syncs = 200;
        final long before = disk().deviceBytesWritten();
        for (int i = 0; i < syncs; i++) {
            write(i % 5, 1);
            recorder.sync();
        }
        return (disk().deviceBytesWritten() - before) / syncs;
    }

    @Test
    void trapFreeSpaceLeaksAcrossCrashes() {
        start();
        write(0, blocks());
        recorder.sync();
        for (int i = 0; i < 60; i++) {
            for (int n = 0; n < 10; n++) {
                writeRandomBlock();
            }
            if (i % 2 == 0) {
                recorder.sync();
            }
            crash(Keep.values()[i % Keep.values().length]);
        }
        for (int i = 0; i < 10 * blocks(); i++) {
            writeRandomBlock();
        }
        reopen();
    }

    @Test
    void trapManyLongTrimsExhaustTheRangeTable() {
        start();
        for (int i = 0; i < 40; i++) {
            write(0, blocks());
            for (int first = 0; first + 70 < blocks(); first += 71) {
                recorder.trim(first * GRANULES, 70 * GRANULES);
            }
            recorder.trim(0, blocks() * GRANULES);
            recorder.zero(random.nextInt(blocks()) * GRANULES, GRANULES);
        }
        recorder.checkNewest();
        reopen();
    }

    @Test
    void trapTrimDoesNotGiveSpaceBack() {
        start();
        for (int round = 0; round < 30; round++) {
            write(0, blocks());
            recorder.trim(0, blocks() * GRANULES);
            recorder.sync();
        }
        recorder.checkNewest();
        crash(Keep.NONE);
    }
}

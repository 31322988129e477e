package io.ringvault.tests.traps;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.tests.harness.SimRig.Keep;
import org.junit.jupiter.api.Test;

/** Acknowledged data that disappeared, and data that was never synced but came back. */
class DurabilityTrapsTest extends TrapBase {

    @Test
    void trapSecondReopenLosesData() {
        start();
        write(3, 2);
        recorder.sync();
        reopen();
        recorder.sync();
        reopen();
        reopen();
        write(9, 1);
        reopen();
        reopen();
    }

    @Test
    void trapSecondReopenAfterACrashLosesData() {
        start();
        write(3, 2);
        recorder.sync();
        for (final Keep keep : Keep.values()) {
            crash(keep);
            crash(keep);
            crash(keep);
            write(random.nextInt(blocks()), 1);
            recorder.sync();
        }
    }

    @Test
    void trapReopenThreeTimesWithAndWithoutNewWrites() {
        start();
        for (int i = 0; i < 24; i++) {
            if ((i & 1) == 0) {
                writeRandomBlock();
            }
            if ((i & 2) == 0) {
                recorder.sync();
            }
            if ((i & 4) == 0) {
                reopen();
            } else {
                crash(Keep.NONE);
            }
        }
    }

    @Test
    void trapLogOfAFrozenMemtableIsIgnored() {
        start();
        final int several = 3 * kind.memtableRecords();
        for (int i = 0; i < several; i++) {
            write(i % blocks(), 1);
        }
        recorder.sync();
        crash(Keep.NONE);
        recorder.checkNewest();
    }

    @Test
    void trapSyncWithNothingDirty() {
        start();
        recorder.sync();
        recorder.sync();
        write(0, 1);
        recorder.sync();
        final long written = disk().deviceBytesWritten();
        for (int i = 0; i < 50; i++) {
            recorder.sync();
        }
        assertTrue(disk().deviceBytesWritten() - written <= 50L * BLOCK, "syncs of nothing wrote "
            + (disk().deviceBytesWritten() - written) + " bytes");
        crash(Keep.NONE);
        recorder.sync();
        crash(Keep.NONE);
    }

    @Test
    void trapUnsyncedDataIsThereAfterRecovery() {
        start();
        write(0, 4);
        recorder.sync();
        write(2, 4);
        write(20, 1);
        for (final Keep keep : Keep.values()) {
            crash(keep);
            recorder.checkNewest();
            write(2, 4);
            write(20, 1);
        }
    }

    @Test
    void trapUnsyncedValuesReappearAfterAMergeAndASecondCrash() {
        start();
        for (int round = 0; round < 30; round++) {
            write(round % blocks(), 1);
            recorder.sync();
            write((round + 7) % blocks(), 1);
            recorder.disk().idle(50);
            if (round % 3 == 0) {
                crash(Keep.values()[round % Keep.values().length]);
            }
        }
    }

    @Test
    void trapNoBarrierBetweenDataAndTheRecordThatNamesIt() {
        start();
        for (int i = 0; i < 40; i++) {
            for (int n = random.nextInt(4); n >= 0; n--) {
                writeRandomBlock();
            }
            recorder.sync();
            crash(i % 2 == 0 ? Keep.NONE : Keep.NOISE);
        }
    }

    @Test
    void trapJournalWrapsTooLateAfterAReopen() {
        start();
        for (int session = 0; session < 6; session++) {
            for (int i = 0; i < 2 * blocks(); i++) {
                writeRandomBlock();
                if (i % 3 == 0) {
                    recorder.sync();
                }
            }
            if (session % 2 == 0) {
                reopen();
            } else {
                crash(Keep.SUBSET);
            }
        }
        assertTrue(disk().totalSegments() * kind.segmentBlocks() < 12L * blocks(), "the log did not wrap");
    }

    @Test
    void trapRecoveredAllocationHandsOutALiveBlock() {
        start();
        for (int round = 0; round < 25; round++) {
            for (int i = 0; i < 30; i++) {
                final int lba = random.nextInt(blocks());
                if (random.nextInt(4) == 0) {
                    recorder.trim(lba * GRANULES, GRANULES);
                } else {
                    write(lba, 1 + random.nextInt(Math.min(4, blocks() - lba)));
                }
            }
            recorder.sync();
            crash(Keep.PREFIX);
            for (int i = 0; i < 10; i++) {
                writeRandomBlock();
            }
            recorder.checkNewest();
        }
    }

    @Test
    void trapLogLengthAtAStructuralBoundaryIsUnreadable() {
        start();
        final int lengths = 3 * kind.memtableRecords() + 5;
        for (int length = 1; length <= lengths; length++) {
            write(length % blocks(), 1);
            recorder.sync();
            if (length % 5 == 0) {
                crash(Keep.NONE);
            }
            if (length % 7 == 0) {
                recorder.checkNewest();
            }
        }
        reopen();
    }

    @Test
    void trapTrimmedBlocksComeBack() {
        start();
        write(0, blocks());
        recorder.sync();
        recorder.trim(0, 8 * GRANULES);
        recorder.sync();
        crash(Keep.NONE);
        recorder.checkNewest();
        recorder.trim(0, blocks() * GRANULES);
        recorder.sync();
        write(1, 1);
        recorder.disk().idle(500);
        recorder.checkNewest();
        crash(Keep.ALL);
        reopen();
    }
}

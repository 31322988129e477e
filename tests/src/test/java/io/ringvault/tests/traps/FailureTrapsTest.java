package io.ringvault.tests.traps;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceFault;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.SimulatedDevice.Kind;
import io.ringvault.block.StorageException;
import io.ringvault.tests.harness.SimRig.Keep;
import org.junit.jupiter.api.Test;

/** Device errors that were swallowed, retried into lies, or answered with a fresh empty disk. */
class FailureTrapsTest extends TrapBase {

    @Test
    void trapFailedWriteIsFollowedByASuccessfulSync() {
        failedThenPoisoned(DeviceFault.fail(Kind.WRITE, 1).persistently());
    }

    @Test
    void trapFailedFlushIsForgottenByTheNextOne() {
        start();
        write(0, 30);
        recorder.sync();
        rig.device().inject(DeviceFault.fail(Kind.FLUSH, 1));
        StorageException failure = null;
        for (int i = 0; i < 400 && failure == null; i++) {
            try {
                write(i % (blocks() - 3), 4);
                recorder.sync();
            } catch (final StorageException reported) {
                failure = reported;
            }
        }
        assertTrue(failure != null, "the failed flush was never reported");
        assertEquals(StorageException.Category.IO, failure.category(), failure.getMessage());
        rig.device().clearFaults();
        assertThrows(StorageException.class, () -> disk().sync());
        assertThrows(StorageException.class, () -> disk().write(0, new byte[BLOCK], 0, BLOCK));
        crash(Keep.NONE);
    }

    @Test
    void trapOneFinalErrorPoisonsInsteadOfBeingSealedElsewhere() {
        failedThenPoisoned(DeviceFault.fail(Kind.WRITE, 1));
        failedThenPoisoned(DeviceFault.fail(Kind.WRITE, 1).landed());
        failedThenPoisoned(DeviceFault.fail(Kind.WRITE, 1).torn());
    }

    private void failedThenPoisoned(final DeviceFault fault) {
        start();
        write(0, 4);
        recorder.sync();
        rig.device().inject(fault);
        final StorageException failed = assertThrows(StorageException.class, () -> {
            for (int i = 0; i < 200; i++) {
                write(i % (blocks() - 1), 2);
                recorder.sync();
            }
        });
        assertEquals(StorageException.Category.IO, failed.category(), failed.getMessage());
        rig.device().clearFaults();
        assertThrows(StorageException.class, () -> disk().sync());
        assertThrows(StorageException.class, () -> disk().write(0, new byte[BLOCK], 0, BLOCK));
        final byte[] read = new byte[BLOCK];
        disk().read(3L * BLOCK, read, 0, BLOCK);
        crash(Keep.SUBSET);
        write(1, 1);
        recorder.sync();
        reopen();
        recorder.disk().abandon();
        recorder = null;
    }

    @Test
    void trapTransientErrorBecomesFinal() {
        start();
        final int retryable = BlockStatus.error(BlockStatus.ORIGIN_NVME, 0, 0x82, true);
        for (int i = 0; i < 40; i++) {
            rig.device().inject(DeviceFault.fail(Kind.WRITE, 1 + random.nextInt(3), retryable));
            rig.device().inject(DeviceFault.fail(Kind.READ, 1 + random.nextInt(3), retryable));
            writeRandomBlock();
            recorder.sync();
            recorder.checkNewest();
        }
        assertTrue(disk().poisonReason() == null, "poisoned by transient errors: " + disk().poisonReason());
        rig.device().clearFaults();
        reopen();
    }

    @Test
    void trapReadErrorIsTakenForAbsence() {
        start();
        for (int i = 0; i < 3; i++) {
            for (int lba = 0; lba < blocks(); lba++) {
                write(lba, 1);
            }
            recorder.sync();
        }
        reopen();
        int errors = 0;
        for (int lba = 0; lba < blocks(); lba++) {
            rig.device().inject(DeviceFault.fail(Kind.READ, 1));
            final byte[] read = new byte[BLOCK];
            try {
                disk().read((long) lba * BLOCK, read, 0, BLOCK);
            } catch (final StorageException reported) {
                assertEquals(StorageException.Category.IO, reported.category(), reported.getMessage());
                errors++;
            }
            rig.device().clearFaults();
        }
        assertTrue(errors > 0, "no read reached the device");
        recorder.checkNewest();
    }

    @Test
    void trapOpenFailsAndReformats() {
        start();
        write(0, 8);
        recorder.close();
        for (int nth = 1; nth <= 12; nth++) {
            final SimulatedDevice device = (SimulatedDevice) rig.open();
            device.inject(DeviceFault.fail(Kind.READ, nth).persistently());
            try {
                kind.open(device, anchor, io.ringvault.tests.harness.Recorder.opening()).abandon();
            } catch (final StorageException refused) {
                assertEquals(0, device.operations(Kind.WRITE), "written although the open failed: "
                    + refused.getMessage());
            }
        }
        open();
    }

    @Test
    void trapWriteErrorDuringRecoveryDamagesTheVolume() {
        start();
        for (int i = 0; i < 60; i++) {
            writeRandomBlock();
            recorder.sync();
        }
        for (int nth = 1; nth <= 25; nth++) {
            recorder.disk().abandon();
            final SimulatedDevice device = (SimulatedDevice) rig.open();
            device.inject(DeviceFault.fail(nth % 3 == 0 ? Kind.FLUSH : Kind.WRITE, 1 + nth / 2));
            try {
                kind.open(device, anchor, io.ringvault.tests.harness.Recorder.opening()).abandon();
            } catch (final StorageException refused) {
                assertEquals(StorageException.Category.IO, refused.category(), refused.getMessage());
            }
            final var past = recorder.history();
            recorder.opening(past);
            final var disk = kind.open(rig.open(), anchor, recorder);
            final int state = io.ringvault.torture.HistoryChecker.check(past,
                io.ringvault.tests.harness.Recorder.readAll(disk), 512, past.admissible());
            recorder.start(past.continueFrom(state), disk);
            writeRandomBlock();
            recorder.sync();
        }
    }

    @Test
    void trapDroppedFlushOrMisdirectedWriteIsServedSilently() {
        start();
        for (int i = 0; i < 60; i++) {
            writeRandomBlock();
            recorder.sync();
        }
        rig.device().inject(DeviceFault.misdirectWrite(2, 40L * BLOCK));
        rig.device().inject(DeviceFault.loseWrite(5));
        try {
            for (int i = 0; i < 20; i++) {
                writeRandomBlock();
                recorder.sync();
            }
            recorder.checkNewest();
        } catch (final StorageException reported) {
            assertTrue(reported.category() == StorageException.Category.INTEGRITY
                || reported.category() == StorageException.Category.IO, reported.getMessage());
        }
    }
}

package io.ringvault.tests.scenarios;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.SimulatedDevice.Kind;
import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.log.AnchorValue;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.SimRig.Keep;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The anchor and the disk may differ in honest ways and in dishonest ones; two writers may meet on one volume. */
class FreshnessStoriesTest extends Story {

    /** Commits pile up while the anchor lags: whichever of them it holds, the honest disk opens with everything. */
    @Test
    void s16AnyCommitOfTheChainMayBeTheAnchored() {
        start();
        final List<SimAnchor> lagging = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            lagging.add(anchor.copy());
            write(i, 1);
            recorder.sync();
        }
        for (final SimAnchor each : lagging) {
            intact(medium(), each.copy());
        }
        for (int i = 0; i < 60; i++) {
            write(i, 1);
            recorder.sync();
        }
        intact(medium(), anchor.copy());
        final String message = refused(medium(), lagging.getFirst(), Category.FRESHNESS);
        assertTrue(message.contains("RolledBack"), message);
    }

    /** An advance lands, its answer is lost; a checkpoint passes it; a crash. The disk is honest and must open. */
    @Test
    void s16AnAdvanceThatLandedButFailedDoesNotBrickTheDisk() {
        for (int later = 0; later <= 48; later += 6) {
            start();
            write(0, 8);
            recorder.sync();
            final int[] calls = new int[1];
            anchor.hook(() -> {
                calls[0]++;
                if (calls[0] > 1) {
                    throw StorageException.freshness("the anchor does not answer");
                }
            });
            write(8, 1);
            assertThrows(StorageException.class, () -> recorder.sync());
            final byte[] block = new byte[BLOCK];
            for (int i = 0; i < later; i++) {
                disk().write((long) i * BLOCK, block, 0, BLOCK);
                disk().idle(10);
            }
            final SimAnchor reached = anchor.copy();
            final EngineDisk after = kind.open(rig.crash(Keep.ALL, later).open(), reached, Recorder.opening());
            after.abandon();
            recorder.disk().abandon();
        }
    }

    /** The anchor stays silent after an advance of unknown outcome: writers and the close are told, nothing is lost. */
    @Test
    void s16AnAnchorThatStaysSilentStopsNobodyForEver() {
        start();
        write(0, blocks());
        recorder.sync();
        final int[] calls = new int[1];
        anchor.hook(() -> {
            calls[0]++;
            if (calls[0] > 1) {
                throw StorageException.freshness("the anchor does not answer");
            }
        });
        write(8, 1);
        assertThrows(StorageException.class, () -> recorder.sync());
        final byte[] block = new byte[BLOCK];
        final StorageException failed = assertThrows(StorageException.class, () -> {
            for (int i = 0; i < 5000; i++) {
                disk().write(random.nextInt(blocks()) * (long) BLOCK, block, 0, BLOCK);
            }
        });
        assertEquals(Category.FRESHNESS, failed.category(), failed.getMessage());
        disk().read(0, block, 0, BLOCK);
        final EngineDisk after = kind.open(rig.crash(Keep.ALL, 1).open(), anchor.copy(), Recorder.opening());
        after.abandon();
        assertThrows(StorageException.class, () -> recorder.disk().close());
        kind.open(rig.open(), anchor.copy(), Recorder.opening()).abandon();
        recorder = null;
    }

    /** Durable commits that the anchor has not seen: opening anchors what it serves before anybody reads it. */
    @Test
    void s18TheAnchorHasWhatWasServed() {
        start();
        write(0, 8);
        recorder.sync();
        final SimulatedDevice old = medium();
        final SimAnchor behind = anchor.copy();
        write(0, 8);
        recorder.sync();
        final SimRig device = rig.crash(Keep.ALL, 1);
        final EngineDisk disk = kind.open(device.open(), behind, Recorder.opening());
        disk.abandon();
        refused(old, behind, Category.FRESHNESS);
    }

    /** A reader serves the anchored commit, says how far the disk is ahead, writes nothing and advances nothing. */
    @Test
    void s18AReadOnlyOpenServesTheAnchoredCommitAndChangesNothing() {
        start();
        write(0, 8);
        recorder.sync();
        final SimAnchor behind = anchor.copy();
        final byte[] then = Recorder.readAll(disk());
        write(0, 8);
        recorder.sync();
        write(4, 8);
        recorder.sync();
        final SimulatedDevice medium = medium();
        final AnchorValue before = behind.read();
        final EngineDisk reader = kind.openReadOnly(medium, behind);
        assertArrayEquals(then, Recorder.readAll(reader));
        assertTrue(String.join("\n", reader.warnings()).contains("2 commits ahead"), reader.warnings().toString());
        reader.abandon();
        assertEquals(0, medium.operations(Kind.WRITE));
        assertEquals(before, behind.read());
    }

    /** A copy of the disk is opened with the same anchor: the first writer is told at its next sync and stops. */
    @Test
    void s19OfTwoWritersTheOneThatLostTheAnchorStops() {
        start();
        write(0, 8);
        recorder.sync();
        final EngineDisk second = kind.open(rig.crash(Keep.ALL, 1).open(), anchor, Recorder.opening());
        second.write(0, new byte[BLOCK], 0, BLOCK);
        second.sync();
        final byte[] block = new byte[BLOCK];
        disk().write(0, block, 0, BLOCK);
        assertThrows(StorageException.class, () -> disk().sync());
        assertNotNull(disk().poisonReason());
        assertThrows(StorageException.class, () -> disk().write(0, block, 0, BLOCK));
        second.sync();
        second.close();
        recorder.disk().abandon();
    }

    /** No lock and no anchor between two writers: whoever finds a slot that it did not write stops at once. */
    @Test
    void s19AWriterThatFindsAForeignSlotStops() {
        kind.format(first().open(), null);
        final EngineDisk disk = kind.open(rig.open(), null, Recorder.opening());
        final byte[] block = new byte[BLOCK];
        disk.write(0, block, 0, BLOCK);
        disk.sync();
        final SimRig copy = rig.crash(Keep.ALL, 1);
        kind.open(copy.open(), null, Recorder.opening()).abandon();
        for (int which = 0; which < 2; which++) {
            final long at = geometry().slotBlock(which) * BLOCK;
            rig.device().edit(at, copy.device().content(at, BLOCK));
        }
        final StorageException stopped = assertThrows(StorageException.class, () -> {
            for (int i = 0; i < 400; i++) {
                disk.write((long) i % 90 * BLOCK, block, 0, BLOCK);
                disk.sync();
            }
        });
        assertNotNull(disk.poisonReason(), stopped.getMessage());
        for (int which = 0; which < 2; which++) {
            final long at = geometry().slotBlock(which) * BLOCK;
            assertArrayEquals(copy.device().content(at, BLOCK), rig.device().content(at, BLOCK));
        }
        disk.abandon();
    }

    private SimRig first() {
        rig = SimRig.create(kind.deviceBytes(), seed);
        return rig;
    }
}

package io.ringvault.tests.adversary;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.log.Geometry;
import io.ringvault.tests.adversary.Volume.Outcome;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What must be refused at the open, with which category, and that nothing is written then. */
class RefusalTest {
    private static final int BLOCK = Geometry.BLOCK_BYTES;

    private final long seed = Long.getLong("seed", 1);
    private final EngineKind kind = EngineKind.tiny(seed);

    @Test
    void shouldOpenAndWarnWithOneDamagedSuperblockSlotAndRefuseWithBoth() {
        final Volume volume = filled(false);
        final Geometry geometry = kind.geometry();
        for (int which = 0; which < 2; which++) {
            final SimulatedDevice medium = volume.medium();
            medium.flipBit(geometry.slotBlock(which) * BLOCK + 100, 3);
            final EngineDisk disk = kind.open(medium, null, Recorder.opening());
            final String warnings = String.join("\n", disk.warnings());
            assertTrue(warnings.contains("superblock"), "no warning about the superblock slot: " + warnings);
            disk.abandon();
        }
        final SimulatedDevice medium = volume.medium();
        medium.flipBit(geometry.slotBlock(0) * BLOCK + 100, 3);
        medium.flipBit(geometry.slotBlock(1) * BLOCK + 4000, 3);
        refused(volume, medium, null, Category.INTEGRITY);
    }

    @Test
    void shouldOpenAndWarnWithOneDamagedHeaderAndRefuseWithBothWithoutReformatting() {
        final Volume volume = filled(false);
        final Geometry geometry = kind.geometry();
        for (int which = 0; which < 2; which++) {
            final SimulatedDevice medium = volume.medium();
            medium.flipBit(geometry.headerBlock(which) * BLOCK + 60, 3);
            final EngineDisk disk = kind.open(medium, null, Recorder.opening());
            assertFalse(disk.warnings().isEmpty());
            disk.abandon();
        }
        final SimulatedDevice medium = volume.medium();
        medium.flipBit(geometry.headerBlock(0) * BLOCK + 60, 3);
        medium.flipBit(geometry.headerBlock(1) * BLOCK + 60, 3);
        refused(volume, medium, null, Category.INTEGRITY);
        final SimulatedDevice repaired = medium.processDeath(true);
        repaired.flipBit(geometry.headerBlock(1) * BLOCK + 60, 3);
        assertEquals(Outcome.INTACT, volume.judge(repaired, null, "one header repaired by hand"));
    }

    @Test
    void shouldTellAWrongKeyFromDamage() {
        final Volume volume = filled(false);
        final SimulatedDevice medium = volume.medium();
        final EngineKind other = kind.withKey("another key, of some length".getBytes(StandardCharsets.US_ASCII));
        final StorageException wrong = assertThrows(StorageException.class,
            () -> other.open(medium, null, Recorder.opening()));
        assertEquals(Category.WRONG_KEY, wrong.category(), wrong.getMessage());
        Volume.checkNothingWritten(medium, "wrong key");
    }

    @Test
    void shouldRefuseEveryOlderImageWithTheNewerAnchor() {
        final Volume volume = filled(true);
        final List<SimulatedDevice> older = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            older.add(volume.medium());
            volume.open();
            volume.recorder.write(8 * i, 8);
            volume.recorder.sync();
            older.add(volume.medium());
            volume.recorder.write(8 * i + 8, 8);
            volume.recorder.close();
        }
        for (final SimulatedDevice image : older) {
            refused(volume, image, volume.anchor.copy(), Category.FRESHNESS);
        }
        assertEquals(Outcome.INTACT, volume.judge(volume.medium(), volume.anchor.copy(), "nothing"));
    }

    @Test
    void shouldRefuseAForkOfTheAnchoredState() {
        final Volume volume = filled(true);
        final SimulatedDevice fork = volume.medium();
        final EngineDisk disk = kind.open(fork, volume.anchor.copy(), Recorder.opening());
        disk.write(0, new byte[BLOCK], 0, BLOCK);
        disk.sync();
        disk.close();
        volume.open();
        volume.recorder.write(0, 8);
        volume.recorder.sync();
        volume.recorder.close();
        refused(volume, fork.processDeath(true), volume.anchor.copy(), Category.FRESHNESS);
    }

    @Test
    void shouldRefuseWhenTheAnchorIsDeletedOrAnother() {
        final Volume volume = filled(true);
        final SimAnchor deleted = volume.anchor.copy();
        deleted.delete();
        refused(volume, volume.medium(), deleted, Category.FRESHNESS);
        refused(volume, volume.medium(), new SimAnchor(9), Category.FRESHNESS);
    }

    @Test
    void shouldRefuseToOpenWithoutTheRequiredAnchor() {
        final Volume volume = filled(true);
        refused(volume, volume.medium(), null, Category.FRESHNESS);
    }

    @Test
    void shouldSayThatATruncatedImageIsTruncated() {
        final Volume volume = filled(false);
        final SimulatedDevice whole = volume.medium();
        for (int i = 1; i < 8; i++) {
            final long bytes = whole.sizeBytes() * i / 8 / BLOCK * BLOCK;
            final SimulatedDevice device = SimRig.create(bytes, 1).device();
            device.edit(0, whole.content(0, (int) bytes));
            final StorageException refused = assertThrows(StorageException.class,
                () -> kind.open(device, null, Recorder.opening()));
            assertTrue(refused.category() == Category.INTEGRITY || refused.category() == Category.IO,
                refused.category() + " " + refused.getMessage());
            assertTrue(refused.getMessage().contains("truncated"), refused.getMessage());
            Volume.checkNothingWritten(device, "truncated");
        }
    }

    @Test
    void shouldRefuseAnEmptyAndARandomDeviceWithoutWritingToIt() {
        final Volume volume = new Volume(kind, seed, false);
        refused(volume, SimRig.create(kind.deviceBytes(), 1).device(), null, Category.INTEGRITY);
        final SimulatedDevice noise = SimRig.create(kind.deviceBytes(), 1).device();
        final byte[] bytes = new byte[(int) kind.deviceBytes()];
        new Random(seed).nextBytes(bytes);
        noise.edit(0, bytes);
        refused(volume, noise, null, Category.INTEGRITY);
    }

    private Volume filled(final boolean anchored) {
        final Volume volume = new Volume(kind, seed, anchored);
        volume.fill(100, seed);
        return volume;
    }

    private static void refused(final Volume volume, final SimulatedDevice medium, final SimAnchor anchor,
        final Category category) {
        assertEquals(Outcome.REFUSED, volume.judge(medium, anchor, "refusal"), "the volume opened");
        assertEquals(category, volume.lastCategory, volume.lastError);
    }
}

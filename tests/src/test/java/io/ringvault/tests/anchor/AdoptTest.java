package io.ringvault.tests.anchor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.disk.AdoptResult;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Adoption of a volume that its anchor refuses, for each reason: what the image holds is served, every other copy is
 * refused from then on, and no key seals twice under one nonce, although the session before wrote the same places.
 */
class AdoptTest {
    private static final int BLOCK = 4096;
    private static final int SYNCS = 6;
    private static final List<CrashPolicy> POLICIES = List.of(CrashPolicy.NONE, CrashPolicy.ALL, CrashPolicy.PREFIX,
        CrashPolicy.RANDOM, CrashPolicy.RANDOM_TORN);

    private final EngineKind kind = EngineKind.tiny(Long.getLong("seed", 3));
    private final SimAnchor anchor = new SimAnchor(1);
    private final List<SimulatedDevice> images = new ArrayList<>();
    private SimulatedDevice newest;

    /** A volume with an image after each sync; block 0 of image i holds i + 1 everywhere. */
    @BeforeEach
    void fill() {
        final SimRig rig = SimRig.create(kind.deviceBytes(), 5);
        kind.format(rig.open(), anchor);
        final EngineDisk disk = kind.open(rig.open(), anchor, Recorder.opening());
        for (int i = 0; i < SYNCS; i++) {
            write(disk, i + 1);
            images.add(copy(rig.device()));
        }
        disk.close();
        newest = copy(rig.device());
    }

    private static SimulatedDevice copy(final SimulatedDevice device) {
        return device.crash(CrashPolicy.ALL, 1);
    }

    private static void write(final EngineDisk disk, final int value) {
        final byte[] bytes = new byte[8 * BLOCK];
        java.util.Arrays.fill(bytes, (byte) value);
        disk.write(0, bytes, 0, bytes.length);
        disk.sync();
    }

    private void refused(final SimulatedDevice image, final SimAnchor with) {
        final StorageException refused = assertThrows(StorageException.class,
            () -> kind.open(copy(image), with == null ? null : with.copy(), Recorder.opening()));
        assertEquals(Category.FRESHNESS, refused.category(), refused.getMessage());
    }

    /** Serves that content, is written to and reopened; then every other copy is refused. */
    private void goesOn(final SimulatedDevice adopted, final SimAnchor with, final int value) {
        final EngineDisk disk = kind.open(adopted, with, Recorder.opening());
        final byte[] block = new byte[BLOCK];
        disk.read(0, block, 0, BLOCK);
        final byte[] expected = new byte[BLOCK];
        java.util.Arrays.fill(expected, (byte) value);
        assertArrayEquals(expected, block);
        for (int i = 0; i < 4; i++) {
            write(disk, 100 + i);
        }
        disk.close();
        for (final SimulatedDevice other : images) {
            refused(other, with);
        }
        refused(newest, with);
        kind.seals().check();
    }

    @Test
    void shouldAdoptARolledBackImage() {
        for (int i = 0; i < SYNCS - 1; i++) {
            refused(images.get(i), anchor);
        }
        final SimulatedDevice restored = copy(images.get(2));
        final long held = anchor.read().epoch();
        final AdoptResult result = kind.adopt(restored, anchor, null, true);
        assertTrue(result.refusal().contains("RolledBack"), result.refusal());
        assertEquals(held, result.anchorEpoch());
        assertTrue(result.imageEpoch() < held);
        assertEquals(held + 1, result.newEpoch());
        assertEquals(held + 1, anchor.read().epoch());
        goesOn(copy(restored), anchor, 3);
    }

    @Test
    void shouldAdoptAForkedImage() {
        final SimAnchor forkedAnchor = anchor.copy();
        final SimulatedDevice left = copy(newest);
        final SimulatedDevice right = copy(newest);
        final EngineDisk one = kind.open(left, anchor, Recorder.opening());
        write(one, 50);
        one.close();
        final EngineDisk two = kind.open(right, forkedAnchor, Recorder.opening());
        write(two, 60);
        two.close();
        final SimulatedDevice fork = copy(right);
        refused(fork, anchor);
        final AdoptResult result = kind.adopt(fork, anchor, null, true);
        assertTrue(result.refusal().contains("Forked"), result.refusal());
        refused(left, anchor);
        goesOn(copy(fork), anchor, 60);
    }

    @Test
    void shouldAdoptWithANewAnchorWhenTheOldOneIsGone() {
        final SimAnchor gone = anchor.copy();
        gone.delete();
        refused(newest, gone);
        final SimAnchor next = new SimAnchor(2);
        final SimulatedDevice device = copy(newest);
        assertEquals(Category.CONFIGURATION, assertThrows(StorageException.class,
            () -> kind.adopt(copy(newest), gone, null, true)).category(), "the old anchor cannot stay");
        final AdoptResult result = kind.adopt(device, gone, next, true);
        assertNotNull(result.refusal());
        assertEquals(-1, result.anchorEpoch());
        refused(device, gone);
        goesOn(copy(device), next, SYNCS);
    }

    @Test
    void shouldAdoptWithANewAnchorWhenAnotherIsInItsPlace() {
        final SimAnchor replaced = new SimAnchor(9);
        refused(newest, replaced);
        final SimAnchor next = new SimAnchor(2);
        final SimulatedDevice device = copy(newest);
        kind.adopt(device, replaced, next, true);
        goesOn(copy(device), next, SYNCS);
    }

    @Test
    void shouldMoveAHealthyVolumeToAnotherAnchorAndRetireTheOld() {
        final SimAnchor next = new SimAnchor(2);
        final SimulatedDevice device = copy(newest);
        final AdoptResult result = kind.adopt(device, anchor, next, true);
        assertNull(result.refusal());
        refused(newest, anchor);
        for (final SimulatedDevice older : images) {
            refused(older, anchor);
        }
        goesOn(copy(device), next, SYNCS);
    }

    @Test
    void shouldNotAdoptWhatIsAcceptedNorWithoutConfirmation() {
        final SimulatedDevice healthy = copy(newest);
        final StorageException nothing = assertThrows(StorageException.class,
            () -> kind.adopt(healthy, anchor, null, true));
        assertEquals(Category.CONFIGURATION, nothing.category());
        assertTrue(nothing.getMessage().contains("nothing to adopt"), nothing.getMessage());
        final SimulatedDevice older = copy(images.get(1));
        final StorageException unconfirmed = assertThrows(StorageException.class,
            () -> kind.adopt(older, anchor, null, false));
        assertEquals(Category.CONFIGURATION, unconfirmed.category());
        assertTrue(unconfirmed.getMessage().contains("--accept-lost-writes"), unconfirmed.getMessage());
        assertTrue(unconfirmed.getMessage().contains("RolledBack"), unconfirmed.getMessage());
        assertArrayEquals(images.get(1).content(0, (int) kind.deviceBytes()),
            older.content(0, (int) kind.deviceBytes()), "an adoption that was refused wrote");
    }

    /** A crash at each operation and anchor advance of an adoption: refused as before, or adopted; then it goes on. */
    @Test
    void shouldBeDoneOrNotDoneAfterACrashAnywhere() {
        final SimAnchor next = new SimAnchor(2);
        final SimRig rig = SimRig.create(kind.deviceBytes(), 8);
        final List<SimulatedDevice> devices = new ArrayList<>();
        final List<SimAnchor> olds = new ArrayList<>();
        final List<SimAnchor> nexts = new ArrayList<>();
        rig.device().edit(0, images.get(2).content(0, (int) kind.deviceBytes()));
        final Runnable point = () -> {
            devices.add(rig.device().crash(POLICIES.get(devices.size() % POLICIES.size()), devices.size()));
            olds.add(anchor.copy());
            nexts.add(next.copy());
        };
        final var device = rig.open();
        rig.observe(point);
        anchor.hook(point);
        next.hook(point);
        kind.adopt(device, anchor, next, true);
        anchor.hook(() -> { });
        int done = 0;
        for (int i = 0; i < devices.size(); i++) {
            SimAnchor with = nexts.get(i);
            SimulatedDevice crashed = devices.get(i);
            try {
                kind.open(copy(crashed), with.copy(), Recorder.opening()).abandon();
                done++;
            } catch (final StorageException refused) {
                assertEquals(Category.FRESHNESS, refused.category(), "point " + i + ": " + refused.getMessage());
                refused(crashed, olds.get(i));
                with = new SimAnchor(3);
                crashed = copy(crashed);
                kind.adopt(crashed, olds.get(i), with, true);
                crashed = copy(crashed);
            }
            final EngineDisk disk = kind.open(crashed, with, Recorder.opening());
            final byte[] block = new byte[BLOCK];
            disk.read(0, block, 0, BLOCK);
            assertEquals(3, block[5], "point " + i);
            disk.abandon();
            kind.seals().check();
        }
        assertTrue(done > 1 && done < devices.size(), done + " of " + devices.size());
    }
}

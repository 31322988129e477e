package io.ringvault.disk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.log.MemoryAnchor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Session rolls and rotations of the volume key in the running process, on a tiny volume. */
class KeyRotationTest {
    private static final int BLOCKS = 256;
    private static final KeySource KEY = KeySources.key(TestDisk.KEY);
    private static final KeySource OTHER = KeySources.key("another key of 24 bytes.".getBytes());

    private static MemoryAnchor anchor() {
        final byte[] id = new byte[32];
        id[0] = 1;
        return new MemoryAnchor(id);
    }

    private static void fill(final TestDisk disk, final byte[] model, final int writes, final Random random) {
        for (int i = 0; i < writes; i++) {
            final int lba = random.nextInt(BLOCKS);
            final int count = Math.min(BLOCKS - lba, 1 + random.nextInt(4));
            final int value = 1 + random.nextInt(100);
            assertEquals(0, disk.await(disk.write(lba * 4096L, TestDisk.filled(count * 4096, value))));
            Arrays.fill(model, lba * 4096, (lba + count) * 4096, (byte) value);
        }
        assertEquals(0, disk.await(disk.sync()));
    }

    private static void check(final TestDisk disk, final byte[] model) {
        for (int lba = 0; lba < BLOCKS; lba += 32) {
            assertArrayEquals(Arrays.copyOfRange(model, lba * 4096, (lba + 32) * 4096), disk.bytes(lba * 4096L,
                32 * 4096));
        }
    }

    private static long session(final SimulatedDevice device, final KeySource source) {
        final Map<String, Object> info = Volumes.info(TestDisk.context(device, null).keySource(source).readOnly(true))
            .asMap();
        return ((Number) info.get("session")).longValue();
    }

    @Test
    void shouldLoseNothingWhenTheSessionIsRolledInUse() {
        final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, null);
        final byte[] model = new byte[BLOCKS * 4096];
        final Random random = new Random(5);
        TestDisk disk = TestDisk.open(device);
        for (int round = 0; round < 30; round++) {
            fill(disk, model, 20, random);
            disk.write(0, TestDisk.filled(4096, 7));
            Arrays.fill(model, 0, 4096, (byte) 7);
            disk.disk.rollSession();
            check(disk, model);
        }
        disk.disk.close();
        assertEquals(32, session(device, KEY));
        disk = TestDisk.open(device);
        check(disk, model);
        disk.disk.close();
    }

    @Test
    void shouldRollByItselfWhenTheSessionHasSealedEnough() {
        final MemoryAnchor anchor = anchor();
        final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, anchor);
        final byte[] model = new byte[BLOCKS * 4096];
        final TestDisk disk = TestDisk.open(device, anchor, config -> config.sessionBlocksMax = 300);
        fill(disk, model, 600, new Random(6));
        check(disk, model);
        assertTrue(anchor.read().session() > 5, () -> anchor.read().toString());
        disk.disk.close();
        final TestDisk again = TestDisk.open(device, anchor, config -> { });
        check(again, model);
        again.disk.close();
    }

    private static void rotateFully(final TestDisk disk, final KeySource... secrets) {
        disk.disk.rotateVolumeKey(List.of(secrets), true);
        settle(disk);
    }

    private static void settle(final TestDisk disk) {
        for (int i = 0; i < TestDisk.STEPS_MAX && !disk.disk.keyRotation().done(); i++) {
            disk.step();
        }
        assertTrue(disk.disk.keyRotation().done(), () -> disk.disk.keyRotation() + " " + disk.disk.counters());
    }

    @Test
    void shouldMoveEverythingToTheNewKeyAndForgetTheOldOne() {
        final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, null);
        final byte[] model = new byte[BLOCKS * 4096];
        final Random random = new Random(7);
        TestDisk disk = TestDisk.open(device);
        for (int round = 2; round < 6; round++) {
            fill(disk, model, 120, random);
            rotateFully(disk, KEY);
            assertEquals(round, disk.disk.keyRotation().keyNumber());
            check(disk, model);
            fill(disk, model, 20, random);
        }
        disk.disk.close();
        disk = TestDisk.open(device);
        check(disk, model);
        assertTrue(disk.disk.keyRotation().done());
        disk.disk.close();
        assertEquals(0, Volumes.verify(TestDisk.context(device, null).readOnly(true), blocks -> { }).damages());
    }

    /** An old header with an old secret opens nothing that is current once the key was rotated. */
    @Test
    void shouldOpenNothingWithARevokedSecretAndAnOldHeaderWhenTheKeyWasRotated() {
        final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, null);
        VolumeKeys.add(TestDisk.context(device, null), OTHER, null);
        final byte[] first = device.content(0, 4096);
        final byte[] last = device.content(device.sizeBytes() - 4096, 4096);
        final TestDisk disk = TestDisk.open(device);
        fill(disk, new byte[BLOCKS * 4096], 50, new Random(8));
        final StorageException refused = assertThrows(StorageException.class,
            () -> disk.disk.rotateVolumeKey(List.of(KEY), false));
        assertTrue(refused.getMessage().contains("[1] would be lost"), refused.getMessage());
        rotateFully(disk, KEY);
        disk.disk.close();
        assertEquals(List.of(new KeySlotInfo(0, "key", 0, 0, 0)), VolumeKeys.list(TestDisk.context(device, null)));
        device.edit(0, first);
        device.edit(device.sizeBytes() - 4096, last);
        final StorageException closed = assertThrows(StorageException.class, () -> session(device, OTHER));
        assertEquals(StorageException.Category.INTEGRITY, closed.category(), closed.getMessage());
    }

    /** A crash at every device operation of a rotation, and again in the recovery after it. */
    @Test
    void shouldSurviveACrashAtEveryOperationOfARotation() {
        final MemoryAnchor anchor = anchor();
        final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, anchor);
        final byte[] model = new byte[BLOCKS * 4096];
        final TestDisk disk = TestDisk.open(device, anchor, config -> { });
        fill(disk, model, 60, new Random(9));
        final List<Image> images = new ArrayList<>();
        device.observe(new Crasher(device, anchor, images));
        rotateFully(disk, KEY);
        device.observe(new SimulatedDevice.Observer() { });
        disk.disk.abandon();
        int switched = 0;
        int nested = 0;
        for (int i = 0; i < images.size(); i++) {
            final Image image = images.get(i);
            final List<Image> again = new ArrayList<>();
            if (i % 8 == 0) {
                image.device.observe(new Crasher(image.device, image.anchor, again));
            }
            switched += recovers(image, model) > 1 ? 1 : 0;
            for (int j = 0; j < again.size(); j += 4) {
                recovers(again.get(j), model);
                nested++;
            }
        }
        System.out.println("rotation: " + images.size() + " crash images, " + nested + " nested, " + switched
            + " recovered under the new key");
        assertTrue(switched > 20 && switched < images.size(), switched + " of " + images.size());
    }

    private record Image(SimulatedDevice device, MemoryAnchor anchor) {
    }

    private record Crasher(SimulatedDevice device, MemoryAnchor anchor, List<Image> images)
        implements SimulatedDevice.Observer {
        @Override
        public void afterSubmission(final SimulatedDevice on, final SimulatedDevice.Operation operation) {
            if (operation.kind() == SimulatedDevice.Kind.READ) {
                return;
            }
            for (final CrashPolicy policy : new CrashPolicy[] {CrashPolicy.NONE, CrashPolicy.ALL,
                CrashPolicy.RANDOM_TORN}) {
                final MemoryAnchor copy = KeyRotationTest.anchor();
                copy.force(anchor.read());
                images.add(new Image(device.crash(policy, images.size()), copy));
            }
        }
    }

    /** Opens, checks, lets the rotation end, and opens once more; the key number found first. */
    private static int recovers(final Image image, final byte[] model) {
        final TestDisk disk = TestDisk.open(image.device, image.anchor, config -> { });
        image.device.observe(new SimulatedDevice.Observer() { });
        final int number = disk.disk.keyRotation().keyNumber();
        check(disk, model);
        settle(disk);
        check(disk, model);
        disk.disk.close();
        final TestDisk again = TestDisk.open(image.device, image.anchor, config -> { });
        check(again, model);
        again.disk.close();
        assertFalse(VolumeKeys.list(TestDisk.context(image.device, null)).isEmpty());
        return number;
    }
}

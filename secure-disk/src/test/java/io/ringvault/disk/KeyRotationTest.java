package io.ringvault.disk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.MemoryAnchor;
import io.ringvault.poller.ThreadingMode;
import io.ringvault.ring.OpStatus;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
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

    /** Trims that arrive while a session ends wait as writes do: none is lost, none lies behind its chain's end. */
    @Test
    void shouldKeepATrimThatArrivesWhileTheSessionIsRolled() {
        long token = 0;
        for (int at = 1; token >= 0; at++) {
            final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, null);
            final TestDisk disk = TestDisk.open(device);
            assertEquals(0, disk.await(disk.write(0, TestDisk.filled(20 * 4096, 9))));
            assertEquals(0, disk.await(disk.sync()));
            assertEquals(0, disk.await(disk.write(0, TestDisk.filled(4096, 8))));
            final int[] left = {at};
            final long[] trim = {-1};
            device.observe(new SimulatedDevice.Observer() {
                @Override
                public void afterSubmission(final SimulatedDevice on, final SimulatedDevice.Operation operation) {
                    if (--left[0] == 0) {
                        trim[0] = disk.trim(8 * 4096L, 4 * 4096L);
                    }
                }
            });
            disk.disk.rollSession();
            device.observe(new SimulatedDevice.Observer() { });
            token = trim[0];
            if (token >= 0) {
                assertEquals(0, disk.await(token), "operation " + at);
                assertEquals(0, disk.await(disk.sync()), "operation " + at);
                final TestDisk after = TestDisk.open(device.crash(CrashPolicy.NONE, 1));
                assertArrayEquals(new byte[4 * 4096], after.bytes(8 * 4096L, 4 * 4096), "operation " + at);
                assertEquals(9, after.bytes(12 * 4096L, 1)[0]);
                after.disk.abandon();
            }
            disk.disk.abandon();
        }
    }

    /** An anchor that does not answer for a while after a rotation has taken hold. */
    private static final class SilentAnchor extends DelegatingAnchor {
        private final LongSupplier nowNs;
        private long silentNs;
        private long silentUntilNs;
        private int failed;
        private Runnable onFailure = () -> { };

        SilentAnchor(final LongSupplier nowNs) {
            super(anchor());
            this.nowNs = nowNs;
        }

        @Override
        public boolean advance(final AnchorValue expected, final AnchorValue next) {
            if (nowNs.getAsLong() < silentUntilNs) {
                failed++;
                onFailure.run();
                throw StorageException.io("the anchor does not answer");
            }
            return super.advance(expected, next);
        }

        @Override
        public void rekey(final VolumeKey key) {
            silentUntilNs = nowNs.getAsLong() + silentNs;
        }

        @Override
        public void close() {
            // The value stays.
        }
    }

    @Test
    void shouldAskAnAnchorThatDoesNotFollowARotationEverMoreSeldomAndTellWhoWaits() {
        final long[] nowNs = {0};
        final SilentAnchor anchor = new SilentAnchor(() -> nowNs[0]);
        final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, anchor);
        final byte[] model = new byte[BLOCKS * 4096];
        final TestDisk disk = TestDisk.open(device, context -> context.anchorInstance(anchor)
            .clock(() -> nowNs[0] += 500_000));
        fill(disk, model, 20, new Random(11));
        anchor.silentNs = 30_000_000_000L;
        final List<Long> refused = new ArrayList<>();
        anchor.onFailure = () -> refused.add(disk.write(4096L * refused.size(), TestDisk.filled(4096, 111)));
        disk.disk.rotateVolumeKey(List.of(KEY), true);
        assertTrue(anchor.failed >= 8 && anchor.failed <= 16, anchor.failed + " tries in 30 s");
        final long last = refused.removeLast();
        refused.forEach(token -> assertEquals(OpStatus.ANCHOR_STALLED, disk.await(token)));
        final int status = disk.await(last);
        assertTrue(status == OpStatus.OK || status == OpStatus.ANCHOR_STALLED, "status " + status);
        if (status == OpStatus.OK) {
            Arrays.fill(model, 4096 * refused.size(), 4096 * refused.size() + 4096, (byte) 111);
        }
        check(disk, model);
        fill(disk, model, 20, new Random(12));
        settle(disk);
        disk.disk.close();
        final TestDisk again = TestDisk.open(device, context -> context.anchorInstance(anchor));
        check(again, model);
        again.disk.close();
    }

    @Test
    void shouldCloseWhenTheAnchorDoesNotFollowARotationAndGoOnAtTheNextOpen() throws Exception {
        final AtomicLong nowNs = new AtomicLong();
        final SilentAnchor anchor = new SilentAnchor(nowNs::get);
        final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, anchor);
        final byte[] model = new byte[BLOCKS * 4096];
        final TestDisk first = TestDisk.open(device, context -> context.anchorInstance(anchor));
        fill(first, model, 20, new Random(13));
        first.disk.close();
        final CountDownLatch silent = new CountDownLatch(1);
        anchor.onFailure = silent::countDown;
        anchor.silentNs = 1;
        final SecureDisk disk = SecureDisk.open(TestDisk.context(device, anchor).threadingMode(ThreadingMode.SHARED));
        final AtomicReference<Throwable> thrown = new AtomicReference<>();
        final Thread rotator = Thread.ofPlatform().start(() -> {
            try {
                disk.rotateVolumeKey(List.of(KEY), true);
            } catch (final StorageException failed) {
                thrown.set(failed);
            }
        });
        silent.await();
        assertThrows(StorageException.class, disk::close);
        rotator.join();
        assertTrue(thrown.get() instanceof StorageException, "the rotation ended without a word");
        nowNs.set(1);
        anchor.silentNs = 0;
        final TestDisk again = TestDisk.open(device, context -> context.anchorInstance(anchor));
        assertEquals(2, again.disk.keyRotation().keyNumber());
        check(again, model);
        settle(again);
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

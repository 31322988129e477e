package io.ringvault.tests.anchor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.KeyRotation;
import io.ringvault.disk.KeySource;
import io.ringvault.disk.KeySources;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.disk.Volumes;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Rotations of the volume key under several writing threads with each anchor that outlives a process, cut short at
 * random moments: what was synced is there afterwards, nothing else than what was written; the rotation ends; and an
 * image from before it is refused, although anchor and image were sealed under its key once.
 */
@Timeout(200)
class RotationAnchorTest {
    private static final int BLOCK = 4096;
    private static final int WRITERS = 3;
    private static final int BLOCKS_EACH = 80;
    private static final int LIVES = 6;
    private static final KeySource KEY = KeySources.key("the key of the rotation test".getBytes());

    private final long seed = Long.getLong("seed", 11);
    private final Random random = new Random(seed);
    private final AtomicIntegerArray synced = new AtomicIntegerArray(WRITERS * BLOCKS_EACH);
    private final AtomicIntegerArray written = new AtomicIntegerArray(WRITERS * BLOCKS_EACH);
    private volatile boolean gone;
    @TempDir
    private Path folder;
    private Path image;

    private SecureDisk open() {
        return SecureDisk.open(new SecureDiskContext().device("file:" + image).keySource(KEY));
    }

    @Test
    void shouldHoldWithAnAnchorInAFile() throws Exception {
        rotate("file:" + folder.resolve("anchor"));
    }

    @Test
    void shouldHoldWithAnAnchorInATpm() throws Exception {
        try (Swtpm tpm = Swtpm.start(Files.createDirectory(folder.resolve("tpm")))) {
            rotate(tpm.vacant());
        }
    }

    @Test
    void shouldHoldWithAnAnchorInAQuorum() throws Exception {
        try (Peers peers = new Peers(Files.createDirectory(folder.resolve("peers")))) {
            rotate(peers.vacant());
        }
    }

    private void rotate(final String anchor) throws Exception {
        image = folder.resolve("image");
        Volumes.format(new FormatContext().device("file:" + image).keySource(KEY).anchor(anchor)
            .sizeBytes((long) WRITERS * BLOCKS_EACH * BLOCK));
        final Path older = folder.resolve("older");
        int unfinished = 0;
        for (int life = 0; life < LIVES; life++) {
            final SecureDisk disk = open();
            check(disk, life);
            unfinished += disk.keyRotation().done() ? 0 : 1;
            gone = false;
            final List<Thread> writers = writers(disk, life);
            writers.add(Thread.ofPlatform().start(() -> rotate(disk)));
            Thread.sleep(random.nextInt(life % 2 == 0 ? 40 : 300));
            disk.abandon();
            gone = true;
            for (final Thread writer : writers) {
                writer.join(60_000);
                assertTrue(!writer.isAlive(), "a caller hangs after the disk has gone");
            }
            if (life == LIVES / 2) {
                Files.copy(image, older);
            }
        }
        final int number;
        try (SecureDisk disk = open()) {
            check(disk, LIVES);
            if (disk.keyRotation().done()) {
                disk.rotateVolumeKey(List.of(KEY), true);
            }
            for (int tries = 0; tries < 3000 && !disk.keyRotation().done(); tries++) {
                Thread.sleep(10);
            }
            final KeyRotation rotation = disk.keyRotation();
            assertTrue(rotation.done(), rotation + " " + disk.counters());
            number = rotation.keyNumber();
        }
        assertTrue(number > 2, "hardly any rotation: " + number);
        assertEquals(0, Volumes.verify(new SecureDiskContext().device("file:" + image).keySource(KEY).readOnly(true),
            blocks -> { }).damages());
        final Path newest = Files.copy(image, folder.resolve("newest"));
        Files.copy(older, image, StandardCopyOption.REPLACE_EXISTING);
        final StorageException refused = assertThrows(StorageException.class, () -> open().close());
        assertEquals(StorageException.Category.FRESHNESS, refused.category(), refused.getMessage());
        Files.copy(newest, image, StandardCopyOption.REPLACE_EXISTING);
        try (SecureDisk disk = open()) {
            check(disk, LIVES + 1);
        }
        System.out.printf("rotations with anchor %s: %d lives, %d began within a rotation, volume key %d%n",
            anchor.replaceAll(":.*", ""), LIVES, unfinished, number);
    }

    /** As often as it can until the disk is gone. */
    private void rotate(final SecureDisk disk) {
        try {
            while (!gone) {
                if (disk.keyRotation().done()) {
                    disk.rotateVolumeKey(List.of(KEY), true);
                }
                Thread.yield();
            }
        } catch (final StorageException abandoned) {
            return; // The disk was abandoned under us.
        }
    }

    private List<Thread> writers(final SecureDisk disk, final int life) {
        final List<Thread> writers = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            final int first = i * BLOCKS_EACH;
            final Random own = new Random(seed + 31L * life + i);
            writers.add(Thread.ofPlatform().start(() -> write(disk, first, own)));
        }
        return writers;
    }

    /** Until the disk is gone. */
    private void write(final SecureDisk disk, final int first, final Random own) {
        try {
            while (true) {
                for (int i = own.nextInt(12); i >= 0; i--) {
                    final int lba = first + own.nextInt(BLOCKS_EACH);
                    final byte[] block = new byte[BLOCK];
                    final int version = written.incrementAndGet(lba);
                    ByteBuffer.wrap(block).putInt(0, version).putInt(BLOCK - 4, version);
                    disk.write((long) lba * BLOCK, MemorySegment.ofArray(block), 0, BLOCK);
                }
                final int[] before = new int[BLOCKS_EACH];
                for (int i = 0; i < BLOCKS_EACH; i++) {
                    before[i] = written.get(first + i);
                }
                disk.sync();
                for (int i = 0; i < BLOCKS_EACH; i++) {
                    synced.set(first + i, before[i]);
                }
            }
        } catch (final StorageException abandoned) {
            return; // The disk was abandoned under us.
        }
    }

    private void check(final SecureDisk disk, final int life) {
        final byte[] block = new byte[BLOCK];
        for (int lba = 0; lba < WRITERS * BLOCKS_EACH; lba++) {
            disk.read((long) lba * BLOCK, MemorySegment.ofArray(block), 0, BLOCK);
            final int found = ByteBuffer.wrap(block).getInt(0);
            assertEquals(found, ByteBuffer.wrap(block).getInt(BLOCK - 4), "half a block");
            assertTrue(found >= synced.get(lba) && found <= written.get(lba), "-Dseed=" + seed + " life " + life
                + ": block " + lba + " holds version " + found + ", synced " + synced.get(lba) + ", written "
                + written.get(lba));
            synced.set(lba, found);
            written.set(lba, found);
        }
    }
}

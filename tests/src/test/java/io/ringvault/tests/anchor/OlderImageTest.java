package io.ringvault.tests.anchor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.disk.Volumes;
import io.ringvault.tests.interop.Processes;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Irreversibility: an image is kept after every acknowledged sync; each older one, put in the place of the newest, is
 * refused with exit code 4 by every anchor but none, and served with none.
 */
class OlderImageTest {
    private static final int SYNCS = 4;
    private static final int BLOCK = 4096;

    @TempDir
    private Path folder;
    private Path image;
    private Path keyFile;
    private String anchor;

    private String device() {
        return "nvme+model:" + image;
    }

    private SecureDiskContext context() {
        return new SecureDiskContext().device(device()).keyFile(keyFile);
    }

    /** The images after each acknowledged sync, over two sessions, and the one after the close. */
    private List<Path> imagesOf(final String spec) throws Exception {
        anchor = spec;
        image = folder.resolve("volume.img");
        keyFile = Files.write(folder.resolve("key"), new byte[32]);
        Volumes.format(new FormatContext().device(device()).keyFile(keyFile).sizeBytes(8 << 20).anchor(spec));
        final List<Path> images = new ArrayList<>();
        for (int session = 0; session < 2; session++) {
            try (SecureDisk disk = SecureDisk.open(context())) {
                for (int sync = 0; sync < SYNCS / 2; sync++) {
                    final byte[] block = new byte[BLOCK];
                    Arrays.fill(block, (byte) (images.size() + 1));
                    disk.write(0, MemorySegment.ofArray(block), 0, BLOCK);
                    disk.sync();
                    images.add(Files.copy(image, folder.resolve("image" + images.size())));
                }
            }
        }
        images.add(Files.copy(image, folder.resolve("newest")));
        return images;
    }

    private void put(final Path older) throws Exception {
        Files.copy(older, image, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    private Processes.Result verify() throws Exception {
        return Processes.ringvault("verify", device(), "--key-file", keyFile.toString());
    }

    private void everyOlderImageIsRefused(final String spec) throws Exception {
        final List<Path> images = imagesOf(spec);
        for (int i = 0; i < images.size() - 1; i++) {
            put(images.get(i));
            final Processes.Result refused = verify().expect(4);
            assertTrue(refused.err().contains("RolledBack"), refused.err());
            final StorageException opened = org.junit.jupiter.api.Assertions.assertThrows(StorageException.class,
                () -> SecureDisk.open(context()));
            assertEquals(StorageException.Category.FRESHNESS, opened.category());
            assertEquals(-1, Files.mismatch(images.get(i), image), "a refused image was written to");
        }
        put(images.getLast());
        verify().expect(0);
        System.out.printf("older images: %d of %d refused with code 4, anchor %s%n", images.size() - 1,
            images.size() - 1, anchor.replaceAll("[:@].*", ""));
    }

    @Test
    void shouldBeRefusedByAFileAnchor() throws Exception {
        everyOlderImageIsRefused("file:" + folder.resolve("anchor"));
    }

    @Test
    void shouldBeRefusedByATpm() throws Exception {
        try (Swtpm tpm = Swtpm.start(Files.createDirectory(folder.resolve("tpm")))) {
            everyOlderImageIsRefused(tpm.vacant());
        }
    }

    @Test
    void shouldBeRefusedByAQuorum() throws Exception {
        try (Peers peers = new Peers(Files.createDirectory(folder.resolve("peers")))) {
            everyOlderImageIsRefused(peers.vacant());
        }
    }

    /** This anchor ends with its process, so the command cannot ask it; its category is what the command exits with. */
    @Test
    void shouldBeRefusedByAMemoryAnchor() throws Exception {
        final List<Path> images = imagesOf("memory:older-images");
        for (int i = 0; i < images.size() - 1; i++) {
            put(images.get(i));
            final StorageException opened = org.junit.jupiter.api.Assertions.assertThrows(StorageException.class,
                () -> SecureDisk.open(context()));
            assertEquals(4, opened.category().exitCode(), opened.getMessage());
            assertEquals(-1, Files.mismatch(images.get(i), image), "a refused image was written to");
        }
        put(images.getLast());
        SecureDisk.open(context()).close();
        System.out.printf("older images: %d of %d refused with code 4, anchor memory%n", images.size() - 1,
            images.size() - 1);
    }

    @Test
    void shouldBeServedWithoutAnAnchorAsDocumented() throws Exception {
        final List<Path> images = imagesOf("none");
        for (int i = 0; i < images.size() - 1; i++) {
            put(images.get(i));
            verify().expect(0);
            try (SecureDisk disk = SecureDisk.open(context().readOnly(true))) {
                final byte[] block = new byte[BLOCK];
                disk.read(0, MemorySegment.ofArray(block), 0, BLOCK);
                assertEquals(i + 1, block[0], "the older content is served");
            }
        }
    }
}

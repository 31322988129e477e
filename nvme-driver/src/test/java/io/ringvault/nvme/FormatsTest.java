package io.ringvault.nvme;

import static io.ringvault.nvme.ModelRig.assertOk;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockDevices;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.model.ModelTransport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Metadata, protection information and namespaces, seen from both ends of the cable. */
class FormatsTest {
    private static final int SIZE = 1 << 20;

    @TempDir
    private Path directory;

    private Path image() {
        return directory.resolve("image");
    }

    private static byte[] pattern(final int length, final int seed) {
        final byte[] bytes = new byte[length];
        new java.util.Random(seed).nextBytes(bytes);
        return bytes;
    }

    private byte[] onMedium(final long at, final int length) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image().toFile(), "r")) {
            final byte[] bytes = new byte[length];
            file.seek(at);
            file.readFully(bytes);
            return bytes;
        }
    }

    @Test
    void shouldLeaveZerosInTheMetadataWhenBlocksAreWrittenInEitherWay() throws IOException {
        for (final String way : new String[] {"ms=16", "ms=16&extended=1"}) {
            final byte[] bytes = pattern(8192, 1);
            try (ModelRig rig = ModelRig.create(image(), way + "&mode=inline", SIZE, 4)) {
                assertOk(rig.writeBytes(4096, pattern(8192, 2), false));
                assertOk(rig.writeBytes(4096, bytes, false));
                assertArrayEquals(bytes, rig.readBytes(4096, 8192));
            }
            assertArrayEquals(Arrays.copyOf(bytes, 4096), onMedium(4112, 4096), way);
            assertArrayEquals(new byte[16], onMedium(4112 + 4096, 16), way);
            assertArrayEquals(Arrays.copyOfRange(bytes, 4096, 8192), onMedium(2 * 4112, 4096), way);
        }
    }

    @Test
    void shouldHaveTheControllerTagBlocksWithTheirAddressWhenProtectionIsOn() throws IOException {
        try (ModelRig rig = ModelRig.create(image(), "ms=8&pi=1&mode=inline", SIZE, 4)) {
            assertOk(rig.writeBytes(3 * 4096, pattern(8192, 3), false));
        }
        final byte[] first = onMedium(3 * 4104 + 4096, 8);
        assertArrayEquals(new byte[] {0, 0, 0, 0, 0, 3}, Arrays.copyOfRange(first, 2, 8));
        assertArrayEquals(new byte[] {0, 0, 0, 0, 0, 4}, Arrays.copyOfRange(onMedium(4 * 4104 + 4096, 8), 2, 8));
        assertNotEquals(0, first[0] << 8 | first[1] & 0xFF);
    }

    @Test
    void shouldReportADamagedBlockWhenTheControllerChecksItsGuardOrTag() throws IOException {
        for (final int at : new int[] {100, 4096, 4102}) {
            for (final String way : new String[] {"ms=8&pi=1", "ms=16&pi=2&extended=1"}) {
                final int stride = way.startsWith("ms=8") ? 4104 : 4112;
                final int hit = at < 4096 ? at : at + stride - 4104;
                try (ModelRig rig = ModelRig.create(image(), way + "&mode=inline", SIZE, 4)) {
                    assertOk(rig.writeBytes(4096, pattern(8192, 3), false));
                    try (RandomAccessFile file = new RandomAccessFile(image().toFile(), "rw")) {
                        file.seek(2L * stride + hit);
                        final int old = file.read();
                        file.seek(2L * stride + hit);
                        file.write(old ^ 1);
                    }
                    rig.readBytes(4096, 4096);
                    final int status = rig.read(8192, 4096, rig.device.allocate(4096), 0);
                    assertEquals(at == 4102 ? 0x84 : 0x82, BlockStatus.code(status), way + " byte " + at);
                    assertEquals(2, BlockStatus.type(status));
                }
            }
        }
    }

    @Test
    void shouldKeepNamespacesApartWhenThereAreSeveral() {
        final String all = "namespaces=1,2,500&mode=inline";
        final byte[][] contents = new byte[3][];
        final String[] ids = {"1", "2", "500"};
        ModelRig.create(image(), all, SIZE, 1).close();
        for (int i = 0; i < ids.length; i++) {
            contents[i] = pattern(SIZE, i);
            try (ModelRig rig = open(all + "&ns=" + ids[i])) {
                assertEquals(SIZE, rig.device.sizeBytes());
                assertEquals(Integer.parseInt(ids[i]), rig.device.namespace().id());
                assertOk(rig.writeBytes(0, contents[i], false));
                final long last = rig.device.sizeBytes();
                assertThrows(IllegalArgumentException.class, () -> rig.writeBytes(last, new byte[4096], false));
            }
        }
        for (int i = 0; i < ids.length; i++) {
            try (ModelRig rig = open(all + "&ns=" + ids[i])) {
                assertArrayEquals(contents[i], rig.readBytes(0, SIZE), "namespace " + ids[i]);
            }
        }
        try (ModelRig rig = open(all)) {
            assertEquals(1, rig.device.namespace().id(), "the first active one");
        }
    }

    @Test
    void shouldSayWhichNamespaceIsMissingWhenItIsNotActive() {
        ModelRig.create(image(), "namespaces=2,5", SIZE, 1).close();
        for (final String id : new String[] {"1", "3", "6", "4294967294"}) {
            final StorageException thrown =
                assertThrows(StorageException.class, () -> open("namespaces=2,5&ns=" + id).close());
            assertEquals(StorageException.Category.CONFIGURATION, thrown.category());
            assertTrue(thrown.getMessage().contains("namespace " + id + " is not active"), thrown.getMessage());
        }
        try (ModelRig rig = open("namespaces=2,5")) {
            assertEquals(2, rig.device.namespace().id());
        }
    }

    @Test
    void shouldSayWhoHasItWhenASecondNamespaceOfAControllerInUseIsOpened() {
        ModelRig.create(image(), "namespaces=1,2", SIZE, 1).close();
        try (ModelRig first = open("namespaces=1,2&ns=1")) {
            final StorageException thrown =
                assertThrows(StorageException.class, () -> open("namespaces=1,2&ns=2").close());
            assertTrue(thrown.getMessage().contains("in use"), thrown.getMessage());
            assertOk(first.flush());
        }
    }

    @Test
    void shouldOpenAProtectedNamespaceForReadingOnly() {
        ModelRig.create(image(), "", SIZE, 1).close();
        final StorageException thrown = assertThrows(StorageException.class, () -> open("protect=1").close());
        assertEquals(StorageException.Category.CONFIGURATION, thrown.category());
        assertTrue(thrown.getMessage().contains("write protected"), thrown.getMessage());
        try (ModelRig rig = ModelRig.open(image(), "protect=1", 1, NvmeOptions.DEFAULTS, OpenMode.READ_ONLY)) {
            assertArrayEquals(new byte[4096], rig.readBytes(0, 4096));
        }
    }

    @Test
    void shouldLimitThePartsWhenMetadataNeedsRoom() {
        try (ModelRig rig = ModelRig.create(image(), "ms=8&extended=1&mdts=8k&mode=inline", SIZE, 4)) {
            assertEquals(4096, rig.device.singleCommandBytes());
            assertOk(rig.writeBytes(0, pattern(40960, 5), false));
            assertEquals(10, rig.queue.commandsCompleted());
        }
        try (ModelRig rig = ModelRig.create(image(), "ms=64&mode=inline", SIZE, 4)) {
            assertEquals(256 << 10, rig.device.singleCommandBytes());
        }
        try (ModelRig rig = ModelRig.create(image(), "ms=8&pi=1&extended=1&mode=inline", SIZE, 4)) {
            assertEquals(1 << 20, rig.device.singleCommandBytes(), "nothing but protection: nothing moves");
        }
    }

    @Test
    void shouldRefuseModelParametersWhenTheyContradictEachOther() {
        for (final String bad : new String[] {"ms=-1", "ms=4097", "pi=1", "pi=4&ms=8", "lbaf=64", "namespaces=",
            "namespaces=2,1", "namespaces=0", "namespaces=1,1", "namespaces=x"}) {
            assertThrows(StorageException.class,
                () -> ModelTransport.open(ModelRig.uri(image(), bad), OpenMode.READ_WRITE), bad);
        }
        assertFalse(image().toFile().exists());
        assertThrows(StorageException.class, () -> BlockDevices.open("nvme+model:" + image() + "?ns=0",
            OpenMode.READ_WRITE));
    }

    private ModelRig open(final String parameters) {
        return ModelRig.open(image(), parameters, 4, NvmeOptions.parse(ModelRig.uri(image(), parameters)));
    }
}

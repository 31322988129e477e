package io.ringvault.nvme;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockDevices;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.model.ModelTransport;
import io.ringvault.nvme.spec.ErrorLogEntry;
import io.ringvault.nvme.spec.SmartLog;
import io.ringvault.nvme.spec.StatusField;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class NvmeAdminTest {
    private static final long SIZE = 4 << 20;

    @TempDir
    private Path folder;

    private DeviceUri create(final String parameters) {
        final DeviceUri uri = ModelRig.uri(folder.resolve("image"), parameters);
        BlockDevices.provider(uri).create(uri, SIZE);
        return uri;
    }

    @Test
    void shouldShowTheControllerByTheNamesThatScriptsKnow() {
        try (NvmeAdmin admin = NvmeAdmin.open(create("mdts=256k").text())) {
            final Map<String, Object> fields = admin.controller();
            assertEquals("Ringvault NVMe controller model", fields.get("mn"));
            assertEquals("1.0", fields.get("fr"));
            assertEquals(6L, fields.get("mdts"), "2^6 pages of 4096");
            assertEquals(1L, fields.get("nn"));
            assertEquals(0x66L, fields.get("sqes"));
            assertEquals(0x020100L, fields.get("ver"));
            assertEquals("nqn.2026-11.io.ringvault:model", fields.get("subnqn"));
            assertEquals(1, admin.firmware().active());
            assertEquals("1.0", admin.firmware().revisions().getFirst());
        }
    }

    @Test
    void shouldListSparseNamespacesAndTheirFormats() {
        try (NvmeAdmin admin = NvmeAdmin.open(create("namespaces=1,2,5&block=512&lbaf=2").text())) {
            assertEquals(List.of(1, 2, 5), admin.namespaces());
            final Map<String, Object> namespace = admin.namespace(5);
            assertEquals(SIZE / 512, namespace.get("nsze"));
            assertEquals(2L, namespace.get("flbas"));
            assertEquals(3, ((List<?>) namespace.get("lbafs")).size());
            assertEquals(Map.of("ms", 0, "ds", 9, "rp", 0), ((List<?>) namespace.get("lbafs")).get(2));
        }
    }

    @Test
    void shouldCountCommandsAndKeepErrorsWhenIoWasDone() {
        final DeviceUri uri = create("block=512");
        final ModelTransport transport = ModelTransport.open(uri, OpenMode.READ_WRITE);
        final NvmeBlockDevice device = NvmeBlockDevice.open(uri.text(), transport, OpenMode.READ_WRITE,
            NvmeOptions.DEFAULTS.withRetries(0));
        final NvmeBlockQueue queue = device.openQueue(8);
        final DmaBuffer buffer = device.allocate(1 << 20);
        transport.model().faults().fail(2, 1, 1, 2, 0x81, true);
        for (int i = 0; i < 3; i++) {
            assertTrue(queue.write(i, 0, 1 << 20, buffer, 0, false));
        }
        assertTrue(queue.read(3, 0, 4096, buffer, 0));
        assertTrue(queue.read(4, 8192, 4096, buffer, 0));
        queue.submit();
        while (queue.inFlight() > 0) {
            queue.poll((token, status) -> { }, 8);
        }
        try (NvmeAdmin admin = NvmeAdmin.open(uri.text(), transport)) {
            final SmartLog smart = admin.smart();
            assertEquals(BigInteger.valueOf(3), smart.hostWrites());
            assertEquals(BigInteger.ONE, smart.hostReads());
            assertEquals(BigInteger.valueOf((3L << 20) / 512_000 + 1), smart.dataUnitsWritten());
            assertEquals(BigInteger.ONE, smart.dataUnitsRead());
            assertEquals(BigInteger.ONE, smart.mediaErrors());
            assertEquals(BigInteger.ONE, smart.errorLogEntries());
            final ErrorLogEntry error = admin.errors(64).getFirst();
            assertEquals(1, error.errorCount());
            assertEquals(1, error.submissionQueue());
            assertEquals(2, StatusField.type(error.status()));
            assertEquals(0x81, StatusField.code(error.status()));
            assertEquals(8192 / 512, error.lba());
            assertEquals(1, error.namespace());
            assertTrue(error.asMap().get("status_text").toString().startsWith("Unrecovered Read Error"));
        }
    }

    @Test
    void shouldEraseOneNamespaceOnlyWhenFormatted() {
        final DeviceUri uri = create("namespaces=1,2");
        final byte[] text = "text".repeat(1024).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        for (int id = 1; id <= 2; id++) {
            try (ModelRig rig = ModelRig.open(folder.resolve("image"), "namespaces=1,2", 4,
                NvmeOptions.DEFAULTS.withNamespace(id))) {
                ModelRig.assertOk(rig.writeBytes(0, text, true));
            }
        }
        try (NvmeAdmin admin = NvmeAdmin.open(uri.text())) {
            admin.format(2, -1, NvmeAdmin.Erase.USER_DATA, 10_000);
        }
        for (int id = 1; id <= 2; id++) {
            try (ModelRig rig = ModelRig.open(folder.resolve("image"), "namespaces=1,2", 4,
                NvmeOptions.DEFAULTS.withNamespace(id))) {
                assertArrayEquals(id == 1 ? text : new byte[4096], rig.readBytes(0, 4096));
            }
        }
    }

    @Test
    void shouldKeepMetadataSettingsWhenAFormatWithProtectionStays() {
        try (NvmeAdmin admin = NvmeAdmin.open(create("block=512&ms=16&extended=1&pi=1&lbaf=17").text())) {
            admin.format(1, -1, NvmeAdmin.Erase.NONE, 10_000);
            final StorageException refused = assertThrows(StorageException.class,
                () -> admin.format(1, 0, NvmeAdmin.Erase.NONE, 10_000));
            assertTrue(refused.getMessage().contains("Invalid Format"), refused.getMessage());
        }
    }

    @Test
    void shouldRefuseBeforeSendingWhenAFormatOrNamespaceIsNotThere() {
        try (NvmeAdmin admin = NvmeAdmin.open(create("").text())) {
            assertEquals(StorageException.Category.CONFIGURATION, assertThrows(StorageException.class,
                () -> admin.format(1, 7, NvmeAdmin.Erase.NONE, 10_000)).category());
            assertThrows(StorageException.class, () -> admin.format(9, -1, NvmeAdmin.Erase.NONE, 10_000));
        }
        final StorageException refused = assertThrows(StorageException.class,
            () -> NvmeAdmin.open("file:" + folder.resolve("image")));
        assertTrue(refused.getMessage().contains("is not an NVMe controller"), refused.getMessage());
        final StorageException absent = assertThrows(StorageException.class, () -> NvmeAdmin.open("/dev/nvme4711"));
        assertEquals(StorageException.Category.CONFIGURATION, absent.category());
    }

    /** A device that answers every read with noise. */
    private record Noise(Random random) implements AdminChannel {
        @Override
        public MemorySegment read(final String what, final int opcode, final int nsid, final long cdw10and11) {
            final byte[] bytes = new byte[4096];
            random.nextBytes(bytes);
            if (random.nextBoolean()) {
                java.util.Arrays.fill(bytes, (byte) -1);
            }
            return MemorySegment.ofArray(new long[512]).copyFrom(MemorySegment.ofArray(bytes));
        }

        @Override
        public void command(final String what, final int opcode, final int nsid, final long cdw10and11,
            final long timeoutMs) {
            // Nothing to answer.
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    }

    @Test
    void shouldShowOnlyBoundedPrintableThingsWhateverTheDeviceSays() {
        final long seed = Long.getLong("seed", System.nanoTime());
        final Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            try (NvmeAdmin admin = NvmeAdmin.over("noise", new Noise(random))) {
                assertPrintable(seed, admin.controller().toString());
                assertPrintable(seed, admin.namespace(1).toString());
                assertPrintable(seed, admin.smart().asMap().toString());
                assertPrintable(seed, admin.firmware().toString());
                for (final ErrorLogEntry entry : admin.errors(64)) {
                    assertPrintable(seed, entry.asMap().toString());
                }
                assertThrows(StorageException.class, admin::namespaces, () -> "a list of noise, seed " + seed);
            }
        }
    }

    @Test
    void shouldEndWhenAListOfNamespacesHasNoEnd() {
        final AdminChannel endless = new AdminChannel() {
            @Override
            public MemorySegment read(final String what, final int opcode, final int nsid, final long cdw10and11) {
                final int[] ids = new int[1024];
                java.util.Arrays.setAll(ids, i -> nsid + 1 + i);
                return MemorySegment.ofArray(new long[512]).copyFrom(MemorySegment.ofArray(ids));
            }

            @Override
            public void command(final String what, final int opcode, final int nsid, final long cdw10and11,
                final long timeoutMs) {
                throw new AssertionError(what);
            }

            @Override
            public void close() {
                // Nothing is held.
            }
        };
        final StorageException refused = assertThrows(StorageException.class,
            () -> NvmeAdmin.over("endless", endless).namespaces());
        assertTrue(refused.getMessage().contains("more than 16384"), refused.getMessage());
    }

    private static void assertPrintable(final long seed, final String text) {
        assertFalse(text.chars().anyMatch(c -> c < 0x20 || c > 0x7E), () -> "seed " + seed + ": " + text);
        assertTrue(text.length() < 20_000, () -> "seed " + seed + ": " + text.length() + " characters");
    }
}

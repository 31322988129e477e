package io.ringvault.tests.hostile;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.disk.Volumes;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.log.Geometry;
import io.ringvault.log.Header;
import io.ringvault.log.KeySlots;
import io.ringvault.log.QueueBlockStore;
import io.ringvault.log.VolumeHeader;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeOptions;
import io.ringvault.nvme.model.ModelTransport;
import io.ringvault.poller.ThreadingMode;
import io.ringvault.tests.harness.WatchedCipher;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * All memory that a controller can see (queues, lists, blocks) and the image behind it, searched during a workload for
 * 16-byte windows of the plaintext, the key file, and every key derived from it.
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LeakScanTest {
    private static final int VOLUME_BYTES = 4 << 20;
    private static final int DEVICE_BYTES = 48 << 20;
    private static final int SECRET_BYTES = 128 << 10;

    @TempDir
    private Path directory;

    private final Random random = new Random(Long.getLong("seed", 21));
    private final SecretIndex secrets = new SecretIndex();
    private final byte[] key = new byte[64];
    private final byte[] plaintext = new byte[SECRET_BYTES];
    private WatchedTransport transport;

    private Path image() {
        return directory.resolve("image");
    }

    private NvmeBlockDevice device(final String parameters) {
        transport = new WatchedTransport(ModelTransport.open(DeviceUri.parse("nvme+model:" + image()
            + "?mode=inline" + parameters), OpenMode.READ_WRITE));
        final WatchedTransport watched = transport;
        watched.beforeClose(() -> secrets.checkAbsent(watched.buffers(), "when the device closes"));
        return NvmeBlockDevice.open("scan", watched, OpenMode.READ_WRITE, NvmeOptions.DEFAULTS);
    }

    private void prepare(final String parameters) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image().toFile(), "rw")) {
            file.setLength(DEVICE_BYTES);
        }
        random.nextBytes(key);
        random.nextBytes(plaintext);
        secrets.add("the key file", key);
        secrets.add("plaintext", plaintext);
        try (NvmeBlockDevice device = device(parameters)) {
            Volumes.format(new FormatContext().blockDevice(device).key(key).sizeBytes(VOLUME_BYTES).anchor("none")
                .segmentBlocks(Geometry.MIN_SEGMENT_BLOCKS * 2).aeadProvider(new KeyCatcher())
                .configure(LeakScanTest::small));
        }
        try (NvmeBlockDevice device = device(parameters); QueueBlockStore store = QueueBlockStore.open(device)) {
            final Header header = VolumeHeader.load(store, new ArrayList<>());
            try (VolumeKey volumeKey = KeySlots.unlock(header, key)) {
                secrets.add("the volume key", volumeKey.copy());
                secrets.add("the anchor's key", volumeKey.anchorMacKey(header.volumeId()));
            }
        }
    }

    /** Small enough that checkpoints, flushes, merges and the cleaner all run. */
    private static void small(final EngineConfig config) {
        config.memtableRecords = 66;
        config.checkpointChunks = 12;
        config.checkpointBytes = 256 << 10;
        config.l0Trigger = 2;
        config.fanOut = 2;
        config.tableBlocks = 4;
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "&ms=8&extended=1", "&block=512&mdts=8k&queues=1&ms=16&pi=1"})
    void shouldShowTheControllerNeitherPlaintextNorKeysAtAnyMoment(final String parameters) throws IOException {
        prepare(parameters);
        long cleaned = 0;
        long checkpoints = 0;
        for (int session = 0; session < 3; session++) {
            try (NvmeBlockDevice device = device(parameters)) {
                final SecureDisk disk = SecureDisk.open(new SecureDiskContext().blockDevice(device).key(key)
                    .threadingMode(ThreadingMode.INVOKER).aeadProvider(new KeyCatcher())
                    .configure(LeakScanTest::small));
                for (int i = 0; i < 150; i++) {
                    operate(disk);
                    if (i % 15 == 0) {
                        secrets.checkAbsent(transport.buffers(), "session " + session + ", operation " + i);
                    }
                }
                cleaned += disk.counters().segmentsCleaned() + disk.counters().compactions();
                checkpoints += disk.counters().checkpoints();
                if (session == 1) {
                    disk.abandon();
                } else {
                    disk.close();
                }
                secrets.checkAbsent(transport.buffers(), "after the close of session " + session);
            }
            secrets.checkAbsent(image(), "image after session " + session);
        }
        assertTrue(checkpoints > 3 && cleaned > 0, "a workload that reached little: " + checkpoints + ", " + cleaned);
        System.out.println("leak scan '" + parameters + "': " + secrets.windows() + " windows of secrets, "
            + (secrets.searchedBytes() >> 20) + " MiB searched, nothing found");
    }

    private void operate(final SecureDisk disk) {
        final int length = random.nextInt(3) == 0 ? 1 + random.nextInt(5000) : 4096 * (1 + random.nextInt(24));
        final long offset = random.nextInt(VOLUME_BYTES - length);
        final int from = random.nextInt(SECRET_BYTES - length);
        switch (random.nextInt(8)) {
            case 0 -> disk.read(offset, MemorySegment.ofArray(new byte[length]), 0, length);
            case 1 -> disk.sync();
            case 2 -> disk.trim(offset & -4096, 8192);
            case 3 -> disk.writeZeroes(offset, length);
            default -> disk.write(offset, MemorySegment.ofArray(plaintext), from, length);
        }
    }

    @Test
    void shouldFindSecretsThatArePlanted() throws IOException {
        prepare("");
        try (NvmeBlockDevice device = device("")) {
            final DmaBuffer buffer = device.allocate(1 << 16);
            buffer.copyIn(plaintext, 777, 12_345, 16);
            planted("plaintext");
            buffer.segment().fill((byte) 0);
            secrets.checkAbsent(transport.buffers(), "wiped");
            buffer.copyIn(key, 48, (1 << 16) - 16, 16);
            planted("the key file");
            buffer.segment().fill((byte) 0);
        }
        try (RandomAccessFile file = new RandomAccessFile(image().toFile(), "rw")) {
            file.seek(DEVICE_BYTES / 2 + 5);
            file.write(plaintext, 100, 16);
        }
        final AssertionError found = assertThrows(AssertionError.class, () -> secrets.checkAbsent(image(), "planted"));
        assertTrue(found.getMessage().contains("plaintext at byte " + (DEVICE_BYTES / 2 + 5)), found.getMessage());
    }

    private void planted(final String what) {
        final AssertionError found =
            assertThrows(AssertionError.class, () -> secrets.checkAbsent(transport.buffers(), "planted"));
        assertTrue(found.getMessage().contains(what), found.getMessage());
    }

    /** Hears of every key that anything is sealed or opened with: those of sessions, slots and key slots. */
    private final class KeyCatcher extends WatchedCipher {
        @Override
        protected void importing(final byte[] key32) {
            secrets.add("a derived key", key32);
        }
    }
}

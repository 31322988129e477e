package io.ringvault.tests.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.AeadProvider;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.disk.Volumes;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeOptions;
import io.ringvault.nvme.model.ModelEndpoint;
import io.ringvault.poller.ThreadingMode;
import io.ringvault.torture.History;
import io.ringvault.torture.HistoryChecker;
import io.ringvault.torture.Stamp;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The registers of a controller fault beneath a secure disk at work. The JVM reports such a fault to the thread that
 * met it, at once or later, wherever that thread then is: every request ends with an error, the volume is poisoned with
 * the reason, everything closes, and on the next controller the volume is in one state no older than the last
 * acknowledged sync.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PulledControllerTest {
    private static final byte[] KEY = "the key of a pulled one".getBytes(StandardCharsets.US_ASCII);
    private static final int GRANULE = 512;
    private static final int USER_BYTES = 4 << 20;
    private static final int ROUNDS = Integer.getInteger("pulled.rounds", 4);
    /** Long enough that the rounds meet interpreted, half compiled and compiled code. */
    private static final int LATEST_MS = 400;

    private final long seed = Long.getLong("seed", 2026);
    private final Random random = new Random(seed);
    private final Map<String, Integer> reasons = new TreeMap<>();
    @TempDir
    private Path folder;
    private History history = new History(USER_BYTES / GRANULE, seed | 1);
    private int acknowledged;

    /** A session on a controller that can be pulled. */
    private final class Plugged implements AutoCloseable {
        private final ModelEndpoint endpoint = ModelEndpoint.open(uri(), OpenMode.READ_WRITE);
        private final PulledTransport transport = new PulledTransport(endpoint.connect(),
            folder.resolve("bar"));
        private final NvmeBlockDevice device = NvmeBlockDevice.open("pulled", transport, OpenMode.READ_WRITE,
            NvmeOptions.DEFAULTS);
        private final SecureDisk disk;

        Plugged(final ThreadingMode mode) throws IOException {
            this(mode, new SunJceProvider());
        }

        Plugged(final ThreadingMode mode, final AeadProvider aead) throws IOException {
            disk = SecureDisk.open(new SecureDiskContext().blockDevice(device).key(KEY).threadingMode(mode)
                .aeadProvider(aead));
        }

        @Override
        public void close() {
            device.close();
            assertTrue(transport.isClosed(), "the transport is let go");
            endpoint.close();
        }
    }

    private DeviceUri uri() {
        return DeviceUri.parse("nvme+model:" + folder.resolve("image"));
    }

    @BeforeEach
    void format() {
        Volumes.format(new FormatContext().device(uri().text()).key(KEY).sizeBytes(USER_BYTES).anchor("none"));
    }

    @ParameterizedTest
    @EnumSource(value = ThreadingMode.class, names = {"DEDICATED", "SHARED"})
    void shouldPoisonTheVolumeAndCloseWhenTheRegistersFault(final ThreadingMode mode) throws Exception {
        try {
            for (int round = 0; round < ROUNDS; round++) {
                round(mode, random.nextInt(LATEST_MS));
            }
            try (Plugged honest = new Plugged(mode); SecureDisk disk = honest.disk) {
                verify(disk);
            }
        } catch (final AssertionError | IOException failed) {
            throw new AssertionError("-Dseed=" + seed + ": " + failed.getMessage(), failed);
        }
        System.out.println("pulled controller, " + mode + ": " + reasons);
    }

    /** Compiled code may learn of a fault late, in the middle of something else: here of sealing or opening. */
    @ParameterizedTest
    @EnumSource(value = ThreadingMode.class, names = {"DEDICATED", "SHARED"})
    void shouldPoisonTheVolumeAndCloseWhenAFaultIsReportedLate(final ThreadingMode mode) throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            final LateFaultAead aead = new LateFaultAead();
            try (Plugged plugged = new Plugged(mode, aead)) {
                verify(plugged.disk);
                aead.arm(random.nextInt(3_000));
                final FutureTask<StorageException> reader = new FutureTask<>(() -> readUntilItFails(plugged.disk));
                Thread.ofPlatform().daemon().start(reader);
                poisoned(plugged.disk, () -> write(plugged.disk));
            } catch (final AssertionError | IOException failed) {
                throw new AssertionError("-Dseed=" + seed + ": " + failed.getMessage(), failed);
            }
        }
        System.out.println("late fault, " + mode + ": " + reasons);
    }

    /** Nothing is in flight when it goes: the next request meets it. */
    @Test
    void shouldPoisonTheVolumeWhenAnIdleDiskLosesItsController() throws Exception {
        try (Plugged plugged = new Plugged(ThreadingMode.SHARED)) {
            write(plugged.disk);
            plugged.disk.sync();
            plugged.transport.pull();
            poisoned(plugged.disk, () -> write(plugged.disk));
        }
    }

    private void round(final ThreadingMode mode, final long pullAfterMs) throws Exception {
        try (Plugged plugged = new Plugged(mode)) {
            verify(plugged.disk);
            final FutureTask<StorageException> reader = new FutureTask<>(() -> readUntilItFails(plugged.disk));
            Thread.ofPlatform().daemon().start(reader);
            final FutureTask<Void> pull = new FutureTask<>(() -> {
                Thread.sleep(pullAfterMs);
                plugged.transport.pull();
                return null;
            });
            Thread.ofPlatform().daemon().start(pull);
            poisoned(plugged.disk, () -> write(plugged.disk));
            pull.get();
            assertNotNull(reader.get(), "the reader ends too");
        }
    }

    /** Requests end with an error, and so does every later one; the reason is said; the disk closes. */
    private void poisoned(final SecureDisk disk, final Runnable request) {
        final StorageException failed = assertThrows(StorageException.class, () -> {
            while (true) {
                request.run();
            }
        });
        assertEquals(StorageException.Category.IO, failed.category(), failed.getMessage());
        assertThrows(StorageException.class, () -> disk.write(0, MemorySegment.ofArray(new byte[GRANULE]), 0, GRANULE));
        assertThrows(StorageException.class, disk::sync);
        final String reason = disk.counters().poisonReason();
        assertNotNull(reason, "poisoned, after " + failed.getMessage());
        assertTrue(reason.contains("controller") || reason.contains("mapped memory faulted"), reason);
        reasons.merge(reason, 1, Integer::sum);
        try {
            disk.close();
        } catch (final StorageException said) {
            assertTrue(said.getMessage().contains("read-only"), said.getMessage());
        }
    }

    private StorageException readUntilItFails(final SecureDisk disk) {
        final MemorySegment target = MemorySegment.ofArray(new byte[1 << 16]);
        final Random places = new Random(seed);
        while (true) {
            try {
                disk.read((long) places.nextInt(USER_BYTES / GRANULE - 128) * GRANULE, target, 0, 1 << 16);
            } catch (final StorageException failed) {
                return failed;
            }
        }
    }

    private void write(final SecureDisk disk) {
        final int count = 1 + random.nextInt(random.nextInt(4) == 0 ? 256 : 16);
        final int first = random.nextInt(history.granules() - count);
        final int op = history.begin(History.Kind.WRITE, first, count);
        final byte[] bytes = new byte[count * GRANULE];
        for (int i = 0; i < count; i++) {
            Stamp.write(bytes, i * GRANULE, GRANULE, first + i, history.versionOf(op), history.run());
        }
        disk.write((long) first * GRANULE, MemorySegment.ofArray(bytes), 0, bytes.length);
        history.end(op);
        if (random.nextInt(6) == 0) {
            final int covered = history.syncBegin();
            disk.sync();
            acknowledged = Math.max(acknowledged, covered);
        }
    }

    /** Reads the whole volume and goes on from the state that was found. */
    private void verify(final SecureDisk disk) throws IOException {
        final byte[] image = new byte[USER_BYTES];
        for (int at = 0; at < image.length; at += 1 << 20) {
            disk.read(at, MemorySegment.ofArray(image), at, 1 << 20);
        }
        final int state = HistoryChecker.check(history, image, GRANULE,
            history.admissibleWithoutCommits(acknowledged));
        history = history.continueFrom(state);
        acknowledged = 0;
    }
}

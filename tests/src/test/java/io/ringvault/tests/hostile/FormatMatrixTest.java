package io.ringvault.tests.hostile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringvault.disk.FormatContext;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.disk.Volumes;
import io.ringvault.poller.ThreadingMode;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A volume on every format and limit that the driver takes, in every threading mode, by URI as a user opens it. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FormatMatrixTest {
    private static final byte[] KEY = "the key of a matrix".getBytes(StandardCharsets.US_ASCII);
    private static final int VOLUME_BYTES = 4 << 20;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({"'queues=1', DEDICATED", "'queues=1', SHARED", "'queues=1&mqes=2&mdts=8k&mode=inline', INVOKER",
        "'mqes=2&mdts=8k&block=512', SHARED", "'ms=8&pi=1', DEDICATED", "'ms=16&pi=2&extended=1&mdts=16k', SHARED",
        "'ms=8&extended=1&block=512&mdts=8k', SHARED", "'ms=64&zeroes=off&deallocate=off', SHARED",
        "'namespaces=3,9,70000&ns=70000&lbaf=20', SHARED", "'dstrd=15&mqes=3&queues=1', DEDICATED"})
    void shouldKeepItsPromisesWhenTheControllerIsOdd(final String parameters, final ThreadingMode mode) {
        final String uri = "nvme+model:" + directory.resolve("image") + "?" + parameters;
        Volumes.format(new FormatContext().device(uri).key(KEY).sizeBytes(VOLUME_BYTES).anchor("none"));
        final byte[] expected = new byte[VOLUME_BYTES];
        final Random random = new Random(Long.getLong("seed", 5));
        for (int session = 0; session < 2; session++) {
            try (SecureDisk disk = SecureDisk.open(new SecureDiskContext().device(uri).key(KEY).threadingMode(mode))) {
                assertEquals(VOLUME_BYTES, disk.sizeBytes());
                for (int i = 0; i < 60; i++) {
                    final int length = 1 + random.nextInt(60_000);
                    final int offset = random.nextInt(VOLUME_BYTES - length);
                    final byte[] bytes = new byte[length];
                    random.nextBytes(bytes);
                    System.arraycopy(bytes, 0, expected, offset, length);
                    disk.write(offset, MemorySegment.ofArray(bytes), 0, length);
                    if (i % 9 == 0) {
                        disk.sync();
                    }
                }
                final byte[] found = new byte[VOLUME_BYTES];
                for (int at = 0; at < VOLUME_BYTES; at += 1 << 20) {
                    disk.read(at, MemorySegment.ofArray(found), at, 1 << 20);
                }
                assertArrayEquals(expected, found, parameters + " in session " + session);
            }
        }
    }
}

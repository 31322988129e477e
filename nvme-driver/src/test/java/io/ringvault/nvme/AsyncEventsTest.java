package io.ringvault.nvme;

import static io.ringvault.nvme.ModelRig.assertOk;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.model.FaultPlan.Hang;
import io.ringvault.nvme.spec.AsyncEvent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a controller reports by itself, and namespaces that change in use; the inline model, a clock of its own. */
class AsyncEventsTest {
    private static final int SIZE = 1 << 20;
    private static final int TOO_HOT = 1;
    private static final int WRITE = 1;
    private static final long PATIENCE_NS = 60_000_000_000L;
    private static final NvmeOptions SHORT = NvmeOptions.DEFAULTS.withCommandTimeoutMs(100).withAdminTimeoutMs(200);

    @TempDir
    private Path folder;
    private final List<String> lines = new ArrayList<>();

    private ModelRig rig() {
        final Path image = folder.resolve("image");
        ModelRig.create(image, "mode=inline", SIZE, 1).close();
        final ModelRig rig = ModelRig.open(image, "mode=inline", 4, SHORT);
        rig.device.listener(lines::add);
        return rig;
    }

    private static void pollUntil(final ModelRig rig, final BooleanSupplier met) {
        final long deadline = System.nanoTime() + PATIENCE_NS;
        while (!met.getAsBoolean()) {
            rig.poll();
            if (System.nanoTime() - deadline > 0) {
                fail("never happened");
            }
        }
    }

    private static long events(final ModelRig rig, final int type) {
        return rig.device.health().events()[type];
    }

    @Test
    void shouldCountEventsAndSayWhatTheLogPageAdds() {
        try (ModelRig rig = rig()) {
            rig.model.raise(AsyncEvent.HEALTH, TOO_HOT, AsyncEvent.LOG_HEALTH);
            pollUntil(rig, () -> events(rig, AsyncEvent.HEALTH) == 1 && !lines.isEmpty());
            assertEquals(1, lines.size());
            assertTrue(lines.getFirst().contains("health: temperature beyond a threshold: critical warning 0x"),
                lines.getFirst());
            rig.model.raise(AsyncEvent.ERROR, 4, AsyncEvent.LOG_ERROR);
            pollUntil(rig, () -> lines.size() == 2);
            assertTrue(lines.get(1).contains("error: transient internal error: error count "), lines.get(1));
        }
    }

    @Test
    void shouldReportAKindAgainOnlyAfterItsLogPageWasReadAndSayItOnceAMinute() {
        try (ModelRig rig = rig()) {
            for (int i = 1; i <= 5; i++) {
                final int count = i;
                rig.model.raise(AsyncEvent.HEALTH, TOO_HOT, AsyncEvent.LOG_HEALTH);
                pollUntil(rig, () -> events(rig, AsyncEvent.HEALTH) == count);
            }
            assertEquals(1, lines.size(), lines.toString());
            final long minute = rig.device.controller().waiter().nowNs() + 61_000_000_000L;
            pollUntil(rig, () -> rig.device.controller().waiter().nowNs() - minute > 0);
            rig.model.raise(AsyncEvent.HEALTH, TOO_HOT, AsyncEvent.LOG_HEALTH);
            pollUntil(rig, () -> lines.size() == 2);
            assertTrue(lines.get(1).endsWith("(and 4 more like it since the last line)"), lines.get(1));
        }
    }

    @Test
    void shouldGoOnWithIoWhenAControllerReportsWithoutEnd() {
        try (ModelRig rig = rig()) {
            for (int i = 0; i < 300; i++) {
                rig.model.raise(AsyncEvent.VENDOR, i & 0xFF, 0);
                assertOk(rig.writeBytes(4096L * (i & 15), new byte[4096], false));
            }
            pollUntil(rig, () -> events(rig, AsyncEvent.VENDOR) > 100);
            assertTrue(lines.size() <= 65, lines.size() + " lines");
            assertOk(rig.flush());
        }
    }

    @Test
    void shouldStayAsItWasWhenTheNamespaceGrows() {
        try (ModelRig rig = rig()) {
            rig.model.changeNamespaces(2 * SIZE / 4096, 4096, true);
            pollUntil(rig, () -> events(rig, AsyncEvent.NOTICE) == 1 && !lines.isEmpty());
            assertEquals(SIZE, rig.device.sizeBytes());
            final byte[] content = new byte[4096];
            content[7] = 7;
            assertOk(rig.writeBytes(SIZE - 4096, content, false));
            assertArrayEquals(content, rig.readBytes(SIZE - 4096, 4096));
            assertEquals("", rig.device.health().failure());
        }
    }

    @ParameterizedTest
    @CsvSource({"128, 4096, 'blocks: 256, now 128'", "2048, 512, 'block size: 4096, now 512'", "0, 0, is not active",
        "-1, 0, 'NGUID and EUI64: '"})
    void shouldEndTheDeviceWhenTheNamespaceShrinksIsReformattedOrDetached(final long blocks, final int blockBytes,
        final String reason) {
        try (ModelRig rig = rig()) {
            change(rig, blocks, blockBytes, true);
            pollUntil(rig, () -> !rig.device.health().failure().isEmpty());
            assertChanged(rig, reason);
        }
    }

    @ParameterizedTest
    @CsvSource({"128, 4096, 'blocks: 256, now 128'", "2048, 512, 'block size: 4096, now 512'", "0, 0, is not active",
        "-1, 0, 'NGUID and EUI64: '"})
    void shouldNoticeAtTheNextResetWhenNobodyToldOfTheChange(final long blocks, final int blockBytes,
        final String reason) {
        try (ModelRig rig = rig()) {
            rig.model.faults().hang(WRITE, 0, 1, Hang.BEFORE, false);
            final DmaBuffer buffer = rig.device.allocate(4096);
            final long token = rig.token();
            assertTrue(rig.queue.write(token, 0, 4096, buffer, 0, false));
            change(rig, blocks, blockBytes, false);
            assertEquals(BlockStatus.DRIVER_CHANGED, BlockStatus.code(rig.await(token)));
            assertChanged(rig, reason);
        }
    }

    private static void change(final ModelRig rig, final long blocks, final int blockBytes, final boolean tell) {
        if (blocks == 0) {
            rig.model.detachNamespaces(tell);
        } else if (blocks < 0) {
            rig.model.replaceNamespaces(tell);
        } else {
            rig.model.changeNamespaces(blocks, blockBytes, tell);
        }
    }

    private static void assertChanged(final ModelRig rig, final String reason) {
        final DmaBuffer buffer = rig.device.allocate(4096);
        final int status = rig.read(0, 4096, buffer, 0);
        assertEquals(BlockStatus.ORIGIN_DRIVER, BlockStatus.origin(status));
        assertTrue(BlockStatus.code(status) == BlockStatus.DRIVER_CHANGED
            || BlockStatus.code(status) == BlockStatus.DRIVER_GONE, BlockStatus.describe(status));
        assertTrue(rig.device.health().failure().contains(reason), rig.device.health().failure());
        assertEquals(0, rig.device.health().resets(), "a changed namespace must not be used again");
    }
}

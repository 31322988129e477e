package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceFault;
import io.ringvault.block.SimulatedDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DurableWindowTest {
    private static final SpaceReserves NO_RESERVES = new SpaceReserves(0, 0, 0, 0);
    private static final int RETRYABLE = BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_INJECTED,
        true);

    private static LogRig rig() {
        return new LogRig(LogRig.tiny(), 64, 32, NO_RESERVES);
    }

    @Test
    void shouldMakeASmallSyncOneWriteWithFuaAndNoFlush() {
        final LogRig rig = rig();
        rig.place(0, 1);
        rig.chunks.commit(false, false);
        rig.drain();
        assertEquals(List.of(1L), rig.durable);
        assertEquals(1, rig.operations.size());
        assertTrue(rig.operations.get(0).fua());
        for (int i = 2; i < 6; i++) {
            rig.place(0, i);
            rig.chunks.commit(false, false);
            rig.drain();
        }
        assertEquals(5, rig.operations.size(), "one device write for each sync");
        assertEquals(0, rig.count(SimulatedDevice.Kind.FLUSH));
    }

    @Test
    void shouldSendEarlierChunksThenTheCommitWithOneFlush() {
        final LogRig rig = rig();
        for (int i = 0; i < 7; i++) {
            rig.place(0, i);
        }
        rig.chunks.commit(false, false);
        rig.window.step();
        assertEquals(2, rig.operations.size(), "the commit waits for the two chunks before it");
        assertTrue(rig.operations.stream().noneMatch(SimulatedDevice.Operation::fua));
        rig.drain();
        assertEquals(List.of(1L, 2L, 3L), rig.durable);
        assertEquals(4, rig.operations.size());
        assertTrue(rig.operations.get(2).fua());
        assertEquals(SimulatedDevice.Kind.FLUSH, rig.operations.get(3).kind());
    }

    @Test
    void shouldNeedNeitherFuaNorFlushWithoutAVolatileCache() {
        final LogRig rig = new LogRig(LogRig.tiny(), SimulatedDevice.Settings.of((32L + 64 * 32) * 4096)
            .withVolatileCache(false), 1, 64, 32, NO_RESERVES);
        for (int i = 0; i < 7; i++) {
            rig.place(0, i);
        }
        rig.chunks.commit(false, false);
        rig.drain();
        assertEquals(List.of(1L, 2L, 3L), rig.durable);
        assertTrue(rig.operations.stream().noneMatch(SimulatedDevice.Operation::fua));
        assertEquals(0, rig.count(SimulatedDevice.Kind.FLUSH));
    }

    @Test
    void shouldAnnounceInOrderAndOnlyWhatTheDeviceKeepsThroughACrash() {
        for (int seed = 0; seed < 20; seed++) {
            final LogRig rig = new LogRig(LogRig.tiny(), SimulatedDevice.Settings.of((32L + 64 * 32) * 4096)
                .withMaxDelayPolls(5), seed, 64, 32, NO_RESERVES);
            final Random random = new Random(seed);
            long expected = 1;
            for (int i = 0; i < 150; i++) {
                if (rig.chunks.canPlace(0, 1, 0) && random.nextInt(4) != 0) {
                    rig.place(random.nextInt(8) == 0 && rig.chunks.canPlace(1, 1, 0) ? 1 : 0, i);
                }
                if (random.nextInt(6) == 0 && rig.chunks.canCommit()) {
                    rig.chunks.commit(false, false);
                }
                rig.window.step();
                rig.queue.submit();
                rig.poll();
                for (ChunkBuffer chunk = rig.window.nextDurable(); chunk != null; chunk = rig.window.nextDurable()) {
                    assertEquals(expected++, chunk.sequence, "seed " + seed);
                    final long at = rig.geometry.blockOf(chunk.segment, chunk.summarySlot) * 4096;
                    final int length = (1 + chunk.dataBlocks) * 4096;
                    final byte[] sent = new byte[length];
                    rig.window.arena().copyOut(chunk.offsetOf(chunk.summarySlot), sent, 0, length);
                    assertArrayEquals(sent, rig.device.durableContent(at, length), "seed " + seed + " "
                        + chunk.sequence);
                    rig.window.release(chunk);
                }
            }
            assertNull(rig.state.poisonReason());
            assertTrue(expected > 10, "only " + expected);
        }
    }

    @Test
    void shouldSendIdenticalBytesToTheIdenticalPlaceAgain() {
        final LogRig rig = rig();
        rig.device.inject(DeviceFault.fail(SimulatedDevice.Kind.WRITE, 1, RETRYABLE).torn());
        rig.device.inject(DeviceFault.fail(SimulatedDevice.Kind.WRITE, 2, RETRYABLE));
        rig.place(0, 1);
        rig.chunks.commit(false, false);
        final byte[] before = arena(rig);
        rig.drain();
        assertEquals(3, rig.operations.size());
        for (final SimulatedDevice.Operation each : rig.operations) {
            assertEquals(rig.operations.get(0).offsetBytes(), each.offsetBytes());
            assertEquals(rig.operations.get(0).lengthBytes(), each.lengthBytes());
            assertTrue(each.fua());
        }
        assertArrayEquals(before, arena(rig), "nothing was sealed again");
        assertEquals(List.of(1L), rig.durable);
        assertEquals(1, rig.walk().size());
    }

    @Test
    void shouldPoisonAfterAFinalErrorOrTooManyRetries() {
        for (final int status : new int[] {DeviceFault.DEFAULT_STATUS, RETRYABLE}) {
            final LogRig rig = rig();
            rig.device.inject(DeviceFault.fail(SimulatedDevice.Kind.WRITE, 1, status).persistently());
            rig.place(0, 1);
            rig.chunks.commit(false, false);
            rig.drain();
            assertNotNull(rig.state.poisonReason());
            assertTrue(rig.durable.isEmpty());
            assertEquals(status == RETRYABLE ? 5 : 1, rig.operations.size());
        }
    }

    @Test
    void shouldPoisonAfterAFailedFlushAndNeverFlushAgain() {
        final LogRig rig = rig();
        rig.device.inject(DeviceFault.fail(SimulatedDevice.Kind.FLUSH, 1, RETRYABLE));
        for (int i = 0; i < 7; i++) {
            rig.place(0, i);
        }
        rig.chunks.commit(false, false);
        rig.drain();
        assertNotNull(rig.state.poisonReason());
        assertTrue(rig.durable.isEmpty());
        assertEquals(1, rig.count(SimulatedDevice.Kind.FLUSH));
    }

    @Test
    void shouldNotCountAFlushForWritesThatCompletedAfterItsSubmission() {
        final LogRig rig = rig();
        for (int i = 0; i < 3; i++) {
            rig.place(0, i);
        }
        rig.window.step();
        rig.queue.submit();
        rig.window.onFlushCompletion(0, BlockStatus.OK);
        rig.poll();
        assertNull(rig.window.nextDurable(), "completed, but no flush was submitted since");
    }

    @Test
    void shouldKeepTheLogWithinItsWindow() {
        final EngineConfig config = LogRig.tiny();
        config.windowBytes = 40_000;
        final LogRig rig = new LogRig(config, 64, 64, NO_RESERVES);
        int placed = 0;
        int refused = 0;
        for (int i = 0; i < 400; i++) {
            if (rig.chunks.canPlace(0, 1, 0)) {
                rig.place(0, i);
                placed++;
            } else {
                refused++;
                rig.step();
            }
            final long beyond = rig.chunks.nextSequence() - 1 - rig.window.durableSequence();
            assertTrue(beyond * 3 * 4096 <= 40_000 + 5 * 4096, beyond + " chunks beyond the mark");
        }
        assertTrue(refused > 0);
        assertTrue(placed > 100, "only " + placed + ": the window must open again by itself");
    }

    @Test
    void shouldGiveEveryBufferBack() {
        final LogRig rig = rig();
        final List<Integer> free = new ArrayList<>();
        for (int round = 0; round < 40; round++) {
            for (int i = 0; i < 5; i++) {
                rig.place(0, i);
            }
            rig.chunks.commit(false, false);
            rig.drain();
            free.add(rig.window.freeBuffers());
        }
        assertTrue(free.stream().allMatch(each -> each == 16), free.toString());
        assertTrue(rig.window.idle());
        assertFalse(rig.state.poisoned());
    }

    private static byte[] arena(final LogRig rig) {
        final byte[] bytes = new byte[(int) rig.window.arena().lengthBytes()];
        rig.window.arena().copyOut(0, bytes, 0, bytes.length);
        return bytes;
    }
}

package io.ringvault.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;

/** What every device must do, in a form that any device's test can run. */
final class PortContract {
    private static final int BLOCK = 4096;

    private PortContract() {
    }

    static int finish(final BlockQueue queue) {
        final int[] worst = new int[1];
        queue.submit();
        while (queue.inFlight() > 0) {
            if (queue.poll((token, status) -> worst[0] |= status, 64) == 0) {
                Thread.yield();
            }
        }
        return worst[0];
    }

    /** Random writes, zeroes and reads against an array; the device holds zeros. */
    static void behavesLikeAnArray(final BlockDevice device, final long seed) {
        final Random random = new Random(seed);
        final byte[] model = new byte[(int) device.sizeBytes()];
        final int blocks = model.length / BLOCK;
        final BlockQueue queue = device.openQueue(8);
        final DmaBuffer buffer = device.allocate(64 * BLOCK);
        for (int step = 0; step < 400; step++) {
            final int at = random.nextInt(blocks) * BLOCK;
            final int length = Math.min(1 + random.nextInt(64), (model.length - at) / BLOCK) * BLOCK;
            switch (random.nextInt(4)) {
                case 0, 1 -> {
                    final byte[] data = new byte[length];
                    random.nextBytes(data);
                    buffer.copyIn(data, 0, 0, length);
                    assertTrue(queue.write(step, at, length, buffer, 0, random.nextInt(20) == 0));
                    System.arraycopy(data, 0, model, at, length);
                }
                case 2 -> {
                    assertTrue(queue.writeZeroes(step, at, length));
                    Arrays.fill(model, at, at + length, (byte) 0);
                }
                default -> assertTrue(random.nextInt(20) == 0 ? queue.flush(step) : queue.read(step, at, length,
                    buffer, 0));
            }
            assertEquals(BlockStatus.OK, finish(queue), "seed " + seed + " step " + step);
            assertTrue(queue.read(step, at, length, buffer, 0));
            assertEquals(BlockStatus.OK, finish(queue));
            final byte[] read = new byte[length];
            buffer.copyOut(0, read, 0, length);
            assertArrayEquals(Arrays.copyOfRange(model, at, at + length), read, "seed " + seed + " step " + step);
        }
        queue.close();
    }

    /** Depth, tokens, hand-over and arguments. */
    static void keepsTheQueueRules(final BlockDevice device) {
        final BlockQueue queue = device.openQueue(4);
        final DmaBuffer buffer = device.allocate(4 * BLOCK);
        for (int lap = 0; lap < 5; lap++) {
            final Set<Long> tokens = new HashSet<>();
            for (long token = 0; token < 4; token++) {
                assertTrue(queue.write(token, token * BLOCK, BLOCK, buffer, token * BLOCK, false));
            }
            assertFalse(queue.flush(9));
            assertEquals(4, queue.inFlight());
            assertEquals(0, queue.poll((token, status) -> tokens.add(token), 10));
            queue.submit();
            while (queue.inFlight() > 0) {
                final int before = tokens.size();
                assertTrue(queue.poll((token, status) -> assertTrue(tokens.add(token)), 1) <= 1);
                assertTrue(tokens.size() <= before + 1);
            }
            assertEquals(Set.of(0L, 1L, 2L, 3L), tokens);
        }
        assertThrows(IllegalArgumentException.class, () -> queue.read(1, 1, BLOCK, buffer, 0));
        assertThrows(IllegalArgumentException.class, () -> queue.read(1, device.sizeBytes(), BLOCK, buffer, 0));
        assertThrows(IllegalArgumentException.class, () -> queue.read(1, 0, BLOCK, buffer, 512));
        assertThrows(IllegalArgumentException.class, () -> queue.read(1, 0, 2 * BLOCK, buffer, 3 * BLOCK));
        assertThrows(IllegalArgumentException.class, () -> device.allocate(100));
        assertThrows(IllegalArgumentException.class, () -> device.openQueue(5000));
        queue.close();
    }

    /** Only reads work. */
    static void refusesChanges(final BlockDevice device) {
        final BlockQueue queue = device.openQueue(4);
        final DmaBuffer buffer = device.allocate(BLOCK);
        assertTrue(queue.read(1, 0, BLOCK, buffer, 0));
        assertEquals(BlockStatus.OK, finish(queue));
        assertTrue(queue.write(1, 0, BLOCK, buffer, 0, false));
        assertEquals("errno 30", BlockStatus.describe(finish(queue)));
        assertTrue(queue.flush(1));
        assertEquals("errno 30", BlockStatus.describe(finish(queue)));
        assertTrue(queue.deallocate(1, 0, BLOCK));
        assertEquals("errno 30", BlockStatus.describe(finish(queue)));
        queue.close();
    }
}

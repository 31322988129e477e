package io.ringvault.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.SimulatedDevice.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SharedQueueTest {
    private static final int BLOCK = 4096;
    private static final int DEPTH = 8;

    private final SimulatedDevice device = new SimulatedDevice(Settings.of(64 * BLOCK).withRefuseOverlaps(false), 1);
    private final BlockQueue[] queues = SharedQueue.open(device, DEPTH, 2);
    private final DmaBuffer buffer = device.allocate(64 * BLOCK);

    @Test
    void shouldDeliverEachCompletionToItsOwnerWhenTokensAreTheSame() {
        final Random random = new Random(Long.getLong("seed", 7));
        final List<Map<Long, Integer>> expected = List.of(new HashMap<>(), new HashMap<>());
        long completed = 0;
        for (int round = 0; round < 5000; round++) {
            final int which = random.nextInt(2);
            final BlockQueue queue = queues[which];
            final Map<Long, Integer> mine = expected.get(which);
            final long token = random.nextInt(1000);
            if (!mine.containsKey(token)) {
                final long at = random.nextInt(64) * (long) BLOCK;
                final boolean accepted = random.nextBoolean() ? queue.read(token, at, BLOCK, buffer, at)
                    : random.nextBoolean() ? queue.flush(token) : queue.deallocate(token, at, BLOCK);
                assertEquals(mine.size() < DEPTH, accepted, "full by its own count only");
                if (accepted) {
                    mine.put(token, which);
                }
            }
            queue.submit();
            final int polledQueue = random.nextInt(2);
            final Map<Long, Integer> polled = expected.get(polledQueue);
            completed += queues[polledQueue].poll((done, status) -> {
                assertEquals(BlockStatus.OK, status);
                assertTrue(polled.remove(done) != null, "token " + done + " belongs to the other queue");
            }, 1 + random.nextInt(3));
            assertEquals(expected.get(0).size(), queues[0].inFlight());
            assertEquals(expected.get(1).size(), queues[1].inFlight());
        }
        assertTrue(completed > 1000);
    }

    @Test
    void shouldKeepWhatTheOthersPollBroughtUntilItIsAskedFor() {
        assertTrue(queues[0].flush(5));
        assertTrue(queues[1].flush(5));
        queues[0].submit();
        final List<Long> second = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            queues[0].poll((token, status) -> { }, 1);
        }
        assertEquals(0, queues[0].inFlight());
        assertEquals(1, queues[1].inFlight(), "completed, not delivered");
        assertEquals(1, queues[1].poll((token, status) -> second.add(token), 64));
        assertEquals(List.of(5L), second);
        assertEquals(0, queues[1].inFlight());
    }

    @Test
    void shouldMoveTheRightBytesWhenBothWrite() {
        final byte[] ones = new byte[BLOCK];
        Arrays.fill(ones, (byte) 1);
        buffer.copyIn(ones, 0, BLOCK, BLOCK);
        assertTrue(queues[1].write(1, 3 * BLOCK, BLOCK, buffer, BLOCK, true));
        assertTrue(queues[0].writeZeroes(1, 0, BLOCK));
        queues[1].submit();
        while (queues[0].inFlight() + queues[1].inFlight() > 0) {
            for (final BlockQueue queue : queues) {
                queue.poll((token, status) -> assertEquals(BlockStatus.OK, status), 4);
            }
        }
        assertArrayEquals(ones, device.content(3 * BLOCK, BLOCK));
    }

    @Test
    void shouldTellEachOwnerOfAResetAndHoldFlushesUntilBothKnow() {
        device.allowResets();
        device.reset(1);
        for (final BlockQueue queue : queues) {
            for (int i = 0; i < 10; i++) {
                queue.poll((token, status) -> { }, 4);
            }
            assertEquals(1, queue.resets());
        }
        queues[0].acknowledgeReset();
        assertFalse(queues[0].flush(1), "the other one does not know yet");
        queues[1].acknowledgeReset();
        assertTrue(queues[0].flush(1));
        queues[0].submit();
        final int[] ended = {-1};
        while (queues[0].inFlight() > 0) {
            queues[0].poll((token, status) -> ended[0] = status, 4);
        }
        assertEquals(BlockStatus.OK, ended[0]);
    }

    @Test
    void shouldCloseTheQueueWhenTheLastOfThemIsClosed() {
        assertTrue(queues[0].flush(1));
        queues[0].close();
        queues[0].close();
        assertTrue(queues[1].flush(2));
        queues[1].submit();
        final List<Long> tokens = new ArrayList<>();
        while (queues[1].inFlight() > 0) {
            queues[1].poll((token, status) -> tokens.add(token), 4);
        }
        assertEquals(List.of(2L), tokens);
        queues[1].close();
    }
}

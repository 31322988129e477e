package io.ringvault.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DmaBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A queue pair against a scripted controller: the test writes the completion entries itself. */
class QueuePairTest {
    private static final int QUEUE = 3;
    private static final int STRIDE = 16;

    private final Arena arena = Arena.ofAuto();
    private final MemorySegment doorbells = arena.allocate(4096, 4096);
    private final List<String> heard = new ArrayList<>();
    private ByteBuffer submissions;
    private ByteBuffer completions;
    private int deviceTail;
    private int devicePhase = 1;
    private int entries;

    private QueuePair pair(final int queueEntries, final int trackers) {
        entries = queueEntries;
        final QueueMemory memory = new QueueMemory(entries, buffer(64L * entries), buffer(16L * entries),
            buffer(4096L * trackers));
        submissions = memory.submissions().segment().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        completions = memory.completions().segment().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        return new QueuePair(QUEUE, entries, trackers, memory, doorbells, STRIDE, () -> { });
    }

    private DmaBuffer buffer(final long lengthBytes) {
        final MemorySegment segment = arena.allocate(lengthBytes + 4095 & -4096, 4096);
        return DmaBuffer.contiguous(segment, 1L << 40);
    }

    private int doorbell(final int index) {
        return doorbells.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).getInt(index * STRIDE);
    }

    private void complete(final int commandId, final int status, final int queue, final int head) {
        completions.putInt(deviceTail * 16, 0xC0FFEE00 | commandId).putShort(deviceTail * 16 + 8, (short) head)
            .putShort(deviceTail * 16 + 10, (short) queue)
            .putInt(deviceTail * 16 + 12, status << 17 | devicePhase << 16 | commandId);
        deviceTail++;
        if (deviceTail == entries) {
            deviceTail = 0;
            devicePhase ^= 1;
        }
    }

    private int poll(final QueuePair pair, final int limit) {
        return pair.poll((tracker, status, result) -> {
            heard.add(tracker + ":" + status + ":" + Integer.toHexString(result));
            pair.release(tracker);
        }, limit);
    }

    @Test
    void shouldReuseTheTrackerUsedLastWhenOneIsFreed() {
        final QueuePair pair = pair(8, 4);
        assertEquals(0, pair.claim());
        assertEquals(1, pair.claim());
        pair.release(0);
        assertEquals(0, pair.claim());
        assertEquals(2, pair.claim());
        assertEquals(3, pair.claim());
        assertEquals(-1, pair.claim());
    }

    @Test
    void shouldRefuseAsManyTrackersAsEntriesWhenBuilt() {
        assertThrows(IllegalArgumentException.class, () -> pair(4, 4));
        assertThrows(IllegalArgumentException.class, () -> pair(4, 0));
    }

    @Test
    void shouldWriteOneDoorbellPerBatchWhenCommandsArePlaced() {
        final QueuePair pair = pair(8, 7);
        for (int i = 0; i < 3; i++) {
            pair.place(pair.claim(), 1, 9, 0x1000L * i, 0, 0, 0);
        }
        assertEquals(0, doorbell(2 * QUEUE));
        pair.ring();
        pair.ring();
        assertEquals(3, doorbell(2 * QUEUE));
        assertEquals(1, pair.doorbellWrites());
        assertEquals(0x0002_0001, submissions.getInt(2 * 64));
        for (int i = 0; i < 3; i++) {
            complete(i, 0, QUEUE, 3);
        }
        assertEquals(2, poll(pair, 2));
        assertEquals(1, poll(pair, 2));
        assertEquals(3, doorbell(2 * QUEUE + 1));
        assertEquals(3, pair.doorbellWrites());
        assertEquals(List.of("0:0:c0ffee00", "1:0:c0ffee01", "2:0:c0ffee02"), heard);
        assertEquals(0, poll(pair, 2));
        assertEquals(1, pair.idlePolls());
        assertEquals(3, pair.polls());
        assertEquals(3, pair.completed());
    }

    @Test
    void shouldKeepStepWithTheRingsWhenTheyWrapManyTimesInAnyOrder() {
        final long seed = Long.getLong("seed", System.nanoTime());
        final Random random = new Random(seed);
        for (final int size : new int[] {2, 3, 5, 64}) {
            deviceTail = 0;
            devicePhase = 1;
            heard.clear();
            final QueuePair pair = pair(size, size - 1);
            final List<Integer> withDevice = new ArrayList<>();
            final ArrayDeque<String> expected = new ArrayDeque<>();
            int placed = 0;
            for (int round = 0; round < 2000; round++) {
                final int tracker = random.nextBoolean() ? pair.claim() : -1;
                if (tracker >= 0) {
                    pair.place(tracker, 2, 1, 0, 0, placed, 0);
                    pair.ring();
                    assertEquals(placed, submissions.getInt(placed % size * 64 + 40), "seed " + seed);
                    placed++;
                    assertEquals(placed % size, doorbell(2 * QUEUE));
                    withDevice.add(tracker);
                } else if (!withDevice.isEmpty() && random.nextBoolean()) {
                    final int commandId = withDevice.remove(random.nextInt(withDevice.size()));
                    complete(commandId, round & 0xFF, QUEUE, 0);
                    expected.add(commandId + ":" + (round & 0xFF) + ":" + Integer.toHexString(0xC0FFEE00 | commandId));
                } else {
                    poll(pair, 1 + random.nextInt(3));
                }
            }
            poll(pair, size);
            assertEquals(List.copyOf(expected), heard, "seed " + seed);
            assertFalse(pair.broken());
        }
    }

    @Test
    void shouldBreakAndTouchNothingWhenACompletionIsImpossible() {
        final int[][] hostile = {{7, QUEUE, 0}, {0xFFFF, QUEUE, 0}, {1, QUEUE, 0}, {0, QUEUE + 1, 0}, {0, QUEUE, 8},
            {0, QUEUE, 0xFFFF}};
        for (final int[] entry : hostile) {
            deviceTail = 0;
            devicePhase = 1;
            final QueuePair pair = pair(8, 7);
            pair.place(pair.claim(), 2, 1, 0, 0, 0, 0);
            pair.claim();
            complete(entry[0], 0, entry[1], entry[2]);
            complete(0, 0, QUEUE, 1);
            assertEquals(1, poll(pair, 8));
            assertTrue(pair.broken());
            assertTrue(pair.isOutstanding(0));
            assertTrue(heard.isEmpty());
            assertEquals(0, poll(pair, 8));
        }
    }

    @Test
    void shouldBreakWhenTheSameCommandCompletesTwice() {
        final QueuePair pair = pair(8, 7);
        pair.place(pair.claim(), 2, 1, 0, 0, 0, 0);
        complete(0, 0, QUEUE, 1);
        complete(0, 0, QUEUE, 1);
        poll(pair, 8);
        assertEquals(1, heard.size());
        assertTrue(pair.broken());
    }

    @Test
    void shouldIgnoreEntriesOfTheLastRoundWhenTheirPhaseIsStale() {
        final QueuePair pair = pair(2, 1);
        for (int i = 0; i < 5; i++) {
            pair.place(pair.claim(), 2, 1, 0, 0, 0, 0);
            assertEquals(0, poll(pair, 8), "a stale entry was taken in round " + i);
            complete(0, 0, QUEUE, 0);
            assertEquals(1, poll(pair, 8));
        }
    }

    @Test
    void shouldStayConsistentWhenTheListenerThrows() {
        final QueuePair pair = pair(8, 7);
        pair.place(pair.claim(), 2, 1, 0, 0, 0, 0);
        pair.place(pair.claim(), 2, 1, 0, 0, 0, 0);
        complete(0, 0, QUEUE, 1);
        complete(1, 0, QUEUE, 2);
        assertThrows(IllegalStateException.class, () -> pair.poll((tracker, status, result) -> {
            pair.release(tracker);
            throw new IllegalStateException("from the listener");
        }, 8));
        assertEquals(1, doorbell(2 * QUEUE + 1));
        assertEquals(1, poll(pair, 8));
        assertEquals(0, pair.outstanding());
    }
}

package io.ringvault.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RequestRingTest {

    @Test
    void shouldDeliverEveryFieldInOrderAcrossManyLaps() {
        final RequestRing ring = new RequestRing(8);
        final List<String> seen = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            assertTrue(ring.offer(i, i + 1, OpCode.WRITE, OpFlags.FUA, i * 4096L, (1L << 40) + i));
            if (i % 3 == 2) {
                assertEquals(3, ring.size());
                ring.drain((client, slot, opcode, flags, offset, length) ->
                    seen.add(client + " " + slot + " " + opcode + " " + flags + " " + offset + " " + length), 100);
            }
        }
        assertEquals(999, seen.size());
        for (int i = 0; i < 999; i++) {
            assertEquals(i + " " + (i + 1) + " 2 1 " + i * 4096L + " " + ((1L << 40) + i), seen.get(i));
        }
    }

    @Test
    void shouldHoldExactlyItsCapacityAndHonourTheLimit() {
        final RequestRing ring = new RequestRing(8);
        for (int lap = 0; lap < 10; lap++) {
            for (int i = 0; i < 8; i++) {
                assertTrue(ring.offer(i, 0, OpCode.READ, 0, 0, 0));
            }
            assertFalse(ring.offer(9, 0, OpCode.READ, 0, 0, 0));
            assertEquals(8, ring.size());
            final List<Integer> clients = new ArrayList<>();
            assertEquals(5, ring.drain((client, slot, opcode, flags, offset, length) -> clients.add(client), 5));
            assertEquals(3, ring.drain((client, slot, opcode, flags, offset, length) -> clients.add(client), 5));
            assertEquals(List.of(0, 1, 2, 3, 4, 5, 6, 7), clients);
        }
    }

    @Test
    void shouldKeepEachProducersOrderWhenManyProduce() throws Exception {
        final RequestRing ring = new RequestRing(64);
        final int perThread = 20_000;
        final Thread[] producers = new Thread[3];
        for (int p = 0; p < producers.length; p++) {
            final int client = p;
            producers[p] = Thread.ofPlatform().start(() -> {
                for (int i = 0; i < perThread; i++) {
                    while (!ring.offer(client, i, OpCode.SYNC, 0, (long) client << 32 | i, i)) {
                        Thread.yield();
                    }
                }
            });
        }
        final int[] next = new int[producers.length];
        int total = 0;
        while (total < perThread * producers.length) {
            final int drained = ring.drain((client, slot, opcode, flags, offset, length) -> {
                assertEquals(next[client]++, slot);
                assertEquals((long) client << 32 | slot, offset);
            }, 16);
            total += drained;
            if (drained == 0) {
                Thread.yield();
            }
        }
        for (final Thread producer : producers) {
            producer.join();
        }
        assertEquals(0, ring.size());
    }

    @Test
    void shouldRefuseCapacitiesThatAreNoPowerOfTwo() {
        assertThrows(IllegalArgumentException.class, () -> new RequestRing(0));
        assertThrows(IllegalArgumentException.class, () -> new RequestRing(4));
        assertThrows(IllegalArgumentException.class, () -> new RequestRing(12));
    }
}

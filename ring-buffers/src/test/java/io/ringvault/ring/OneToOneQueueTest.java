package io.ringvault.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class OneToOneQueueTest {

    @Test
    void shouldHoldExactlyItsCapacityInOrder() {
        for (final int capacity : new int[] {1, 2, 3, 5, 8}) {
            final OneToOneQueue<Integer> queue = new OneToOneQueue<>(capacity);
            for (int lap = 0; lap < 10; lap++) {
                assertNull(queue.poll());
                for (int i = 0; i < capacity; i++) {
                    assertTrue(queue.offer(lap * 100 + i));
                }
                assertFalse(queue.offer(-1));
                assertEquals(capacity, queue.size());
                for (int i = 0; i < capacity; i++) {
                    assertEquals(lap * 100 + i, queue.peek());
                    assertEquals(lap * 100 + i, queue.poll());
                }
                assertTrue(queue.isEmpty());
            }
        }
    }

    @Test
    void shouldPublishWhatWasWrittenBefore() throws Exception {
        final OneToOneQueue<int[]> queue = new OneToOneQueue<>(4);
        final Thread producer = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < 100_000; i++) {
                final int[] message = {i, ~i};
                while (!queue.offer(message)) {
                    Thread.yield();
                }
            }
        });
        for (int i = 0; i < 100_000; i++) {
            int[] message = queue.poll();
            while (message == null) {
                Thread.yield();
                message = queue.poll();
            }
            assertEquals(i, message[0]);
            assertEquals(~i, message[1]);
        }
        producer.join();
    }

    @Test
    void shouldRefuseNullAndNoCapacity() {
        assertThrows(NullPointerException.class, () -> new OneToOneQueue<>(1).offer(null));
        assertThrows(IllegalArgumentException.class, () -> new OneToOneQueue<>(0));
    }
}

package io.ringvault.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClientChannelTest {
    private final RequestRing requests = new RequestRing(8);
    private final ClientChannel channel = new ClientChannel(3, requests, 4);
    private final MemorySegment buffer = Arena.ofAuto().allocate(8192);

    private boolean write(final long token) {
        return channel.submit(OpCode.WRITE, OpFlags.NONE, 0, 4096, buffer, 4096, token, 77);
    }

    @Test
    void shouldCarryAnOpThereAndBack() {
        assertTrue(write(123));
        assertEquals(1, channel.inFlight());
        assertEquals(1, requests.drain((client, slot, opcode, flags, offset, length) -> {
            assertEquals(3, client);
            assertEquals(OpCode.WRITE, opcode);
            assertEquals(4096, length);
            assertSame(buffer, channel.ops().buffer(slot));
            assertEquals(4096, channel.ops().bufferOffset(slot));
            assertEquals(4096, channel.ops().lengthBytes(slot));
            assertEquals(77, channel.ops().submitTimeNs(slot));
            assertEquals(OpCode.WRITE, channel.ops().opcode(slot));
            channel.accept(slot);
            channel.complete(slot, OpStatus.LOST, 42);
            assertEquals(1, channel.completionsWaiting());
        }, 10));
        final List<String> seen = new ArrayList<>();
        assertEquals(1, channel.poll((token, status, detail) -> seen.add(token + " " + status + " " + detail), 10));
        assertEquals(List.of("123 3 42"), seen);
        assertEquals(0, channel.inFlight());
        assertNull(channel.ops().buffer(0));
    }

    @Test
    void shouldRefuseMoreOpsThanCreditsAndGiveThemBackFromTheHandler() {
        for (int i = 0; i < 4; i++) {
            assertTrue(write(i));
        }
        assertFalse(write(4));
        final List<Long> done = new ArrayList<>();
        for (int round = 0; round < 50; round++) {
            requests.drain((client, slot, opcode, flags, offset, length) -> {
                channel.accept(slot);
                channel.complete(slot, OpStatus.OK, 0);
            }, 100);
            channel.poll((token, status, detail) -> {
                done.add(token);
                assertTrue(write(token + 4));
                requests.drain((client, slot, opcode, flags, offset, length) -> {
                    channel.accept(slot);
                    channel.complete(slot, OpStatus.OK, 0);
                }, 100);
            }, 4);
        }
        assertEquals(200, done.size());
        for (int i = 0; i < 200; i++) {
            assertEquals(i, done.get(i));
        }
    }

    @Test
    void shouldGiveTheSlotBackWhenTheRequestRingIsFull() {
        while (requests.offer(9, 0, OpCode.SYNC, 0, 0, 0)) {
            assertTrue(requests.size() <= 8);
        }
        assertFalse(write(1));
        assertEquals(0, channel.inFlight());
    }

    @Test
    void shouldRefuseBuffersThatTheAgentCouldNotUse() {
        try (Arena confined = Arena.ofConfined()) {
            final MemorySegment mine = confined.allocate(4096);
            final IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class,
                () -> channel.submit(OpCode.READ, 0, 0, 4096, mine, 0, 1, 0));
            assertTrue(thrown.getMessage().contains("confined"), thrown.getMessage());
        }
        final Arena shared = Arena.ofShared();
        final MemorySegment closed = shared.allocate(4096);
        assertTrue(channel.submit(OpCode.READ, 0, 0, 4096, closed, 0, 1, 0));
        shared.close();
        assertThrows(IllegalArgumentException.class, () -> channel.submit(OpCode.READ, 0, 0, 4096, closed, 0, 1, 0));
        assertThrows(IllegalArgumentException.class,
            () -> channel.submit(OpCode.READ, 0, 0, 4096, buffer.asReadOnly(), 0, 1, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> channel.submit(OpCode.WRITE, 0, 0, 4096, buffer, 4097, 1,
            0));
        assertThrows(NullPointerException.class, () -> channel.submit(OpCode.WRITE, 0, 0, 4096, null, 0, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> channel.submit(77, 0, 0, 4096, buffer, 0, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> channel.submit(OpCode.SYNC, 2, 0, 0, null, 0, 1, 0));
        assertTrue(channel.submit(OpCode.WRITE, 0, 0, 4096, MemorySegment.ofArray(new byte[4096]).asReadOnly(), 0, 1,
            0));
        assertTrue(channel.submit(OpCode.SYNC, 0, 0, 0, null, 0, 1, 0));
        assertEquals(3, channel.inFlight());
    }

    @Test
    void shouldThrowWhenTheAgentCompletesWhatIsNotInFlight() {
        assertThrows(IllegalStateException.class, () -> channel.complete(0, 0, 0));
        channel.accept(0);
        assertThrows(IllegalStateException.class, () -> channel.accept(0));
        channel.complete(0, 0, 0);
        assertThrows(IllegalStateException.class, () -> channel.complete(0, 0, 0));
        for (int i = 1; i < 4; i++) {
            channel.accept(i);
            channel.complete(i, 0, 0);
        }
        channel.accept(0);
        final IllegalStateException broken = assertThrows(IllegalStateException.class, () -> channel.complete(0, 0, 0));
        assertTrue(broken.getMessage().contains("credit rule"), broken.getMessage());
    }

    @Test
    void shouldEndWhatWasAcceptedAndNothingElseWhenTheAgentGivesUp() {
        for (int i = 0; i < 3; i++) {
            assertTrue(write(i));
        }
        requests.drain((client, slot, opcode, flags, offset, length) -> channel.accept(slot), 2);
        channel.completeAll(OpStatus.POISONED);
        channel.completeAll(OpStatus.POISONED);
        final List<String> seen = new ArrayList<>();
        channel.poll((token, status, detail) -> seen.add(token + " " + status), 10);
        assertEquals(List.of("0 " + OpStatus.POISONED, "1 " + OpStatus.POISONED), seen);
        assertEquals(1, channel.inFlight(), "the third was not drained yet");
    }
}

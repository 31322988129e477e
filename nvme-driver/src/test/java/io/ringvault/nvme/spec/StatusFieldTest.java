package io.ringvault.nvme.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class StatusFieldTest {

    /** Writes one status the way the standard draws it, bit by bit into bytes 14 and 15 of the entry. */
    private static void encode(final byte[] entry, final int phase, final int sc, final int sct, final int crd,
        final boolean more,
                               final boolean dnr) {
        final boolean[] bits = new boolean[16];
        bits[0] = phase == 1;
        for (int i = 0; i < 8; i++) {
            bits[1 + i] = (sc & 1 << i) != 0;
        }
        for (int i = 0; i < 3; i++) {
            bits[9 + i] = (sct & 1 << i) != 0;
        }
        bits[12] = (crd & 1) != 0;
        bits[13] = (crd & 2) != 0;
        bits[14] = more;
        bits[15] = dnr;
        entry[14] = 0;
        entry[15] = 0;
        for (int i = 0; i < 16; i++) {
            entry[14 + i / 8] |= (byte) (bits[i] ? 1 << i % 8 : 0);
        }
    }

    @Test
    void shouldDecodeEveryFieldWhenAllCombinationsAreEncoded() {
        final ByteBuffer buffer = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        for (int all = 0; all < 1 << 16; all++) {
            final int phase = all & 1;
            final int sc = all >> 1 & 0xFF;
            final int sct = all >> 9 & 7;
            final int crd = all >> 12 & 3;
            final boolean more = (all >> 14 & 1) == 1;
            final boolean dnr = (all >> 15 & 1) == 1;
            buffer.putShort(12, (short) 0xA55A);
            encode(buffer.array(), phase, sc, sct, crd, more, dnr);
            final int dword3 = buffer.getInt(12);
            final int status = CompletionEntry.status(dword3);
            assertEquals(0xA55A, CompletionEntry.commandId(dword3));
            assertEquals(phase, CompletionEntry.phase(dword3));
            assertEquals(sc, StatusField.code(status));
            assertEquals(sct, StatusField.type(status));
            assertEquals(crd, StatusField.retryDelay(status));
            assertEquals(more, StatusField.more(status));
            assertEquals(dnr, StatusField.doNotRetry(status));
            assertEquals(sc == 0 && sct == 0, StatusField.isSuccess(status));
        }
    }

    @Test
    void shouldReadEachDwordFromItsPlaceWhenAnEntryLiesAtAnOffset() {
        final MemorySegment ring = Arena.ofAuto().allocate(32, 8);
        final ByteBuffer bytes = ring.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(16, 0x11223344).putInt(20, 0x55667788).putShort(24, (short) 0x9ABC).putShort(26, (short) 0xDEF0)
            .putShort(28, (short) 0x1234).putShort(30, (short) 0x8003);
        assertEquals(0x11223344, CompletionEntry.dword0(ring, 16));
        assertEquals(0x9ABC, CompletionEntry.submissionHead(CompletionEntry.dword2(ring, 16)));
        assertEquals(0xDEF0, CompletionEntry.submissionQueue(CompletionEntry.dword2(ring, 16)));
        final int dword3 = CompletionEntry.dword3Acquire(ring, 16);
        assertEquals(0x1234, CompletionEntry.commandId(dword3));
        assertEquals(1, CompletionEntry.phase(dword3));
        assertEquals(true, StatusField.doNotRetry(CompletionEntry.status(dword3)));
        assertEquals(1, StatusField.code(CompletionEntry.status(dword3)));
    }
}

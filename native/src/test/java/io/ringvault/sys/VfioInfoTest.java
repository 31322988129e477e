package io.ringvault.sys;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

class VfioInfoTest {

    private static MemorySegment answer(final int... headers) {
        final MemorySegment info = MemorySegment.ofArray(new byte[160]);
        for (int i = 0; i < headers.length; i += 3) {
            info.set(JAVA_SHORT_UNALIGNED, headers[i], (short) headers[i + 1]);
            info.set(JAVA_INT_UNALIGNED, headers[i] + 4, headers[i + 2]);
        }
        return info;
    }

    @Test
    void shouldFollowAChainThatIsAlignedToFourBytesOnly() throws Exception {
        final MemorySegment info = answer(84, 1, 116, 116, 3, 0);
        info.set(JAVA_LONG_UNALIGNED, 84 + 16, 0xFEDF_FFFFL);
        final List<MemorySegment> chain = VfioInfo.capabilities(info, 84);
        assertEquals(2, chain.size());
        assertEquals(1, VfioInfo.id(chain.getFirst()));
        assertEquals(0xFEDF_FFFFL, VfioInfo.int64(chain.getFirst(), 16));
        assertEquals(3, VfioInfo.id(chain.getLast()));
        assertEquals(List.of(), VfioInfo.capabilities(info, 0));
    }

    @Test
    void shouldRefuseAChainThatLeavesTheAnswerOrNeverEnds() {
        assertThrows(NativeIoException.class, () -> VfioInfo.capabilities(answer(84, 1, 156), 84));
        assertThrows(NativeIoException.class, () -> VfioInfo.capabilities(answer(84, 1, -4), 84));
        assertThrows(NativeIoException.class, () -> VfioInfo.capabilities(answer(84, 1, 84), 84));
        assertThrows(NativeIoException.class, () -> VfioInfo.int64(answer().asSlice(150), 4));
    }

    @Test
    void shouldKeepEveryByteOfAnIdentifier() {
        final MemorySegment info = answer();
        info.set(JAVA_BYTE, 0, (byte) 0xFF);
        info.set(JAVA_BYTE, 1, (byte) 0xFF);
        assertEquals(0xFFFF, VfioInfo.id(info));
    }
}

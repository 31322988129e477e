package io.ringvault.nvme.spec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SubmissionEntryTest {

    @Test
    void shouldLayOutEveryFieldAsTheStandardDrawsItWhenValuesAreRandom() {
        final long seed = Long.getLong("seed", System.nanoTime());
        final Random random = new Random(seed);
        for (int round = 0; round < 2000; round++) {
            final int opcode = random.nextInt(256);
            final int commandId = random.nextInt(65536);
            final int nsid = random.nextInt();
            final long prp1 = random.nextLong();
            final long prp2 = random.nextLong();
            final int cdw10 = random.nextInt();
            final int cdw11 = random.nextInt();
            final int cdw12 = random.nextInt();
            final ByteBuffer expected = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
            Arrays.fill(expected.array(), 0, 64, (byte) 0x77);
            expected.position(64);
            expected.put((byte) opcode).put((byte) 0).putShort((short) commandId).putInt(nsid);
            expected.putInt(0).putInt(0).putLong(0).putLong(prp1).putLong(prp2);
            expected.putInt(cdw10).putInt(cdw11).putInt(cdw12).putInt(0).putInt(0).putInt(0);

            final byte[] bytes = new byte[128];
            final MemorySegment ring = MemorySegment.ofArray(new long[16]);
            ring.fill((byte) 0x77);
            SubmissionEntry.encode(ring, 64, opcode, commandId, nsid, prp1, prp2, SubmissionEntry.dwords(cdw10, cdw11),
                cdw12);
            MemorySegment.copy(ring, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, bytes, 0, 128);
            assertArrayEquals(expected.array(), bytes, "seed " + seed);
        }
    }

    @Test
    void shouldCoverTheEntryWithoutGapsWhenOffsetsAreListed() {
        final int[] offsets = {SubmissionEntry.CDW0_OFFSET, SubmissionEntry.CDW2_OFFSET, SubmissionEntry.MPTR_OFFSET,
            SubmissionEntry.PRP1_OFFSET, SubmissionEntry.PRP2_OFFSET, SubmissionEntry.CDW10_OFFSET,
            SubmissionEntry.CDW12_OFFSET, SubmissionEntry.CDW14_OFFSET};
        for (int i = 0; i < offsets.length; i++) {
            assertEquals(8 * i, offsets[i]);
        }
        assertEquals(64, SubmissionEntry.LENGTH);
        assertEquals(SubmissionEntry.LENGTH, 1 << SubmissionEntry.LENGTH_SHIFT);
    }
}

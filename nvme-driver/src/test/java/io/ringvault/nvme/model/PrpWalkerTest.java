package io.ringvault.nvme.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PrpWalkerTest {
    private static final int PAGE = 4096;

    private final DeviceMemory memory = new DeviceMemory();
    private final PrpWalker walker = new PrpWalker(memory, 8 << 20);
    private MemorySegment lists;
    private long listAt;
    private long dataAt;

    @BeforeEach
    void map() throws IOException {
        lists = memory.allocate(4 * PAGE);
        listAt = memory.lastAddress();
        memory.allocate(8 << 20);
        dataAt = memory.lastAddress();
    }

    @AfterEach
    void unmap() {
        memory.close();
    }

    private void entry(final int index, final long value) {
        lists.set(Words.QWORD, 8L * index, value);
    }

    @Test
    void shouldJoinPagesIntoOneRunWhenTheyAreContiguous() {
        for (int i = 0; i < 159; i++) {
            entry(i, dataAt + (long) (i + 1) * PAGE);
        }
        assertEquals(ModelStatus.OK, walker.walk(dataAt, listAt, 160 * PAGE));
        assertEquals(1, walker.runs());
        assertEquals(160 * PAGE, walker.length(0));
        assertEquals(0, walker.offset(0));
    }

    @Test
    void shouldFollowTheOrderOfTheListWhenPagesAreScattered() {
        entry(0, dataAt);
        entry(1, dataAt + PAGE);
        entry(2, dataAt + 9 * PAGE);
        assertEquals(ModelStatus.OK, walker.walk(dataAt + 5 * PAGE + 512, listAt, 2 * PAGE + 3584 + 512));
        assertEquals(3, walker.runs());
        assertEquals(5 * PAGE + 512, walker.offset(0));
        assertEquals(3584, walker.length(0));
        assertEquals(2 * PAGE, walker.length(1));
        assertEquals(9 * PAGE, walker.offset(2));
        assertEquals(512, walker.length(2));
    }

    @Test
    void shouldFollowAChainedListWhenThePageEnds() {
        // The list starts two entries before the end of a page: one data entry, then the pointer to the next list.
        entry(510, dataAt + 7 * PAGE);
        entry(511, listAt + 2 * PAGE);
        entry(2 * 512, dataAt + 3 * PAGE);
        entry(2 * 512 + 1, dataAt + 4 * PAGE);
        assertEquals(ModelStatus.OK, walker.walk(dataAt, listAt + 510 * 8, 4 * PAGE));
        assertEquals(3, walker.runs());
        assertEquals(2 * PAGE, walker.length(2));
    }

    @Test
    void shouldTakeTheLastEntryAsDataWhenOnlyOnePageRemains() {
        entry(511, dataAt + 7 * PAGE);
        entry(510, dataAt + 5 * PAGE);
        assertEquals(ModelStatus.OK, walker.walk(dataAt, listAt + 510 * 8, 3 * PAGE));
        assertEquals(7 * PAGE, walker.offset(2));
    }

    @Test
    void shouldRefuseWhenARuleIsBroken() {
        assertEquals(ModelStatus.PRP_OFFSET_INVALID, walker.walk(dataAt + 2, 0, 512));
        assertEquals(ModelStatus.PRP_OFFSET_INVALID, walker.walk(dataAt, dataAt + 512, 2 * PAGE));
        assertEquals(ModelStatus.PRP_OFFSET_INVALID, walker.walk(dataAt, listAt + 4, 3 * PAGE));
        entry(0, dataAt + 512);
        assertEquals(ModelStatus.PRP_OFFSET_INVALID, walker.walk(dataAt, listAt, 3 * PAGE));
        assertEquals(ModelStatus.DATA_TRANSFER_ERROR, walker.walk(0, 0, 512));
        assertEquals(ModelStatus.DATA_TRANSFER_ERROR, walker.walk(dataAt, 0, 2 * PAGE));
        assertEquals(ModelStatus.DATA_TRANSFER_ERROR, walker.walk(dataAt, 0x1000, 3 * PAGE));
        entry(0, dataAt + (8 << 20));
        assertEquals(ModelStatus.DATA_TRANSFER_ERROR, walker.walk(dataAt, listAt, 3 * PAGE));
        assertEquals(ModelStatus.DATA_TRANSFER_ERROR, walker.walk(-4096, 0, 512));
        assertEquals(ModelStatus.DATA_TRANSFER_ERROR, walker.walk(Long.MIN_VALUE, 0, 4096));
    }
}

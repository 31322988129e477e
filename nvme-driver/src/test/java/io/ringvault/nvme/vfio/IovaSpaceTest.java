package io.ringvault.nvme.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringvault.sys.IoAddressSpace;
import java.util.List;
import org.junit.jupiter.api.Test;

class IovaSpaceTest {
    private static final long MIB = 1 << 20;

    private static IovaSpace of(final long... firstsAndLasts) {
        final var ranges = new java.util.ArrayList<IoAddressSpace.Range>();
        for (int i = 0; i < firstsAndLasts.length; i += 2) {
            ranges.add(new IoAddressSpace.Range(firstsAndLasts[i], firstsAndLasts[i + 1]));
        }
        return new IovaSpace(new IoAddressSpace(4096, ranges, 10));
    }

    @Test
    void shouldNeverGiveOutAddressZeroNorAnAddressTwice() {
        final IovaSpace space = of(0, 8 * MIB - 1);
        assertEquals(2 * MIB, space.take(2 * MIB, 2 * MIB));
        assertEquals(4 * MIB, space.take(4096, 4096));
        assertEquals(6 * MIB, space.take(2 * MIB, 2 * MIB));
        assertEquals(-1, space.take(4096, 4096));
    }

    @Test
    void shouldSkipHolesAndSortRanges() {
        final IovaSpace space = of(16 * MIB, 20 * MIB - 1, 2 * MIB, 3 * MIB - 1);
        assertEquals(16 * MIB, space.take(2 * MIB, 2 * MIB));
        assertEquals(18 * MIB, space.take(2 * MIB, 2 * MIB));
        assertEquals(-1, space.take(2 * MIB, 2 * MIB));
    }

    @Test
    void shouldReachTheLastAddressThereIsAndNotWrap() {
        final IovaSpace space = of(-4 * MIB, -1);
        assertEquals(-4 * MIB, space.take(2 * MIB, 2 * MIB));
        assertEquals(-2 * MIB, space.take(2 * MIB, 2 * MIB));
        assertEquals(-1, space.take(2 * MIB, 2 * MIB));
    }

    @Test
    void shouldHaveNothingWhenThereAreNoRanges() {
        assertEquals(-1, new IovaSpace(new IoAddressSpace(4096, List.of(), 1)).take(4096, 4096));
    }
}

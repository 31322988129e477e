package io.ringvault.nvme.vfiouser.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The configuration space as a PCI bus driver walks it. */
class PciConfigSpaceTest {
    private static final ValueLayout.OfInt DWORD =
        ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final PciConfigSpace space = new PciConfigSpace(0x4000, 0x1000, 0x1000);
    private final MemorySegment scratch = MemorySegment.ofArray(new byte[PciConfigSpace.BYTES]);

    private long read(final int offset, final int length) {
        scratch.fill((byte) 0);
        space.read(offset, scratch, 8, length);
        return scratch.get(DWORD, 8) & 0xFFFF_FFFFL;
    }

    private void write(final int offset, final int length, final long value) {
        scratch.set(DWORD, 8, (int) value);
        space.write(offset, scratch, 8, length);
    }

    @Test
    void shouldBeAnNvmeController() {
        assertEquals(0x0001_4E58, read(0, 4), "vendor and device");
        assertEquals(0x01_08_02, read(0x09, 3), "class");
        assertEquals(0, read(0x0E, 1), "one function, an ordinary header");
    }

    @Test
    void shouldTellTheSizeOfEachBarWhenOnesAreWritten() {
        write(0x10, 4, -1);
        write(0x14, 4, -1);
        assertEquals(0xFFFF_C004L, read(0x10, 4), "16 KiB, 64 bits");
        assertEquals(0xFFFF_FFFFL, read(0x14, 4));
        write(0x10, 4, 0x1234_5678);
        assertEquals(0x1234_4004L, read(0x10, 4), "the address is kept, the kind of BAR cannot be changed");
        for (final int bar : new int[] {0x20, 0x24}) {
            write(bar, 4, -1);
            assertEquals(0xFFFF_F000L, read(bar, 4));
        }
        for (final int none : new int[] {0x18, 0x1C, 0x30}) {
            write(none, 4, -1);
            assertEquals(0, read(none, 4), "there is no such BAR");
        }
    }

    @Test
    void shouldEndTheListOfCapabilities() {
        final Set<Long> seen = new HashSet<>();
        final Set<Long> kinds = new HashSet<>();
        for (long at = read(0x34, 1); at != 0; at = read((int) at + 1, 1)) {
            assertTrue(at >= 0x40 && at < 0x100 && seen.add(at), "capability at " + at);
            kinds.add(read((int) at, 1));
        }
        assertEquals(Set.of(0x01L, 0x10L, 0x11L), kinds, "power management, PCI Express, MSI-X");
        assertEquals(0x10, read(0x06, 1) & 0x10, "status says that there is a list");
    }

    @Test
    void shouldChangeOnlyBitsThatCanBeWritten() {
        final long identity = read(0, 4);
        write(0, 4, 0);
        write(0x09, 3, 0);
        write(0x34, 1, 0);
        assertEquals(identity, read(0, 4));
        assertEquals(0x01_08_02, read(0x09, 3));
        assertEquals(0x40, read(0x34, 1));
        write(0x04, 2, 0xFFFF);
        assertEquals(0x0547, read(0x04, 2));
        write(0x04, 2, 0);
        assertEquals(0, read(0x04, 2));
        write(0xB2, 2, 0xFFFF);
        assertEquals(0xC07F, read(0xB2, 2), "MSI-X: enable and mask, not the number of vectors");
    }

    @Test
    void shouldKnowWhetherLegacyInterruptsAreOff() {
        assertFalse(space.interruptsDisabled());
        write(0x04, 2, 0x0406);
        assertTrue(space.interruptsDisabled());
        write(0x05, 1, 0);
        assertFalse(space.interruptsDisabled());
    }
}

package io.ringvault.nvme.vfiouser.server;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The configuration space of a PCI Express NVMe controller, 4096 bytes (PCI Local Bus 3.0, section 6.1), with the
 * identity of SPDK's target. It belongs to the endpoint: what one client writes, the next one finds. One thread.
 *
 * <pre>
 *  00h 4e58:0001   04h command   09h class 01-08-02   10h BAR0 (64 bits)   20h BAR4: MSI-X table   24h BAR5: PBA
 *  34h capabilities: 40h power management, 80h PCI Express, b0h MSI-X
 * </pre>
 */
final class PciConfigSpace {
    static final int BYTES = 4096;

    private static final int COMMAND = 0x04;
    private static final int COMMAND_WRITABLE = 0x0547;
    private static final int INTX_DISABLE = 0x0400;
    private static final int MSIX_TABLE_SIZE = 0x7F;

    private final byte[] bytes = new byte[BYTES];
    private final byte[] writable = new byte[BYTES];

    PciConfigSpace(final long bar0Bytes, final long tableBytes, final long pbaBytes) {
        set(0x00, 2, 0x4E58);
        set(0x02, 2, 0x0001);
        set(0x06, 2, 0x0010); // status: there are capabilities
        set(0x09, 3, 0x01_08_02);
        set(0x10, 4, 0x4); // BAR0: 64-bit memory
        set(0x2C, 2, 0x4E58);
        set(0x2E, 2, 0x0001);
        set(0x34, 1, 0x40);
        set(0x3D, 1, 1); // interrupt pin A
        set(0x40, 2, 0x8001); // power management, next at 80h
        set(0x42, 2, 0x0003);
        set(0x80, 2, 0xB010); // PCI Express, next at b0h
        set(0x82, 2, 0x0002);
        set(0xB0, 2, 0x0011); // MSI-X, the last
        set(0xB2, 2, MSIX_TABLE_SIZE);
        set(0xB4, 4, 4); // table at the start of BAR4
        set(0xB8, 4, 5); // pending bits at the start of BAR5
        mask(COMMAND, 2, COMMAND_WRITABLE);
        mask(0x0C, 2, 0xFFFF);
        mask(0x10, 8, -bar0Bytes);
        mask(0x20, 4, -tableBytes);
        mask(0x24, 4, -pbaBytes);
        mask(0x3C, 1, 0xFF);
        mask(0xB2, 2, 0xC000);
    }

    private void set(final int offset, final int length, final long value) {
        for (int i = 0; i < length; i++) {
            bytes[offset + i] = (byte) (value >>> 8 * i);
        }
    }

    private void mask(final int offset, final int length, final long value) {
        for (int i = 0; i < length; i++) {
            writable[offset + i] = (byte) (value >>> 8 * i);
        }
    }

    /** Copies out; the range is inside. */
    void read(final int offset, final MemorySegment target, final long at, final int length) {
        MemorySegment.copy(bytes, offset, target, ValueLayout.JAVA_BYTE, at, length);
    }

    /** Changes the bits that can be written; the range is inside. */
    void write(final int offset, final MemorySegment source, final long at, final int length) {
        for (int i = 0; i < length; i++) {
            final byte mask = writable[offset + i];
            bytes[offset + i] =
                (byte) (bytes[offset + i] & ~mask | source.get(ValueLayout.JAVA_BYTE, at + i) & mask);
        }
    }

    /** Whether legacy interrupts are disabled, as a polling client must ask for. */
    boolean interruptsDisabled() {
        return (bytes[COMMAND + 1] << 8 & INTX_DISABLE) != 0;
    }

    @Override
    public String toString() {
        return "PciConfigSpace[" + Arrays.hashCode(bytes) + "]";
    }
}

package io.ringvault.block;

import java.lang.foreign.MemorySegment;

/**
 * Memory that a device can read and write at any moment: shared with an untrusted party, ciphertext only.
 *
 * <p>It is a type of its own so that nothing which must work on private memory (authenticated encryption above all)
 * can be given it by mistake; bytes are copied in and out by {@link #copyIn} and {@link #copyOut} only.
 */
public final class DmaBuffer {
    private final MemorySegment segment;
    private final long[] pageAddresses;
    private final int pageShift;

    /**
     * @param segment       the memory, aligned to 4096
     * @param pageAddresses device addresses of each page of {@code 1 << pageShift} bytes
     * @param pageShift     12 or more
     */
    public DmaBuffer(final MemorySegment segment, final long[] pageAddresses, final int pageShift) {
        this.segment = segment;
        this.pageAddresses = pageAddresses.clone();
        this.pageShift = pageShift;
        if (pageShift < 62 && (long) pageAddresses.length << pageShift < segment.byteSize()) {
            throw new IllegalArgumentException("page addresses cover " + ((long) pageAddresses.length << pageShift)
                + " of " + segment.byteSize() + " bytes");
        }
    }

    /** A buffer whose device address is one contiguous range starting at {@code deviceAddress}. */
    public static DmaBuffer contiguous(final MemorySegment segment, final long deviceAddress) {
        return new DmaBuffer(segment, new long[] {deviceAddress}, 62);
    }

    /** The memory itself, for devices and drivers. */
    public MemorySegment segment() {
        return segment;
    }

    /** Length in bytes. */
    public long lengthBytes() {
        return segment.byteSize();
    }

    /** The address by which the device reaches the byte at {@code offset}. Contiguous within 4096-byte pages. */
    public long deviceAddress(final long offset) {
        return pageAddresses[(int) (offset >>> pageShift)] + (offset & (1L << pageShift) - 1);
    }

    /** Copies private bytes into the buffer. */
    public void copyIn(final byte[] source, final int sourceOffset, final long offset, final int length) {
        MemorySegment.copy(source, sourceOffset, segment, java.lang.foreign.ValueLayout.JAVA_BYTE, offset, length);
    }

    /** Copies bytes of the buffer into private memory, where they can be checked without changing underneath. */
    public void copyOut(final long offset, final byte[] target, final int targetOffset, final int length) {
        MemorySegment.copy(segment, java.lang.foreign.ValueLayout.JAVA_BYTE, offset, target, targetOffset, length);
    }
}

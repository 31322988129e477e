package io.ringvault.nvme.spec;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Little-endian scalars in device memory: aligned for what a device may change meanwhile, unaligned for the rest. */
public final class Wire {
    /** 16 bits at any address. */
    public static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** 32 bits, aligned, so that one access is one bus cycle. */
    public static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** 64 bits, aligned. */
    public static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** Acquire and release access to 32 bits: coordinates (segment, offset in bytes). */
    public static final VarHandle INT = U32.varHandle();
    /** Acquire and release access to 64 bits: coordinates (segment, offset in bytes). */
    public static final VarHandle LONG = U64.varHandle();

    private Wire() {
    }

    /** An unsigned byte. */
    public static int u8(final MemorySegment segment, final long offset) {
        return segment.get(ValueLayout.JAVA_BYTE, offset) & 0xFF;
    }

    /** An unsigned 16-bit number. */
    public static int u16(final MemorySegment segment, final long offset) {
        return segment.get(U16, offset) & 0xFFFF;
    }

    /** A field of printable ASCII padded with spaces; anything unprintable becomes '?'. */
    public static String ascii(final MemorySegment segment, final long offset, final int lengthBytes) {
        final byte[] bytes = new byte[lengthBytes];
        for (int i = 0; i < lengthBytes; i++) {
            final int b = u8(segment, offset + i);
            bytes[i] = (byte) (b == 0 ? ' ' : b < 0x20 || b > 0x7E ? '?' : b);
        }
        return new String(bytes, StandardCharsets.US_ASCII).strip();
    }
}

package io.ringvault.nvme.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The model's own little-endian access to registers, queues and data structures. */
final class Words {
    static final ValueLayout.OfInt DWORD = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong QWORD = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final VarHandle DWORD_HANDLE = DWORD.varHandle();
    static final VarHandle QWORD_HANDLE = QWORD.varHandle();

    private Words() {
    }

    static int load32(final MemorySegment segment, final long offset) {
        return (int) DWORD_HANDLE.getAcquire(segment, offset);
    }

    static void store32(final MemorySegment segment, final long offset, final int value) {
        DWORD_HANDLE.setRelease(segment, offset, value);
    }

    static long load64(final MemorySegment segment, final long offset) {
        return (long) QWORD_HANDLE.getAcquire(segment, offset);
    }

    static void store64(final MemorySegment segment, final long offset, final long value) {
        QWORD_HANDLE.setRelease(segment, offset, value);
    }
}

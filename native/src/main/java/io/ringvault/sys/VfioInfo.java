package io.ringvault.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * VFIO's answers of open length: a structure that says how long it should have been, followed by a chain of
 * capabilities. Stateless.
 *
 * <p>A capability may start at any multiple of 4 and is read without alignment; the chain is bounded, and may not leave
 * the answer.
 */
final class VfioInfo {
    private static final int MOST_CAPABILITIES = 64;

    private VfioInfo() {
    }

    /** Asks, and asks again with the room that the answer wants (at most {@code mostBytes}); the index is optional. */
    static MemorySegment read(final SystemCalls calls, final String what, final int descriptor, final long request,
        final long lengthBytes, final long indexOffset, final int index, final int mostBytes)
        throws NativeIoException {
        long room = lengthBytes;
        while (true) {
            final MemorySegment info = Arena.ofAuto().allocate(room, Long.BYTES);
            info.set(JAVA_INT, 0, (int) room);
            if (indexOffset != 0) {
                info.set(JAVA_INT, indexOffset, index);
            }
            calls.ioctl(what, descriptor, request, info);
            final long wanted = Integer.toUnsignedLong(info.get(JAVA_INT, 0));
            if (wanted <= room) {
                return info;
            }
            if (wanted > mostBytes) {
                throw new NativeIoException(what, "descriptor " + descriptor, 0, wanted + " bytes of answer");
            }
            room = wanted;
        }
    }

    /** The capabilities of the chain at {@code first}, each as the rest of the answer from its header on. */
    static List<MemorySegment> capabilities(final MemorySegment info, final int first) throws NativeIoException {
        final List<MemorySegment> found = new ArrayList<>();
        int at = first;
        while (at != 0) {
            if (at < 0 || at > info.byteSize() - LinuxVfio.CapHeader.LENGTH || found.size() == MOST_CAPABILITIES) {
                throw new NativeIoException("VFIO capability chain", "answer", 0, "capability " + found.size() + " at "
                    + at + " of " + info.byteSize() + " bytes");
            }
            final MemorySegment capability = info.asSlice(at);
            found.add(capability);
            at = int32(capability, LinuxVfio.CapHeader.NEXT_OFFSET);
        }
        return found;
    }

    static int id(final MemorySegment capability) {
        return capability.get(JAVA_SHORT_UNALIGNED, LinuxVfio.CapHeader.ID_OFFSET) & 0xFFFF;
    }

    static int int32(final MemorySegment capability, final long offset) throws NativeIoException {
        check(capability, offset, Integer.BYTES);
        return capability.get(JAVA_INT_UNALIGNED, offset);
    }

    static long int64(final MemorySegment capability, final long offset) throws NativeIoException {
        check(capability, offset, Long.BYTES);
        return capability.get(JAVA_LONG_UNALIGNED, offset);
    }

    private static void check(final MemorySegment capability, final long offset, final int bytes)
        throws NativeIoException {
        if (offset < 0 || offset > capability.byteSize() - bytes) {
            throw new NativeIoException("VFIO capability chain", "answer", 0, "a capability of "
                + capability.byteSize() + " bytes has no field at " + offset);
        }
    }
}

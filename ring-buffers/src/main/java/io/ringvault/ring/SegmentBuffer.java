package io.ringvault.ring;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.AtomicBuffer;

/**
 * An Agrona {@link AtomicBuffer} over a {@link MemorySegment}: every access is bounds-checked by the JDK, and no flag
 * is asked of whoever starts the JVM, as Agrona's own buffers would (they reach into {@code jdk.internal.misc}).
 *
 * <p>Any thread that may access the segment. Plain accesses may be unaligned; volatile, acquire, release, opaque and
 * atomic ones must be naturally aligned and need off-heap memory (on a {@code byte[]} the JDK refuses them with
 * {@link IllegalArgumentException}). Nothing allocates except strings and copies from or to foreign kinds of buffer. A
 * little-endian host is assumed, as by every layout of this project; methods with a {@link ByteOrder} honour it.
 */
public final class SegmentBuffer extends SegmentTextBuffer implements AtomicBuffer {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfChar CHAR = ValueLayout.JAVA_CHAR_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
    private static final VarHandle ATOMIC_BYTE = ValueLayout.JAVA_BYTE.varHandle();
    private static final VarHandle ATOMIC_SHORT = ValueLayout.JAVA_SHORT.varHandle();
    private static final VarHandle ATOMIC_CHAR = ValueLayout.JAVA_CHAR.varHandle();
    private static final VarHandle ATOMIC_INT = ValueLayout.JAVA_INT.varHandle();
    private static final VarHandle ATOMIC_LONG = ValueLayout.JAVA_LONG.varHandle();

    private MemorySegment segment;
    private byte[] byteArray;
    private ByteBuffer byteBuffer;
    private int wrapAdjustment;

    /** @param segment at most 2 GiB - 1 */
    public SegmentBuffer(final MemorySegment segment) {
        wrap(segment);
    }

    /** A buffer over new zeroed memory, aligned to two cache lines, that lives as long as somebody refers to it. */
    public static SegmentBuffer allocate(final int lengthBytes) {
        return new SegmentBuffer(Arena.ofAuto().allocate(lengthBytes, 128));
    }

    /** The memory. */
    public MemorySegment segment() {
        return segment;
    }

    /** Views {@code newSegment} from now on. */
    public void wrap(final MemorySegment newSegment) {
        attach(newSegment, null, null, 0);
    }

    private void attach(final MemorySegment newSegment, final byte[] array, final ByteBuffer buffer,
        final int adjustment) {
        Math.toIntExact(newSegment.byteSize());
        segment = newSegment;
        byteArray = array;
        byteBuffer = buffer;
        wrapAdjustment = adjustment;
    }

    @Override
    public void wrap(final byte[] buffer) {
        attach(MemorySegment.ofArray(buffer), buffer, null, 0);
    }

    @Override
    public void wrap(final byte[] buffer, final int offset, final int length) {
        attach(MemorySegment.ofArray(buffer).asSlice(offset, length), buffer, null, offset);
    }

    @Override
    public void wrap(final ByteBuffer buffer) {
        wrap(buffer, 0, buffer.capacity());
    }

    @Override
    public void wrap(final ByteBuffer buffer, final int offset, final int length) {
        final boolean array = buffer.hasArray();
        attach(whole(buffer).asSlice(offset, length), array ? buffer.array() : null, buffer,
            array ? buffer.arrayOffset() + offset : offset);
    }

    @Override
    public void wrap(final DirectBuffer buffer) {
        wrap(buffer, 0, buffer.capacity());
    }

    @Override
    public void wrap(final DirectBuffer buffer, final int offset, final int length) {
        attach(segmentOf(buffer).asSlice(offset, length), buffer.byteArray(), buffer.byteBuffer(),
            buffer.wrapAdjustment() + offset);
    }

    /** Refused: turning an address into memory is a restricted operation, which this module does not use. */
    @Override
    public void wrap(final long address, final int length) {
        throw new UnsupportedOperationException("a SegmentBuffer wraps segments, arrays and buffers, not addresses");
    }

    private static MemorySegment whole(final ByteBuffer buffer) {
        return MemorySegment.ofBuffer(buffer.duplicate().clear());
    }

    private static MemorySegment segmentOf(final DirectBuffer buffer) {
        if (buffer instanceof final SegmentBuffer other) {
            return other.segment;
        }
        if (buffer.byteArray() != null) {
            return MemorySegment.ofArray(buffer.byteArray()).asSlice(buffer.wrapAdjustment(), buffer.capacity());
        }
        if (buffer.byteBuffer() != null) {
            return whole(buffer.byteBuffer()).asSlice(buffer.wrapAdjustment(), buffer.capacity());
        }
        throw new UnsupportedOperationException("cannot view " + buffer.getClass().getName()
            + ", which holds a bare address");
    }

    /** The native address; refused for memory on the heap, which moves. */
    @Override
    public long addressOffset() {
        if (!segment.isNative()) {
            throw new UnsupportedOperationException("heap memory has no address");
        }
        return segment.address();
    }

    @Override
    public byte[] byteArray() {
        return byteArray;
    }

    @Override
    public ByteBuffer byteBuffer() {
        return byteBuffer;
    }

    @Override
    public int wrapAdjustment() {
        return wrapAdjustment;
    }

    @Override
    public int capacity() {
        return (int) segment.byteSize();
    }

    @Override
    public boolean isExpandable() {
        return false;
    }

    @Override
    public void checkLimit(final int limit) {
        if (limit > capacity()) {
            throw new IndexOutOfBoundsException("limit " + limit + " is beyond " + capacity());
        }
    }

    @Override
    public void boundsCheck(final int index, final int length) {
        Objects.checkFromIndexSize(index, length, capacity());
    }

    /** Throws unless atomic access works at indexes that are multiples of 8: off-heap memory, aligned to 8. */
    @Override
    public void verifyAlignment() {
        if (!segment.isNative() || segment.address() % ALIGNMENT != 0) {
            throw new IllegalStateException("atomic access needs off-heap memory aligned to " + ALIGNMENT + ": "
                + segment);
        }
    }

    @Override
    public void setMemory(final int index, final int length, final byte value) {
        segment.asSlice(index, length).fill(value);
    }

    @Override
    public void getBytes(final int index, final byte[] target) {
        getBytes(index, target, 0, target.length);
    }

    @Override
    public void getBytes(final int index, final byte[] target, final int offset, final int length) {
        MemorySegment.copy(segment, BYTE, index, target, offset, length);
    }

    @Override
    public void getBytes(final int index, final MutableDirectBuffer target, final int targetIndex, final int length) {
        if (target instanceof final SegmentBuffer other) {
            MemorySegment.copy(segment, index, other.segment, targetIndex, length);
        } else {
            boundsCheck(index, length);
            final byte[] bytes = new byte[length];
            getBytes(index, bytes);
            target.putBytes(targetIndex, bytes);
        }
    }

    @Override
    public void getBytes(final int index, final ByteBuffer target, final int length) {
        final int position = target.position();
        getBytes(index, target, position, length);
        target.position(position + length);
    }

    @Override
    public void getBytes(final int index, final ByteBuffer target, final int targetOffset, final int length) {
        MemorySegment.copy(segment, index, whole(target), targetOffset, length);
    }

    @Override
    public void putBytes(final int index, final byte[] source) {
        putBytes(index, source, 0, source.length);
    }

    @Override
    public void putBytes(final int index, final byte[] source, final int offset, final int length) {
        MemorySegment.copy(source, offset, segment, BYTE, index, length);
    }

    @Override
    public void putBytes(final int index, final ByteBuffer source, final int length) {
        final int position = source.position();
        putBytes(index, source, position, length);
        source.position(position + length);
    }

    @Override
    public void putBytes(final int index, final ByteBuffer source, final int sourceIndex, final int length) {
        MemorySegment.copy(whole(source), sourceIndex, segment, index, length);
    }

    @Override
    public void putBytes(final int index, final DirectBuffer source, final int sourceIndex, final int length) {
        if (source instanceof final SegmentBuffer other) {
            MemorySegment.copy(other.segment, sourceIndex, segment, index, length);
        } else {
            boundsCheck(index, length);
            final byte[] bytes = new byte[length];
            source.getBytes(sourceIndex, bytes);
            putBytes(index, bytes);
        }
    }

    @Override
    public long getLong(final int index) {
        return segment.get(LONG, index);
    }

    @Override
    public void putLong(final int index, final long value) {
        segment.set(LONG, index, value);
    }

    @Override
    public long getLong(final int index, final ByteOrder byteOrder) {
        final long value = segment.get(LONG, index);
        return byteOrder == LITTLE_ENDIAN ? value : Long.reverseBytes(value);
    }

    @Override
    public void putLong(final int index, final long value, final ByteOrder byteOrder) {
        segment.set(LONG, index, byteOrder == LITTLE_ENDIAN ? value : Long.reverseBytes(value));
    }

    @Override
    public int getInt(final int index) {
        return segment.get(INT, index);
    }

    @Override
    public void putInt(final int index, final int value) {
        segment.set(INT, index, value);
    }

    @Override
    public int getInt(final int index, final ByteOrder byteOrder) {
        final int value = segment.get(INT, index);
        return byteOrder == LITTLE_ENDIAN ? value : Integer.reverseBytes(value);
    }

    @Override
    public void putInt(final int index, final int value, final ByteOrder byteOrder) {
        segment.set(INT, index, byteOrder == LITTLE_ENDIAN ? value : Integer.reverseBytes(value));
    }

    @Override
    public short getShort(final int index) {
        return segment.get(SHORT, index);
    }

    @Override
    public void putShort(final int index, final short value) {
        segment.set(SHORT, index, value);
    }

    @Override
    public short getShort(final int index, final ByteOrder byteOrder) {
        final short value = segment.get(SHORT, index);
        return byteOrder == LITTLE_ENDIAN ? value : Short.reverseBytes(value);
    }

    @Override
    public void putShort(final int index, final short value, final ByteOrder byteOrder) {
        segment.set(SHORT, index, byteOrder == LITTLE_ENDIAN ? value : Short.reverseBytes(value));
    }

    @Override
    public char getChar(final int index) {
        return segment.get(CHAR, index);
    }

    @Override
    public void putChar(final int index, final char value) {
        segment.set(CHAR, index, value);
    }

    @Override
    public char getChar(final int index, final ByteOrder byteOrder) {
        final char value = segment.get(CHAR, index);
        return byteOrder == LITTLE_ENDIAN ? value : Character.reverseBytes(value);
    }

    @Override
    public void putChar(final int index, final char value, final ByteOrder byteOrder) {
        segment.set(CHAR, index, byteOrder == LITTLE_ENDIAN ? value : Character.reverseBytes(value));
    }

    @Override
    public float getFloat(final int index) {
        return segment.get(FLOAT, index);
    }

    @Override
    public void putFloat(final int index, final float value) {
        segment.set(FLOAT, index, value);
    }

    @Override
    public float getFloat(final int index, final ByteOrder byteOrder) {
        return Float.intBitsToFloat(getInt(index, byteOrder));
    }

    @Override
    public void putFloat(final int index, final float value, final ByteOrder byteOrder) {
        putInt(index, Float.floatToRawIntBits(value), byteOrder);
    }

    @Override
    public double getDouble(final int index) {
        return segment.get(DOUBLE, index);
    }

    @Override
    public void putDouble(final int index, final double value) {
        segment.set(DOUBLE, index, value);
    }

    @Override
    public double getDouble(final int index, final ByteOrder byteOrder) {
        return Double.longBitsToDouble(getLong(index, byteOrder));
    }

    @Override
    public void putDouble(final int index, final double value, final ByteOrder byteOrder) {
        putLong(index, Double.doubleToRawLongBits(value), byteOrder);
    }

    @Override
    public byte getByte(final int index) {
        return segment.get(BYTE, index);
    }

    @Override
    public void putByte(final int index, final byte value) {
        segment.set(BYTE, index, value);
    }

    @Override
    public long getLongVolatile(final int index) {
        return (long) ATOMIC_LONG.getVolatile(segment, (long) index);
    }

    @Override
    public long getLongAcquire(final int index) {
        return (long) ATOMIC_LONG.getAcquire(segment, (long) index);
    }

    @Override
    public long getLongOpaque(final int index) {
        return (long) ATOMIC_LONG.getOpaque(segment, (long) index);
    }

    @Override
    public void putLongVolatile(final int index, final long value) {
        ATOMIC_LONG.setVolatile(segment, (long) index, value);
    }

    @Override
    public void putLongOrdered(final int index, final long value) {
        ATOMIC_LONG.setRelease(segment, (long) index, value);
    }

    @Override
    public void putLongRelease(final int index, final long value) {
        ATOMIC_LONG.setRelease(segment, (long) index, value);
    }

    @Override
    public void putLongOpaque(final int index, final long value) {
        ATOMIC_LONG.setOpaque(segment, (long) index, value);
    }

    @Override
    public long addLongOrdered(final int index, final long increment) {
        return addLongRelease(index, increment);
    }

    @Override
    public long addLongRelease(final int index, final long increment) {
        return (long) ATOMIC_LONG.getAndAddRelease(segment, (long) index, increment);
    }

    /** One writer only: an opaque load and an opaque store, not one atomic step. */
    @Override
    public long addLongOpaque(final int index, final long increment) {
        final long old = getLongOpaque(index);
        putLongOpaque(index, old + increment);
        return old;
    }

    @Override
    public boolean compareAndSetLong(final int index, final long expected, final long updated) {
        return ATOMIC_LONG.compareAndSet(segment, (long) index, expected, updated);
    }

    @Override
    public long compareAndExchangeLong(final int index, final long expected, final long updated) {
        return (long) ATOMIC_LONG.compareAndExchange(segment, (long) index, expected, updated);
    }

    @Override
    public long getAndSetLong(final int index, final long value) {
        return (long) ATOMIC_LONG.getAndSet(segment, (long) index, value);
    }

    @Override
    public long getAndAddLong(final int index, final long delta) {
        return (long) ATOMIC_LONG.getAndAdd(segment, (long) index, delta);
    }

    @Override
    public int getIntVolatile(final int index) {
        return (int) ATOMIC_INT.getVolatile(segment, (long) index);
    }

    @Override
    public int getIntAcquire(final int index) {
        return (int) ATOMIC_INT.getAcquire(segment, (long) index);
    }

    @Override
    public int getIntOpaque(final int index) {
        return (int) ATOMIC_INT.getOpaque(segment, (long) index);
    }

    @Override
    public void putIntVolatile(final int index, final int value) {
        ATOMIC_INT.setVolatile(segment, (long) index, value);
    }

    @Override
    public void putIntOrdered(final int index, final int value) {
        ATOMIC_INT.setRelease(segment, (long) index, value);
    }

    @Override
    public void putIntRelease(final int index, final int value) {
        ATOMIC_INT.setRelease(segment, (long) index, value);
    }

    @Override
    public void putIntOpaque(final int index, final int value) {
        ATOMIC_INT.setOpaque(segment, (long) index, value);
    }

    @Override
    public int addIntOrdered(final int index, final int increment) {
        return addIntRelease(index, increment);
    }

    @Override
    public int addIntRelease(final int index, final int increment) {
        return (int) ATOMIC_INT.getAndAddRelease(segment, (long) index, increment);
    }

    /** One writer only: an opaque load and an opaque store, not one atomic step. */
    @Override
    public int addIntOpaque(final int index, final int increment) {
        final int old = getIntOpaque(index);
        putIntOpaque(index, old + increment);
        return old;
    }

    @Override
    public boolean compareAndSetInt(final int index, final int expected, final int updated) {
        return ATOMIC_INT.compareAndSet(segment, (long) index, expected, updated);
    }

    @Override
    public int compareAndExchangeInt(final int index, final int expected, final int updated) {
        return (int) ATOMIC_INT.compareAndExchange(segment, (long) index, expected, updated);
    }

    @Override
    public int getAndSetInt(final int index, final int value) {
        return (int) ATOMIC_INT.getAndSet(segment, (long) index, value);
    }

    @Override
    public int getAndAddInt(final int index, final int delta) {
        return (int) ATOMIC_INT.getAndAdd(segment, (long) index, delta);
    }

    @Override
    public short getShortVolatile(final int index) {
        return (short) ATOMIC_SHORT.getVolatile(segment, (long) index);
    }

    @Override
    public void putShortVolatile(final int index, final short value) {
        ATOMIC_SHORT.setVolatile(segment, (long) index, value);
    }

    @Override
    public char getCharVolatile(final int index) {
        return (char) ATOMIC_CHAR.getVolatile(segment, (long) index);
    }

    @Override
    public void putCharVolatile(final int index, final char value) {
        ATOMIC_CHAR.setVolatile(segment, (long) index, value);
    }

    @Override
    public byte getByteVolatile(final int index) {
        return (byte) ATOMIC_BYTE.getVolatile(segment, (long) index);
    }

    @Override
    public void putByteVolatile(final int index, final byte value) {
        ATOMIC_BYTE.setVolatile(segment, (long) index, value);
    }

    /** By longs in host order, then bytes, then length: Agrona's order, so that both kinds of buffer sort alike. */
    @Override
    public int compareTo(final DirectBuffer that) {
        final int length = Math.min(capacity(), that.capacity());
        int i = 0;
        for (; i < (length & ~7); i += Long.BYTES) {
            final int order = Long.compare(getLong(i), that.getLong(i));
            if (order != 0) {
                return order;
            }
        }
        for (; i < length; i++) {
            final int order = Byte.compare(getByte(i), that.getByte(i));
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(capacity(), that.capacity());
    }

    @Override
    public boolean equals(final Object other) {
        return this == other
            || other instanceof final SegmentBuffer that && segment.byteSize() == that.segment.byteSize()
            && segment.mismatch(that.segment) < 0;
    }

    @Override
    public int hashCode() {
        int hash = 19;
        int i = 0;
        for (; i < (capacity() & ~7); i += Long.BYTES) {
            hash = 31 * hash + Long.hashCode(getLong(i));
        }
        for (; i < capacity(); i++) {
            hash = 31 * hash + getByte(i);
        }
        return hash;
    }

    @Override
    public String toString() {
        return "SegmentBuffer[" + capacity() + (segment.isNative() ? " bytes off-heap]" : " bytes on the heap]");
    }
}

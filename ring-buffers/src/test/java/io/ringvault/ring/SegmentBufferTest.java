package io.ringvault.ring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/**
 * Agrona's own UnsafeBuffer is the oracle: the same random calls on both must give the same answers and the same
 * bytes.
 */
class SegmentBufferTest {
    private static final int CAPACITY = 128;
    private static final int ROUNDS = 300_000;
    /** Tested on their own below: they depend on what is wrapped, not on content. */
    private static final Set<String> SEPARATE = Set.of("wrap", "addressOffset", "byteArray", "byteBuffer",
        "wrapAdjustment",
        "verifyAlignment");

    private final long seed = Long.getLong("seed", 20261121L);
    private final Random random = new Random(seed);
    private final SegmentBuffer ours = SegmentBuffer.allocate(CAPACITY);
    private final UnsafeBuffer oracle = new UnsafeBuffer(ByteBuffer.allocateDirect(CAPACITY));

    @Test
    void shouldAgreeWithUnsafeBufferWhenEveryMethodIsCalledAtRandom() throws Exception {
        final List<Method> methods = methods();
        final TreeMap<String, int[]> outcomes = new TreeMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            final Method method = methods.get(random.nextInt(methods.size()));
            prepare();
            final Object[] mine = arguments(method);
            final Object[] theirs = new Object[mine.length];
            for (int i = 0; i < mine.length; i++) {
                theirs[i] = copyOf(mine[i]);
            }
            final String call = "seed " + seed + " round " + round + ": " + method + Arrays.deepToString(mine);
            final Object expected = invoke(method, oracle, theirs);
            final Object actual = invoke(method, ours, mine);
            if (expected instanceof byte[] || actual instanceof byte[]) {
                throw new AssertionError(call);
            }
            assertEquals(expected, actual, call);
            for (int i = 0; i < mine.length; i++) {
                assertSameContent(theirs[i], mine[i], call);
            }
            assertEquals(0, ours.compareTo(oracle), call);
            outcomes.computeIfAbsent(method.toString(), k -> new int[2])[expected instanceof Failed ? 1 : 0]++;
        }
        assertEquals(methods.size(), outcomes.size());
        outcomes.forEach((name, counts) -> assertTrue(counts[0] > 0, "never succeeded: " + name));
    }

    private static List<Method> methods() {
        final List<Method> methods = new ArrayList<>();
        for (final Method method : AtomicBuffer.class.getMethods()) {
            if (!Modifier.isStatic(method.getModifiers()) && !SEPARATE.contains(method.getName())) {
                methods.add(method);
            }
        }
        methods.sort(Comparator.comparing(Method::toString));
        assertTrue(methods.size() > 100, "methods: " + methods.size());
        return methods;
    }

    /** Now and then plants digits or a small string length, so that parsing and string methods often succeed. */
    private void prepare() {
        final int index = random.nextInt(CAPACITY - 24);
        switch (random.nextInt(4)) {
            case 0 -> {
                final String number = Long.toString(random.nextLong() >> random.nextInt(64));
                ours.putStringWithoutLengthAscii(index, number);
                oracle.putStringWithoutLengthAscii(index, number);
            }
            case 1 -> {
                final int length = random.nextInt(20);
                final ByteOrder order = random.nextBoolean() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
                ours.putInt(index, length, order);
                oracle.putInt(index, length, order);
            }
            case 2 -> {
                final int digits = 1 + random.nextInt(20);
                for (int i = 0; i < digits; i++) {
                    final byte digit = (byte) ('0' + random.nextInt(10));
                    ours.putByte(index + i, digit);
                    oracle.putByte(index + i, digit);
                }
            }
            default -> { }
        }
    }

    private Object[] arguments(final Method method) {
        final String name = method.getName();
        if (name.equals("putNaturalPaddedIntAscii")) {
            return new Object[] {index(false), random.nextInt(12), random.nextInt() >>> 1 + random.nextInt(30)};
        }
        if (name.equals("putNaturalIntAsciiFromEnd")) {
            return new Object[] {random.nextInt() >>> 1 + random.nextInt(30), index(false)};
        }
        final Class<?>[] types = method.getParameterTypes();
        final Object[] arguments = new Object[types.length];
        boolean valueTaken = false;
        for (int i = 0; i < types.length; i++) {
            if (i == 0 && types[i] == int.class) {
                arguments[i] = index(isAtomic(name));
            } else {
                arguments[i] = argument(name, types[i], valueTaken || !name.contains("Int"));
                valueTaken |= types[i] == int.class;
            }
        }
        if (isSwap(name) && random.nextBoolean()) {
            arguments[1] = types[1] == long.class ? peekLong((int) arguments[0]) : (Object) peekInt((int) arguments[0]);
        }
        return arguments;
    }

    private Object peekLong(final int index) {
        return index >= 0 && index <= CAPACITY - 8 ? oracle.getLong(index) : 0L;
    }

    private Object peekInt(final int index) {
        return index >= 0 && index <= CAPACITY - 4 ? oracle.getInt(index) : 0;
    }

    private static boolean isSwap(final String name) {
        return name.startsWith("compareAnd");
    }

    private static boolean isAtomic(final String name) {
        return isSwap(name) || name.startsWith("getAnd") || name.startsWith("add")
            || name.matches(".*(Volatile|Acquire|Release|Ordered|Opaque)");
    }

    private int index(final boolean aligned) {
        final int index = switch (random.nextInt(12)) {
            case 0 -> -1 - random.nextInt(16);
            case 1 -> CAPACITY - random.nextInt(16);
            case 2 -> CAPACITY + random.nextInt(16);
            case 3 -> Integer.MAX_VALUE - random.nextInt(8);
            default -> random.nextInt(CAPACITY);
        };
        return aligned ? index & ~7 : index;
    }

    private Object argument(final String name, final Class<?> type, final boolean isLength) {
        if (type == int.class) {
            final boolean value = name.startsWith("putInt") || name.contains("NaturalInt") || name.startsWith("compare")
                || name.startsWith("getAnd") || name.startsWith("add");
            if (value && !isLength) {
                final int number = random.nextInt() >> random.nextInt(32);
                return name.contains("Natural") ? number & Integer.MAX_VALUE : number;
            }
            // From -4 to -1 the oracle's getStringAscii(int, int, Appendable) returns a negative count; ours refuses.
            return switch (random.nextInt(20)) {
                case 0 -> -5 - random.nextInt(16);
                case 1 -> random.nextInt(CAPACITY * 2);
                default -> random.nextInt(24);
            };
        }
        if (type == long.class) {
            final long number = random.nextInt(50) == 0 ? Long.MIN_VALUE : random.nextLong() >> random.nextInt(64);
            return name.contains("Natural") ? number & Long.MAX_VALUE : number;
        }
        if (type == ByteOrder.class) {
            return random.nextBoolean() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        }
        if (type == String.class || type == CharSequence.class) {
            return text();
        }
        return objectArgument(type);
    }

    private Object objectArgument(final Class<?> type) {
        if (type == byte.class) {
            return (byte) random.nextInt();
        } else if (type == short.class) {
            return (short) random.nextInt();
        } else if (type == char.class) {
            return (char) random.nextInt();
        } else if (type == float.class) {
            return random.nextFloat() * 1e10f;
        } else if (type == double.class) {
            return random.nextGaussian();
        } else if (type == byte[].class) {
            return randomBytes();
        } else if (type == Appendable.class) {
            return new StringBuilder();
        } else if (type == ByteBuffer.class) {
            return byteBuffer(randomBytes(), random.nextInt(3), random.nextInt(8));
        } else if (type == DirectBuffer.class || type == MutableDirectBuffer.class || type == Object.class) {
            return directBuffer(randomBytes(), random.nextInt(3));
        }
        throw new AssertionError("no generator for " + type);
    }

    private String text() {
        if (random.nextInt(12) == 0) {
            return null;
        }
        final StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(16); i > 0; i--) {
            text.append((char) (random.nextInt(10) == 0 ? 0x80 + random.nextInt(0x700) : 0x20 + random.nextInt(0x5f)));
        }
        return text.toString();
    }

    private byte[] randomBytes() {
        final byte[] bytes = new byte[1 + random.nextInt(40)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static ByteBuffer byteBuffer(final byte[] bytes, final int kind, final int position) {
        final ByteBuffer buffer = kind == 0 ? ByteBuffer.allocateDirect(bytes.length + 8)
            : kind == 1 ? ByteBuffer.allocate(bytes.length + 8) : ByteBuffer.allocate(bytes.length + 11).slice(3,
            bytes.length + 8);
        return buffer.put(0, bytes).position(position);
    }

    private static DirectBuffer directBuffer(final byte[] bytes, final int kind) {
        if (kind == 0) {
            final SegmentBuffer buffer = SegmentBuffer.allocate(bytes.length);
            buffer.putBytes(0, bytes);
            return buffer;
        }
        if (kind == 1) {
            return new UnsafeBuffer(bytes);
        }
        final UnsafeBuffer buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(bytes.length + 5), 5, bytes.length);
        buffer.putBytes(0, bytes);
        return buffer;
    }

    /** A separate, equal argument for the oracle. */
    private static Object copyOf(final Object argument) {
        if (argument instanceof final byte[] bytes) {
            return bytes.clone();
        }
        if (argument instanceof final StringBuilder text) {
            return new StringBuilder(text);
        }
        if (argument instanceof final ByteBuffer buffer) {
            final byte[] bytes = new byte[buffer.capacity() - 8];
            buffer.get(0, bytes);
            return byteBuffer(bytes, buffer.isDirect() ? 0 : 1, buffer.position());
        }
        if (argument instanceof final DirectBuffer buffer) {
            final byte[] bytes = new byte[buffer.capacity()];
            buffer.getBytes(0, bytes);
            return directBuffer(bytes, 0);
        }
        return argument;
    }

    private static void assertSameContent(final Object expected, final Object actual, final String call) {
        if (expected instanceof final byte[] bytes) {
            assertArrayEquals(bytes, (byte[]) actual, call);
        } else if (expected instanceof final ByteBuffer buffer) {
            final ByteBuffer other = (ByteBuffer) actual;
            assertEquals(buffer.position(), other.position(), call);
            assertEquals(-1, buffer.duplicate().clear().mismatch(other.duplicate().clear()), call);
        } else if (expected instanceof final DirectBuffer buffer) {
            assertEquals(0, buffer.compareTo((DirectBuffer) actual), call);
        } else {
            assertEquals(Objects.toString(expected), Objects.toString(actual), call);
        }
    }

    private enum Failed { OUT_OF_BOUNDS, ARGUMENT, NUMBER }

    private static Object invoke(final Method method, final Object target, final Object[] arguments) throws Exception {
        try {
            return method.invoke(target, arguments);
        } catch (final InvocationTargetException thrown) {
            if (thrown.getCause() instanceof IndexOutOfBoundsException
                || thrown.getCause() instanceof NegativeArraySizeException) {
                return Failed.OUT_OF_BOUNDS;
            } else if (thrown.getCause() instanceof NumberFormatException) {
                return Failed.NUMBER;
            } else if (thrown.getCause() instanceof IllegalArgumentException) {
                return Failed.ARGUMENT;
            }
            throw thrown;
        }
    }

    @Test
    void shouldWrapArraysBuffersAndSegmentsWithTheirOffsets() {
        final byte[] array = new byte[64];
        ours.wrap(array, 8, 16);
        assertSame(array, ours.byteArray());
        assertEquals(8, ours.wrapAdjustment());
        assertEquals(16, ours.capacity());
        ours.putLong(0, 0x0102030405060708L);
        assertEquals(8, array[8]);
        assertThrows(UnsupportedOperationException.class, ours::addressOffset);
        ours.wrap(array);
        assertEquals(64, ours.capacity());

        final ByteBuffer direct = ByteBuffer.allocateDirect(64).position(10);
        ours.wrap(direct, 16, 32);
        ours.putByte(0, (byte) 9);
        assertEquals(9, direct.get(16));
        assertSame(direct, ours.byteBuffer());
        assertEquals(16, ours.wrapAdjustment());
        ours.wrap(direct);
        assertEquals(64, ours.capacity());

        final UnsafeBuffer unsafe = new UnsafeBuffer(array, 4, 40);
        ours.wrap(unsafe, 4, 8);
        ours.putByte(0, (byte) 77);
        assertEquals(77, array[8]);
        assertEquals(8, ours.wrapAdjustment());
        ours.wrap(new UnsafeBuffer(direct, 8, 8));
        ours.putByte(1, (byte) 55);
        assertEquals(55, direct.get(9));

        final SegmentBuffer other = SegmentBuffer.allocate(32);
        ours.wrap(other, 8, 8);
        ours.putByte(0, (byte) 3);
        assertEquals(3, other.getByte(8));
        assertEquals(other.addressOffset() + 8, ours.addressOffset());
        final UnsafeBuffer copy = new UnsafeBuffer(new byte[8]);
        copy.putBytes(0, ours, 0, 8);
        assertEquals(3, copy.getByte(0));
    }

    @Test
    void shouldRefuseAddressesAndRangesOutside() {
        assertThrows(UnsupportedOperationException.class, () -> ours.wrap(0L, 8));
        assertThrows(UnsupportedOperationException.class, () -> ours.wrap(new UnsafeBuffer(oracle.addressOffset(), 8)));
        assertThrows(IndexOutOfBoundsException.class, () -> ours.wrap(new byte[8], 4, 5));
        assertThrows(IndexOutOfBoundsException.class, () -> ours.wrap(ByteBuffer.allocate(8), 4, 5));
        assertThrows(IndexOutOfBoundsException.class, () -> ours.checkLimit(CAPACITY + 1));
    }

    @Test
    void shouldRefuseAtomicAccessWhenMisalignedOrOnTheHeap() {
        assertThrows(IllegalArgumentException.class, () -> ours.putLongVolatile(4, 1));
        assertThrows(IllegalArgumentException.class, () -> ours.getIntVolatile(2));
        ours.verifyAlignment();
        ours.wrap(new byte[64]);
        assertThrows(IllegalArgumentException.class, () -> ours.getLongVolatile(0));
        assertThrows(IllegalStateException.class, ours::verifyAlignment);
        final MemorySegment odd = Arena.ofAuto().allocate(65, 8).asSlice(1);
        ours.wrap(odd);
        assertThrows(IllegalStateException.class, ours::verifyAlignment);
    }

    @Test
    void shouldCompareByContent() {
        final SegmentBuffer same = SegmentBuffer.allocate(CAPACITY);
        assertEquals(same, ours);
        assertEquals(same.hashCode(), ours.hashCode());
        assertEquals(oracle.hashCode(), ours.hashCode());
        same.putByte(CAPACITY - 1, (byte) 1);
        assertNotEquals(same, ours);
        assertEquals(ours.segment().get(ValueLayout.JAVA_BYTE, 0), ours.getByte(0));
        assertTrue(ours.toString().contains("128 bytes off-heap"));
    }
}

package io.ringvault.ring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.agrona.AsciiEncoding;
import org.agrona.AsciiNumberFormatException;
import org.agrona.MutableDirectBuffer;

/**
 * The text half of {@link SegmentBuffer}: strings and ASCII numbers, written in terms of the byte and int accessors.
 * None of it is on a hot path.
 */
abstract sealed class SegmentTextBuffer implements MutableDirectBuffer permits SegmentBuffer {
    private static final int INT_MAX_DIGITS = 10;
    private static final int LONG_MAX_DIGITS = 19;
    /** Agrona stores a null string as this text in its UTF-8 methods (and as nothing in its ASCII ones). */
    private static final byte[] NULL_BYTES = "null".getBytes(StandardCharsets.UTF_8);

    @Override
    public final String getStringAscii(final int index) {
        return asciiAfterHeader(index, getInt(index));
    }

    @Override
    public final String getStringAscii(final int index, final ByteOrder byteOrder) {
        return asciiAfterHeader(index, getInt(index, byteOrder));
    }

    private String asciiAfterHeader(final int index, final int length) {
        return length == 0 ? "" : getStringWithoutLengthAscii(index + STR_HEADER_LEN, length);
    }

    @Override
    public final int getStringAscii(final int index, final Appendable appendable) {
        final int length = getInt(index);
        return length == 0 ? 0 : getStringWithoutLengthAscii(index + STR_HEADER_LEN, length, appendable);
    }

    @Override
    public final int getStringAscii(final int index, final Appendable appendable, final ByteOrder byteOrder) {
        final int length = getInt(index, byteOrder);
        return length == 0 ? 0 : getStringWithoutLengthAscii(index + STR_HEADER_LEN, length, appendable);
    }

    @Override
    public final String getStringAscii(final int index, final int length) {
        return getStringWithoutLengthAscii(index + STR_HEADER_LEN, length);
    }

    @Override
    public final int getStringAscii(final int index, final int length, final Appendable appendable) {
        boundsCheck(index, length + STR_HEADER_LEN);
        return getStringWithoutLengthAscii(index + STR_HEADER_LEN, length, appendable);
    }

    @Override
    public final String getStringWithoutLengthAscii(final int index, final int length) {
        return new String(bytes(index, length), StandardCharsets.US_ASCII);
    }

    @Override
    public final int getStringWithoutLengthAscii(final int index, final int length, final Appendable appendable) {
        boundsCheck(index, length);
        try {
            for (int i = index; i < index + length; i++) {
                final byte value = getByte(i);
                appendable.append(value < 0 ? '?' : (char) value);
            }
        } catch (final IOException failed) {
            throw new UncheckedIOException(failed);
        }
        return length;
    }

    @Override
    public final String getStringUtf8(final int index) {
        final int length = getInt(index);
        return length == 0 ? "" : getStringWithoutLengthUtf8(index + STR_HEADER_LEN, length);
    }

    @Override
    public final String getStringUtf8(final int index, final ByteOrder byteOrder) {
        final int length = getInt(index, byteOrder);
        return length == 0 ? "" : getStringWithoutLengthUtf8(index + STR_HEADER_LEN, length);
    }

    @Override
    public final String getStringUtf8(final int index, final int length) {
        return getStringWithoutLengthUtf8(index + STR_HEADER_LEN, length);
    }

    @Override
    public final String getStringWithoutLengthUtf8(final int index, final int length) {
        return new String(bytes(index, length), StandardCharsets.UTF_8);
    }

    private byte[] bytes(final int index, final int length) {
        boundsCheck(index, length);
        final byte[] bytes = new byte[length];
        getBytes(index, bytes);
        return bytes;
    }

    @Override
    public final int putStringAscii(final int index, final String value) {
        return putStringAscii(index, (CharSequence) value, ByteOrder.nativeOrder());
    }

    @Override
    public final int putStringAscii(final int index, final CharSequence value) {
        return putStringAscii(index, value, ByteOrder.nativeOrder());
    }

    @Override
    public final int putStringAscii(final int index, final String value, final ByteOrder byteOrder) {
        return putStringAscii(index, (CharSequence) value, byteOrder);
    }

    @Override
    public final int putStringAscii(final int index, final CharSequence value, final ByteOrder byteOrder) {
        final int length = value == null ? 0 : value.length();
        boundsCheck(index, STR_HEADER_LEN + length);
        putInt(index, length, byteOrder);
        return STR_HEADER_LEN + putStringWithoutLengthAscii(index + STR_HEADER_LEN, value);
    }

    @Override
    public final int putStringWithoutLengthAscii(final int index, final String value) {
        return putStringWithoutLengthAscii(index, (CharSequence) value);
    }

    @Override
    public final int putStringWithoutLengthAscii(final int index, final CharSequence value) {
        return value == null ? 0 : putStringWithoutLengthAscii(index, value, 0, value.length());
    }

    @Override
    public final int putStringWithoutLengthAscii(final int index, final String value, final int valueOffset,
        final int length) {
        return putStringWithoutLengthAscii(index, (CharSequence) value, valueOffset, length);
    }

    @Override
    public final int putStringWithoutLengthAscii(final int index, final CharSequence value, final int valueOffset,
        final int length) {
        if (value == null) {
            return 0;
        }
        final int count = Math.min(value.length() - valueOffset, length);
        boundsCheck(index, count);
        for (int i = 0; i < count; i++) {
            final char c = value.charAt(valueOffset + i);
            putByte(index + i, (byte) (c > 127 ? '?' : c));
        }
        return count;
    }

    @Override
    public final int putStringUtf8(final int index, final String value) {
        return putStringUtf8(index, value, ByteOrder.nativeOrder(), Integer.MAX_VALUE);
    }

    @Override
    public final int putStringUtf8(final int index, final String value, final ByteOrder byteOrder) {
        return putStringUtf8(index, value, byteOrder, Integer.MAX_VALUE);
    }

    @Override
    public final int putStringUtf8(final int index, final String value, final int maxEncodedLength) {
        return putStringUtf8(index, value, ByteOrder.nativeOrder(), maxEncodedLength);
    }

    @Override
    public final int putStringUtf8(final int index, final String value, final ByteOrder byteOrder,
        final int maxEncodedLength) {
        final byte[] bytes = value == null ? NULL_BYTES : value.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > maxEncodedLength) {
            throw new IllegalArgumentException("the string takes " + bytes.length + " bytes, more than "
                + maxEncodedLength);
        }
        boundsCheck(index, STR_HEADER_LEN + bytes.length);
        putInt(index, bytes.length, byteOrder);
        putBytes(index + STR_HEADER_LEN, bytes);
        return STR_HEADER_LEN + bytes.length;
    }

    @Override
    public final int putStringWithoutLengthUtf8(final int index, final String value) {
        final byte[] bytes = value == null ? NULL_BYTES : value.getBytes(StandardCharsets.UTF_8);
        putBytes(index, bytes);
        return bytes.length;
    }

    @Override
    public final int parseNaturalIntAscii(final int index, final int length) {
        return (int) parse(index, length, false, INT_MAX_DIGITS, Integer.MAX_VALUE);
    }

    @Override
    public final long parseNaturalLongAscii(final int index, final int length) {
        return parse(index, length, false, LONG_MAX_DIGITS, Long.MAX_VALUE);
    }

    @Override
    public final int parseIntAscii(final int index, final int length) {
        return (int) parse(index, length, true, INT_MAX_DIGITS, Integer.MAX_VALUE);
    }

    @Override
    public final long parseLongAscii(final int index, final int length) {
        return parse(index, length, true, LONG_MAX_DIGITS, Long.MAX_VALUE);
    }

    private long parse(final int index, final int length, final boolean signed, final int maxDigits, final long max) {
        boundsCheck(index, length);
        if (length == 0) {
            throw new AsciiNumberFormatException("empty number at index " + index);
        }
        final boolean negative = signed && getByte(index) == '-';
        final int start = negative ? index + 1 : index;
        final int end = index + length;
        if (start == end || end - start > maxDigits) {
            throw notANumber(index, length);
        }
        final long limit = negative ? -max - 1 : -max;
        long minus = 0; // Counted downwards, so that the smallest value needs no special case.
        for (int i = start; i < end; i++) {
            final int digit = getByte(i) - '0';
            if (digit < 0 || digit > 9 || minus < (limit + digit) / 10) {
                throw notANumber(index, length);
            }
            minus = minus * 10 - digit;
        }
        return negative ? minus : -minus;
    }

    private AsciiNumberFormatException notANumber(final int index, final int length) {
        return new AsciiNumberFormatException("not a number in range: " + getStringWithoutLengthAscii(index, length));
    }

    @Override
    public final int putIntAscii(final int index, final int value) {
        return putStringWithoutLengthAscii(index, Integer.toString(value));
    }

    @Override
    public final int putLongAscii(final int index, final long value) {
        return putStringWithoutLengthAscii(index, Long.toString(value));
    }

    @Override
    public final int putNaturalIntAscii(final int index, final int value) {
        return putStringWithoutLengthAscii(index, Integer.toString(value));
    }

    @Override
    public final int putNaturalLongAscii(final int index, final long value) {
        return putStringWithoutLengthAscii(index, Long.toString(value));
    }

    @Override
    public final void putNaturalPaddedIntAscii(final int offset, final int length, final int value) {
        boundsCheck(offset, length);
        int remainder = value;
        for (int i = offset + length - 1; i >= offset; i--) {
            putByte(i, (byte) ('0' + remainder % 10));
            remainder /= 10;
        }
        if (remainder != 0) {
            throw new NumberFormatException(value + " does not fit into " + length + " digits");
        }
    }

    @Override
    public final int putNaturalIntAsciiFromEnd(final int value, final int endExclusive) {
        final int digits = AsciiEncoding.digitCount(value);
        boundsCheck(endExclusive - digits, digits);
        int index = endExclusive;
        for (int remainder = value; remainder > 0; remainder /= 10) {
            index--;
            putByte(index, (byte) ('0' + remainder % 10));
        }
        return index;
    }
}

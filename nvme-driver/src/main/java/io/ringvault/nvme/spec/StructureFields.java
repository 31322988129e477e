package io.ringvault.nvme.spec;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A structure of the specification as a table of fields, for showing all of it to people and scripts. Names are those
 * of nvme-cli, which are the specification's short names in lower case. Decodes private copies only; every value is of
 * bounded size and every text printable, whatever the device wrote.
 */
public final class StructureFields {

    /** How the bytes of a field are to be read. */
    public enum Kind {
        /** An unsigned little-endian number of 1 to 16 bytes. */
        NUMBER,
        /** Printable ASCII padded with spaces or zeros. */
        TEXT,
        /** Bytes in their order as hexadecimal digits. */
        BYTES
    }

    /** One field. */
    public record Field(String name, int offset, int lengthBytes, Kind kind) {
    }

    private final List<Field> fields;

    StructureFields(final List<Field> fields) {
        this.fields = List.copyOf(fields);
    }

    static Field number(final String name, final int offset, final int lengthBytes) {
        return new Field(name, offset, lengthBytes, Kind.NUMBER);
    }

    static Field text(final String name, final int offset, final int lengthBytes) {
        return new Field(name, offset, lengthBytes, Kind.TEXT);
    }

    static Field bytes(final String name, final int offset, final int lengthBytes) {
        return new Field(name, offset, lengthBytes, Kind.BYTES);
    }

    /** The fields, by rising offset. */
    public List<Field> fields() {
        return fields;
    }

    /** All values by name, in the order of the structure: Long, BigInteger where it does not fit, or text. */
    public Map<String, Object> decode(final MemorySegment copy) {
        final Map<String, Object> values = new LinkedHashMap<>();
        for (final Field field : fields) {
            values.put(field.name, switch (field.kind) {
                case NUMBER -> number(copy, field.offset, field.lengthBytes);
                case TEXT -> Wire.ascii(copy, field.offset, field.lengthBytes);
                case BYTES -> hex(copy, field.offset, field.lengthBytes);
            });
        }
        return values;
    }

    /** An unsigned little-endian number of 1 to 16 bytes. */
    static Number number(final MemorySegment copy, final long offset, final int lengthBytes) {
        final BigInteger value = unsigned(copy, offset, lengthBytes);
        if (value.bitLength() < Long.SIZE) {
            return value.longValue();
        }
        return value;
    }

    /** The same, always as a BigInteger. */
    static BigInteger unsigned(final MemorySegment copy, final long offset, final int lengthBytes) {
        final byte[] bigEndian = new byte[lengthBytes];
        for (int i = 0; i < lengthBytes; i++) {
            bigEndian[lengthBytes - 1 - i] = copy.get(ValueLayout.JAVA_BYTE, offset + i);
        }
        return new BigInteger(1, bigEndian);
    }

    /** A long read as unsigned: a Long, or a BigInteger where it does not fit. */
    static Number unsigned(final long value) {
        if (value >= 0) {
            return value;
        }
        return new BigInteger(Long.toUnsignedString(value));
    }

    /** Bytes in their order as hexadecimal digits. */
    static String hex(final MemorySegment copy, final long offset, final int lengthBytes) {
        final StringBuilder text = new StringBuilder(2 * lengthBytes);
        for (int i = 0; i < lengthBytes; i++) {
            text.append(String.format("%02x", Wire.u8(copy, offset + i)));
        }
        return text.toString();
    }
}

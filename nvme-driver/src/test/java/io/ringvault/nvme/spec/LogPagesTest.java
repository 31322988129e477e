package io.ringvault.nvme.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Log pages and field tables against bytes put down by plain byte-buffer arithmetic. */
class LogPagesTest {
    private final MemorySegment data = MemorySegment.ofArray(new long[512]);
    private final ByteBuffer bytes = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);

    private MemorySegment filled() {
        return data.copyFrom(MemorySegment.ofArray(bytes.array()));
    }

    @Test
    void shouldPackTheRequestWhenALengthIsGiven() {
        assertEquals(0x007F_8002L, LogPage.dwords(LogPage.SMART, 512));
        assertEquals(0x03FF_8001L, LogPage.dwords(LogPage.ERROR_INFORMATION, 4096));
    }

    @Test
    void shouldReadSmartFieldsFromTheirPlaces() {
        bytes.put(0, (byte) 4).putShort(1, (short) 310).put(3, (byte) 99).put(4, (byte) 10).put(5, (byte) 255);
        for (int counter = 0; counter < 10; counter++) {
            bytes.putLong(32 + 16 * counter, 1000 + counter);
        }
        bytes.putLong(40, -1).putInt(192, -2).putInt(196, 7);
        final Map<String, Object> map = SmartLog.decode(filled()).asMap();
        assertEquals(4, map.get("critical_warning"));
        assertEquals(310, map.get("temperature"));
        assertEquals(99, map.get("avail_spare"));
        assertEquals(10, map.get("spare_thresh"));
        assertEquals(255, map.get("percent_used"));
        assertEquals(BigInteger.TWO.pow(128).subtract(BigInteger.TWO.pow(64)).add(BigInteger.valueOf(1000)),
            map.get("data_units_read"), "128 bits, unsigned");
        final List<String> counters = List.of("data_units_written", "host_read_commands", "host_write_commands",
            "controller_busy_time", "power_cycles", "power_on_hours", "unsafe_shutdowns", "media_errors",
            "num_err_log_entries");
        for (int i = 0; i < counters.size(); i++) {
            assertEquals(BigInteger.valueOf(1001 + i), map.get(counters.get(i)), counters.get(i));
        }
        assertEquals(0xFFFF_FFFEL, map.get("warning_temp_time"));
        assertEquals(7L, map.get("critical_comp_time"));
    }

    @Test
    void shouldReadErrorEntriesUntilThereAreNone() {
        bytes.putLong(64, -1).putShort(72, (short) 3).putShort(74, (short) 9).putShort(76, (short) 0x8503)
            .putShort(78, (short) 0x0204).putLong(80, 77).putInt(88, -1).put(92, (byte) 0xC0);
        final List<ErrorLogEntry> entries = ErrorLogEntry.decodeAll(filled());
        assertEquals(1, entries.size(), "entries with a count of 0 are none");
        final Map<String, Object> map = entries.getFirst().asMap();
        assertEquals(new BigInteger("18446744073709551615"), map.get("error_count"));
        assertEquals(3, map.get("sqid"));
        assertEquals(9, map.get("cmdid"));
        assertEquals(0x4281, map.get("status_field"));
        assertEquals(1, map.get("phase_tag"));
        assertEquals("Unrecovered Read Error (sct 0x2 sc 0x81, do not retry)", map.get("status_text"));
        assertEquals(0x0204, map.get("parm_error_location"));
        assertEquals(77L, map.get("lba"));
        assertEquals(0xFFFF_FFFFL, map.get("nsid"));
        assertEquals(0xC0, map.get("vs"));
    }

    @Test
    void shouldReadFirmwareSlots() {
        bytes.put(0, (byte) 0x32).put(16, "REV2\0\0\0\u0007".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        final FirmwareSlots slots = FirmwareSlots.decode(filled());
        assertEquals(2, slots.active());
        assertEquals(3, slots.next());
        assertEquals(List.of("", "REV2   ?", "", "", "", "", ""), slots.revisions());
    }

    @Test
    void shouldHaveNoOverlappingFieldsInAnyTable() {
        for (final StructureFields table : List.of(IdentifyFields.CONTROLLER, IdentifyFields.namespaceFields())) {
            int end = 0;
            for (final StructureFields.Field field : table.fields()) {
                assertTrue(field.offset() >= end, field::toString);
                end = field.offset() + field.lengthBytes();
            }
            assertTrue(end <= 4096);
        }
    }

    /** Each field set alone shows in its own name only. */
    @Test
    void shouldReadEveryFieldFromItsPlaceAlone() {
        for (final StructureFields table : List.of(IdentifyFields.CONTROLLER, IdentifyFields.namespaceFields())) {
            final Map<String, Object> empty = table.decode(MemorySegment.ofArray(new long[512]));
            for (final StructureFields.Field field : table.fields()) {
                final byte[] page = new byte[4096];
                page[field.offset()] = 0x41;
                final Map<String, Object> one =
                    table.decode(MemorySegment.ofArray(new long[512]).copyFrom(MemorySegment.ofArray(page)));
                one.forEach((name, value) -> assertEquals(!name.equals(field.name()), value.equals(empty.get(name)),
                    () -> name + " when " + field.name() + " is set"));
            }
        }
    }

    @Test
    void shouldShowNamespaceFormatsUpToTheNumberClaimed() {
        bytes.put(25, (byte) 255).putInt(128 + 4 * 63, 0x020C_0040);
        final List<?> formats = (List<?>) IdentifyFields.namespace(filled()).get("lbafs");
        assertEquals(64, formats.size(), "never more than the structure holds");
        assertEquals(Map.of("ms", 64, "ds", 12, "rp", 2), formats.get(63));
    }
}

package io.ringvault.nvme.spec;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One entry of the Error Information log: NVM Express Base 2.1, section 5.1.12.1.2, 64 bytes, decoded from a private
 * copy.
 *
 * @param errorCount         number of this error over the life of the controller, unsigned; 0 = no entry
 * @param submissionQueue    where the command came from, FFFFh = no command
 * @param commandId          of the command
 * @param status             the 15 bits that {@link StatusField} reads
 * @param phase              phase tag of the completion
 * @param parameterLocation  byte 7:0 and bit 10:8 of the command that is at fault, FFFFh = none
 * @param lba                first block at fault, unsigned
 * @param namespace          of the command, unsigned
 * @param vendorPage         log page with more, 0 = none
 */
public record ErrorLogEntry(long errorCount, int submissionQueue, int commandId, int status, int phase,
    int parameterLocation, long lba, int namespace, int vendorPage) {

    /** Bytes of one entry. */
    public static final int LENGTH = 64;

    /** Reads a private copy of one entry at {@code offset}. */
    public static ErrorLogEntry decode(final MemorySegment copy, final long offset) {
        final int status = Wire.u16(copy, offset + 12);
        return new ErrorLogEntry(copy.get(Wire.U64, offset), Wire.u16(copy, offset + 8), Wire.u16(copy, offset + 10),
            status >>> 1, status & 1, Wire.u16(copy, offset + 14), copy.get(Wire.U64, offset + 16),
            copy.get(Wire.U32, offset + 24), Wire.u8(copy, offset + 28));
    }

    /** The entries of a private copy of the log, newest first, as far as there are any. */
    public static List<ErrorLogEntry> decodeAll(final MemorySegment copy) {
        final List<ErrorLogEntry> entries = new ArrayList<>();
        for (long offset = 0; offset + LENGTH <= copy.byteSize(); offset += LENGTH) {
            final ErrorLogEntry entry = decode(copy, offset);
            if (entry.errorCount != 0) {
                entries.add(entry);
            }
        }
        return entries;
    }

    /** All of it by nvme-cli's names, and the status in words. */
    public Map<String, Object> asMap() {
        final Map<String, Object> map = new LinkedHashMap<>();
        map.put("error_count", StructureFields.unsigned(errorCount));
        map.put("sqid", submissionQueue);
        map.put("cmdid", commandId);
        map.put("status_field", status);
        map.put("status_text", StatusText.describe(status));
        map.put("phase_tag", phase);
        map.put("parm_error_location", parameterLocation);
        map.put("lba", StructureFields.unsigned(lba));
        map.put("nsid", Integer.toUnsignedLong(namespace));
        map.put("vs", vendorPage);
        return map;
    }
}

package io.ringvault.nvme.spec;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * SMART and Health Information: NVM Express Base 2.1, section 5.1.12.1.3, 512 bytes, decoded from a private copy.
 *
 * @param criticalWarning     bits: 0 spare low, 1 temperature, 2 reliability, 3 read-only, 4 backup of the cache
 *     failed, 5 persistent memory unreliable
 * @param temperatureKelvin   composite temperature
 * @param availableSpare      percent
 * @param spareThreshold      percent
 * @param percentUsed         of the life expected by the vendor; may exceed 100
 * @param dataUnitsRead       in units of 1000 blocks of 512 bytes
 * @param dataUnitsWritten    in units of 1000 blocks of 512 bytes
 * @param hostReads           read commands
 * @param hostWrites          write commands
 * @param busyMinutes         time with commands outstanding
 * @param powerCycles         count
 * @param powerOnHours        hours
 * @param unsafeShutdowns     shutdowns without CC.SHN
 * @param mediaErrors         unrecovered data integrity errors
 * @param errorLogEntries     over the life of the controller
 * @param warningMinutes      above the warning temperature
 * @param criticalMinutes     above the critical temperature
 */
public record SmartLog(int criticalWarning, int temperatureKelvin, int availableSpare, int spareThreshold,
    int percentUsed, BigInteger dataUnitsRead, BigInteger dataUnitsWritten, BigInteger hostReads,
    BigInteger hostWrites, BigInteger busyMinutes, BigInteger powerCycles, BigInteger powerOnHours,
    BigInteger unsafeShutdowns, BigInteger mediaErrors, BigInteger errorLogEntries, long warningMinutes,
    long criticalMinutes) {

    /** Bytes of the page. */
    public static final int LENGTH = 512;

    private static final int COUNTER_BYTES = 16;

    /** Reads a private copy. */
    public static SmartLog decode(final MemorySegment copy) {
        return new SmartLog(Wire.u8(copy, 0), Wire.u16(copy, 1), Wire.u8(copy, 3), Wire.u8(copy, 4), Wire.u8(copy, 5),
            counter(copy, 32), counter(copy, 48), counter(copy, 64), counter(copy, 80), counter(copy, 96),
            counter(copy, 112), counter(copy, 128), counter(copy, 144), counter(copy, 160), counter(copy, 176),
            copy.get(Wire.U32, 192) & 0xFFFF_FFFFL, copy.get(Wire.U32, 196) & 0xFFFF_FFFFL);
    }

    private static BigInteger counter(final MemorySegment copy, final int offset) {
        return StructureFields.unsigned(copy, offset, COUNTER_BYTES);
    }

    /** All of it by nvme-cli's names. */
    public Map<String, Object> asMap() {
        final Map<String, Object> map = new LinkedHashMap<>();
        map.put("critical_warning", criticalWarning);
        map.put("temperature", temperatureKelvin);
        map.put("avail_spare", availableSpare);
        map.put("spare_thresh", spareThreshold);
        map.put("percent_used", percentUsed);
        map.put("data_units_read", dataUnitsRead);
        map.put("data_units_written", dataUnitsWritten);
        map.put("host_read_commands", hostReads);
        map.put("host_write_commands", hostWrites);
        map.put("controller_busy_time", busyMinutes);
        map.put("power_cycles", powerCycles);
        map.put("power_on_hours", powerOnHours);
        map.put("unsafe_shutdowns", unsafeShutdowns);
        map.put("media_errors", mediaErrors);
        map.put("num_err_log_entries", errorLogEntries);
        map.put("warning_temp_time", warningMinutes);
        map.put("critical_comp_time", criticalMinutes);
        return map;
    }
}

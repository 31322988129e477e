package io.ringvault.nvme.spec;

/**
 * Get Log Page: NVM Express Base 2.1, section 5.1.12.
 *
 * <pre>
 *  CDW10: log identifier 7:0, specific 14:8, retain asynchronous event 15, dwords less one (lower half) 31:16
 *  CDW11: dwords less one (upper half) 15:0
 * </pre>
 */
public final class LogPage {
    /** Error Information. */
    public static final int ERROR_INFORMATION = 0x01;
    /** SMART and Health Information. */
    public static final int SMART = 0x02;
    /** Firmware Slot Information. */
    public static final int FIRMWARE_SLOTS = 0x03;
    /** Commands Supported and Effects. */
    public static final int COMMAND_EFFECTS = 0x05;
    /** Namespace identifier that means the whole controller. */
    public static final int CONTROLLER = 0xFFFF_FFFF;

    private static final int RETAIN_EVENT = 1 << 15;

    private LogPage() {
    }

    /** CDW10 and CDW11 that ask for the first {@code lengthBytes} (4..4096, a multiple of 4) and keep events as is. */
    public static long dwords(final int log, final int lengthBytes) {
        final int dwords = lengthBytes / Integer.BYTES - 1;
        return SubmissionEntry.dwords(log & 0xFF | RETAIN_EVENT | (dwords & 0xFFFF) << 16, dwords >>> 16);
    }
}

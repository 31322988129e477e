package io.ringvault.nvme.spec;

/**
 * Asynchronous event completions, dword 0: NVM Express Base 2.1, section 5.2.2.
 *
 * <pre>
 *  bit  31..24    23..16              15..8         7..3      2..0
 *       reserved  log page identifier information   reserved  type
 * </pre>
 */
public final class AsyncEvent {
    /** Type: error status. */
    public static final int ERROR = 0;
    /** Type: SMART and health status. */
    public static final int HEALTH = 1;
    /** Type: notice. */
    public static final int NOTICE = 2;
    /** Type: one-shot. */
    public static final int IMMEDIATE = 3;
    /** Type: specific to an I/O command set. */
    public static final int COMMAND_SET = 6;
    /** Type: vendor specific. */
    public static final int VENDOR = 7;
    /** Number of types that 3 bits can name. */
    public static final int TYPES = 8;

    /** Log page: error information. */
    public static final int LOG_ERROR = 0x01;
    /** Log page: SMART and health information. */
    public static final int LOG_HEALTH = 0x02;
    /** Log page: firmware slots. */
    public static final int LOG_FIRMWARE = 0x03;
    /** Log page: changed namespaces. */
    public static final int LOG_NAMESPACES = 0x04;

    /** OAES and event configuration: namespace attribute notices. */
    public static final int NAMESPACE_NOTICES = 1 << 8;
    /** OAES and event configuration: firmware activation notices. */
    public static final int FIRMWARE_NOTICES = 1 << 9;

    private static final int HEALTH_WARNINGS = 0x3F;

    private AsyncEvent() {
    }

    /** Event configuration (CDW11): every health warning, and the notices that are offered (OAES). */
    public static int configuration(final int offered) {
        return HEALTH_WARNINGS | offered & (NAMESPACE_NOTICES | FIRMWARE_NOTICES);
    }

    /** Type, 0..7. */
    public static int type(final int event) {
        return event & 7;
    }

    /** Information, 0..255; its meaning depends on the type. */
    public static int information(final int event) {
        return event >>> 8 & 0xFF;
    }

    /** The log page that says more, and that must be read before the controller reports this again; 0 = none. */
    public static int logPage(final int event) {
        return event >>> 16 & 0xFF;
    }

    /** Whether the namespaces may have changed. */
    public static boolean namespaceChanged(final int event) {
        return type(event) == NOTICE && information(event) == 0;
    }

    /** Bytes to read of a log page: one entry or the whole, at most 4096. */
    public static int logBytes(final int page) {
        return switch (page) {
            case LOG_ERROR -> 64;
            case LOG_NAMESPACES -> 4096;
            default -> 512;
        };
    }

    /** What a log page adds to the event, from a private copy of it; empty where nothing is said. */
    public static String describeLog(final int page, final byte[] log) {
        return switch (page) {
            case LOG_ERROR -> ": error count " + little(log, 0, 8) + ", queue " + little(log, 8, 2) + ", command "
                + little(log, 10, 2) + ", " + StatusText.describe((int) little(log, 12, 2) >>> 1);
            case LOG_HEALTH -> ": critical warning 0x" + Integer.toHexString(log[0] & 0xFF) + ", "
                + (little(log, 1, 2) - 273) + " degrees Celsius, spare " + (log[3] & 0xFF) + " %, used "
                + (log[5] & 0xFF) + " %";
            default -> "";
        };
    }

    private static long little(final byte[] bytes, final int offset, final int count) {
        long value = 0;
        for (int i = count - 1; i >= 0; i--) {
            value = value << 8 | bytes[offset + i] & 0xFF;
        }
        return value;
    }

    /** For people. */
    public static String describe(final int event) {
        final int information = information(event);
        return switch (type(event)) {
            case ERROR -> "error: " + error(information);
            case HEALTH -> "health: " + health(information);
            case NOTICE -> "notice: " + notice(information);
            case IMMEDIATE -> information == 0 ? "subsystem reset of a namespace" : "one-shot event " + information;
            case COMMAND_SET -> "command set event " + information;
            case VENDOR -> "vendor event " + information;
            default -> "event of unknown type " + type(event) + ", information " + information;
        };
    }

    private static String error(final int information) {
        return switch (information) {
            case 0 -> "write to a doorbell of no queue";
            case 1 -> "invalid doorbell value";
            case 2 -> "diagnostic failure";
            case 3 -> "persistent internal error";
            case 4 -> "transient internal error";
            case 5 -> "firmware image load error";
            default -> "number " + information;
        };
    }

    private static String health(final int information) {
        return switch (information) {
            case 0 -> "reliability degraded";
            case 1 -> "temperature beyond a threshold";
            case 2 -> "spare below the threshold";
            default -> "number " + information;
        };
    }

    private static String notice(final int information) {
        return switch (information) {
            case 0 -> "a namespace was changed, attached or detached";
            case 1 -> "firmware activation is starting; commands may pause";
            case 2 -> "telemetry log changed";
            case 3 -> "asymmetric access changed";
            default -> "number " + information;
        };
    }
}

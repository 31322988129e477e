package io.ringvault.nvme.spec;

/**
 * Status Field: NVM Express Base 2.1, section 4.2.3, as the 15 bits above the phase tag.
 *
 * <pre>
 *  bit  14    13     12..11   10..8   7..0
 *       DNR   MORE   CRD      SCT     SC
 * </pre>
 */
public final class StatusField {
    /** The whole field is 0: success. */
    public static final int SUCCESS = 0;

    private StatusField() {
    }

    /** Status code, 0..255. */
    public static int code(final int status) {
        return status & 0xFF;
    }

    /** Status code type, 0..7. */
    public static int type(final int status) {
        return status >>> 8 & 7;
    }

    /** Command retry delay index, 0..3. */
    public static int retryDelay(final int status) {
        return status >>> 11 & 3;
    }

    /** The error log holds more about this. */
    public static boolean more(final int status) {
        return (status >>> 13 & 1) != 0;
    }

    /** The same command will fail again: do not retry. */
    public static boolean doNotRetry(final int status) {
        return (status >>> 14 & 1) != 0;
    }

    /** Generic status "Command Abort Requested": the host asked for the end of the command. */
    public static boolean isAbortRequested(final int status) {
        return (status & 0x7FF) == 0x07;
    }

    /** Type and code are success; the other bits then mean nothing. */
    public static boolean isSuccess(final int status) {
        return (status & 0x7FF) == 0;
    }
}

package io.ringvault.anchor.tpm;

import java.io.IOException;

/** The TPM refused a command with a response code (TPM 2.0 Library, part 2, section 6.6). */
final class TpmException extends IOException {
    private static final long serialVersionUID = 1;

    private static final int FORMAT_1 = 0x80;
    private static final int AUTH_FAIL = 0x0E;
    private static final int BAD_AUTH = 0x22;
    private static final int HANDLE = 0x0B;
    private static final int NV_UNINITIALIZED = 0x14A;
    private static final int NV_DEFINED = 0x14C;

    private final int code;

    TpmException(final String command, final int code) {
        super(String.format("%s failed with TPM response code 0x%03x", command, code));
        this.code = code;
    }

    /** The secret was not the index's. */
    boolean wrongAuth() {
        return format1() && ((code & 0x3F) == AUTH_FAIL || (code & 0x3F) == BAD_AUTH);
    }

    /** There is no such index. */
    boolean noIndex() {
        return format1() && (code & 0x3F) == HANDLE;
    }

    /** There is such an index already. */
    boolean indexExists() {
        return code == NV_DEFINED;
    }

    /** The index was never written. */
    boolean neverWritten() {
        return code == NV_UNINITIALIZED;
    }

    private boolean format1() {
        return (code & FORMAT_1) != 0;
    }
}

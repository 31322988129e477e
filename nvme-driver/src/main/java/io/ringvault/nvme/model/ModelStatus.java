package io.ringvault.nvme.model;

/** Completion statuses of the model, as the 15 bits that it places above the phase tag. The model's own table. */
final class ModelStatus {
    static final int OK = 0;
    static final int INVALID_OPCODE = generic(0x01, true);
    static final int INVALID_FIELD = generic(0x02, true);
    static final int DATA_TRANSFER_ERROR = generic(0x04, true);
    static final int INTERNAL_ERROR = generic(0x06, false);
    static final int INVALID_NAMESPACE = generic(0x0B, true);
    static final int ABORT_REQUESTED = generic(0x07, false);
    static final int NAMESPACE_NOT_READY = generic(0x82, true);
    static final int PRP_OFFSET_INVALID = generic(0x13, true);
    static final int WRITE_PROTECTED = generic(0x20, true);
    static final int LBA_OUT_OF_RANGE = generic(0x80, true);
    static final int CAPACITY_EXCEEDED = generic(0x81, true);
    static final int COMPLETION_QUEUE_INVALID = of(1, 0x00, true);
    static final int INVALID_QUEUE_ID = of(1, 0x01, true);
    static final int INVALID_QUEUE_SIZE = of(1, 0x02, true);
    static final int EVENT_REQUEST_LIMIT = of(1, 0x05, true);
    static final int INVALID_LOG_PAGE = of(1, 0x09, true);
    static final int INVALID_PROTECTION = of(1, 0x81, true);
    static final int INVALID_FORMAT = of(1, 0x0A, true);
    static final int INVALID_QUEUE_DELETION = of(1, 0x0C, true);
    static final int WRITE_FAULT = of(2, 0x80, false);
    static final int WRITE_FAULT_FINAL = of(2, 0x80, true);
    static final int UNRECOVERED_READ = of(2, 0x81, false);
    static final int GUARD_CHECK = of(2, 0x82, true);
    static final int REFERENCE_CHECK = of(2, 0x84, true);

    private ModelStatus() {
    }

    /** Code type, code, and whether a retry is pointless. */
    static int of(final int type, final int code, final boolean doNotRetry) {
        return code | type * 0x100 | (doNotRetry ? 0x4000 : 0);
    }

    private static int generic(final int code, final boolean doNotRetry) {
        return of(0, code, doNotRetry);
    }
}

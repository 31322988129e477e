package io.ringvault.nvme.spec;

/** Opcodes: NVM Express Base 2.1, section 3.1.3 (admin) and NVM Command Set 1.1, section 3.3 (I/O). */
public final class Opcode {
    /** Admin: Delete I/O Submission Queue. */
    public static final int DELETE_SUBMISSION_QUEUE = 0x00;
    /** Admin: Create I/O Submission Queue. */
    public static final int CREATE_SUBMISSION_QUEUE = 0x01;
    /** Admin: Get Log Page. */
    public static final int GET_LOG_PAGE = 0x02;
    /** Admin: Delete I/O Completion Queue. */
    public static final int DELETE_COMPLETION_QUEUE = 0x04;
    /** Admin: Create I/O Completion Queue. */
    public static final int CREATE_COMPLETION_QUEUE = 0x05;
    /** Admin: Identify. */
    public static final int IDENTIFY = 0x06;
    /** Admin: Abort. */
    public static final int ABORT = 0x08;
    /** Admin: Set Features. */
    public static final int SET_FEATURES = 0x09;
    /** Admin: Asynchronous Event Request. */
    public static final int ASYNC_EVENT_REQUEST = 0x0C;
    /** Admin: Doorbell Buffer Config. */
    public static final int DOORBELL_BUFFER_CONFIG = 0x7C;
    /** Admin: Format NVM. */
    public static final int FORMAT_NVM = 0x80;

    /** I/O: Flush. */
    public static final int FLUSH = 0x00;
    /** I/O: Write. */
    public static final int WRITE = 0x01;
    /** I/O: Read. */
    public static final int READ = 0x02;
    /** I/O: Write Zeroes. */
    public static final int WRITE_ZEROES = 0x08;
    /** I/O: Dataset Management. */
    public static final int DATASET_MANAGEMENT = 0x09;

    /** Set Features: Number of Queues (section 5.1.25.2.1). */
    public static final int FEATURE_NUMBER_OF_QUEUES = 0x07;

    /** Set Features: Asynchronous Event Configuration (section 5.1.25.1.9). */
    public static final int FEATURE_EVENT_CONFIGURATION = 0x0B;

    private Opcode() {
    }
}

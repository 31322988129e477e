package io.ringvault.ring;

/** What a request asks for; ints, since they travel in records. */
public final class OpCode {
    /** Fill the buffer from the disk. */
    public static final int READ = 1;
    /** Store the buffer's content. */
    public static final int WRITE = 2;
    /** Make durable every write that completed before this request was submitted. */
    public static final int SYNC = 3;
    /** The range holds nothing of value any more and reads as zeros. */
    public static final int TRIM = 4;
    /** The range reads as zeros. */
    public static final int WRITE_ZEROES = 5;

    private OpCode() {
    }

    /** Whether {@code opcode} is one of the above. */
    public static boolean isKnown(final int opcode) {
        return opcode >= READ && opcode <= WRITE_ZEROES;
    }

    /** Whether the request comes with a buffer. */
    public static boolean hasBuffer(final int opcode) {
        return opcode == READ || opcode == WRITE;
    }

    /** Whether the request changes what the disk holds. */
    public static boolean changes(final int opcode) {
        return opcode == WRITE || opcode == TRIM || opcode == WRITE_ZEROES;
    }

    /** The name, for messages. */
    public static String name(final int opcode) {
        return switch (opcode) {
            case READ -> "read";
            case WRITE -> "write";
            case SYNC -> "sync";
            case TRIM -> "trim";
            case WRITE_ZEROES -> "write-zeroes";
            default -> "opcode " + opcode;
        };
    }
}

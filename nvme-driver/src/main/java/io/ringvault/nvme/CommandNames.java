package io.ringvault.nvme;

import io.ringvault.nvme.spec.CompletionEntry;
import io.ringvault.nvme.spec.Opcode;

/** Commands and completions in messages. */
final class CommandNames {

    private CommandNames() {
    }

    static String io(final int opcode) {
        return switch (opcode) {
            case Opcode.FLUSH -> "flush";
            case Opcode.WRITE -> "write";
            case Opcode.READ -> "read";
            case Opcode.WRITE_ZEROES -> "write zeroes";
            case Opcode.DATASET_MANAGEMENT -> "dataset management";
            default -> "command 0x" + Integer.toHexString(opcode);
        };
    }

    /** A completion as {@link QueuePair#brokenBy} keeps it. */
    static String completion(final long dwords2and3) {
        final int dword2 = (int) dwords2and3;
        return "identifier " + CompletionEntry.commandId((int) (dwords2and3 >>> 32)) + ", submission queue "
            + CompletionEntry.submissionQueue(dword2) + ", head " + CompletionEntry.submissionHead(dword2);
    }
}

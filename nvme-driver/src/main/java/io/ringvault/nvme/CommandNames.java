package io.ringvault.nvme;

import io.ringvault.nvme.spec.Opcode;

/** Names of I/O commands for messages. */
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
}

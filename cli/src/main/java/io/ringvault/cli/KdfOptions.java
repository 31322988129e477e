package io.ringvault.cli;

import io.ringvault.crypto.KdfParameters;
import picocli.CommandLine.Option;

/** What deriving a key from a new passphrase shall cost. */
final class KdfOptions {
    private static final long TARGET_NS = 1_000_000_000L;

    @Option(names = "--kdf-memory", paramLabel = "SIZE",
        description = "Memory of Argon2id for a new passphrase (default: 64M, with as many passes as take a second).")
    Long memory;

    @Option(names = "--kdf-passes", paramLabel = "N", description = "Passes of Argon2id over that memory.")
    Integer passes;

    /** Measured on this machine unless given. */
    KdfParameters parameters(final boolean passphrase) {
        if (!passphrase) {
            return KdfParameters.DEFAULT;
        }
        if (memory == null && passes == null) {
            return KdfParameters.calibrated(TARGET_NS);
        }
        final long kib = memory == null ? KdfParameters.DEFAULT.memoryKib() : memory / 1024;
        return new KdfParameters((int) Math.min(Integer.MAX_VALUE, kib),
            passes == null ? KdfParameters.DEFAULT.iterations() : passes, 1).checked();
    }
}

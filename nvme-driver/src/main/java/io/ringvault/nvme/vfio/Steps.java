package io.ringvault.nvme.vfio;

import io.ringvault.block.StorageException;
import java.io.IOException;

/** Steps that are all taken, whatever becomes of each; the first failure is reported at the end. One thread. */
final class Steps {
    private Exception first;

    /** One step. */
    @FunctionalInterface
    interface Step {
        void run() throws IOException;
    }

    void run(final Step step) {
        try {
            step.run();
        } catch (final IOException | RuntimeException failed) {
            if (first == null) {
                first = failed;
            } else {
                first.addSuppressed(failed);
            }
        }
    }

    /** Throws when a step has failed. */
    void end(final String what) {
        if (first != null) {
            throw new StorageException(StorageException.Category.IO, what + ": " + first.getMessage(), first);
        }
    }
}

package io.ringvault.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import org.junit.jupiter.api.function.Executable;

/** Expects a typed failure. */
public final class Failures {

    private Failures() {
    }

    /** The call throws this category with a message that holds every one of the texts. */
    public static StorageException expect(final StorageException.Category category, final Executable call,
        final String... texts) {
        final StorageException failure = assertThrows(StorageException.class, call);
        assertEquals(category, failure.category(), failure.getMessage());
        for (final String text : texts) {
            assertTrue(failure.getMessage().contains(text), "'" + text + "' is not in: " + failure.getMessage());
        }
        return failure;
    }
}

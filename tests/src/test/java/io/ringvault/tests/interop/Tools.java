package io.ringvault.tests.interop;

import java.nio.file.Files;
import java.nio.file.Path;
import org.opentest4j.TestAbortedException;

/** Finds external programs; a missing one skips the test and says which, on the console too. */
public final class Tools {

    private Tools() {
    }

    /** Skips unless all of these are installed. */
    public static void require(final String... programs) {
        for (final String program : programs) {
            if (find(program) == null) {
                skip("'" + program + "' is not installed");
            }
        }
    }

    /** Skips unless this machine has the thing. */
    public static void require(final boolean here, final String what) {
        if (!here) {
            skip("this machine has no " + what.strip());
        }
    }

    /** Skips loudly. */
    public static void skip(final String reason) {
        System.err.println("SKIPPED: " + reason);
        throw new TestAbortedException(reason);
    }

    /** The program's path, or null. */
    public static String find(final String program) {
        for (final String folder : (System.getenv("PATH") + ":/usr/sbin:/sbin").split(":")) {
            final Path path = Path.of(folder, program);
            if (Files.isExecutable(path)) {
                return path.toString();
            }
        }
        return null;
    }
}

package io.ringvault.cli;

import io.ringvault.block.StorageException;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Turns every failure into one line on the error stream and an exit code: 0 ok, 1 usage or configuration, 2 I/O, 3
 * integrity, 4 freshness, 5 wrong key, 6 out of space. {@code RINGVAULT_DEBUG=1} adds the stack trace.
 */
final class Failures implements CommandLine.IParameterExceptionHandler, CommandLine.IExecutionExceptionHandler {
    static final int USAGE = 1;

    private final boolean debug;

    Failures(final boolean debug) {
        this.debug = debug;
    }

    @Override
    public int handleParseException(final ParameterException failure, final String[] arguments) {
        final CommandLine command = failure.getCommandLine();
        report(command.getErr(), failure.getMessage() + "; see '" + command.getCommandSpec().qualifiedName()
            + " --help'", failure);
        return USAGE;
    }

    @Override
    public int handleExecutionException(final Exception failure, final CommandLine command, final ParseResult parsed) {
        return report(command.getErr(), failure);
    }

    /** Prints the line for a failure and returns its exit code. */
    int report(final PrintWriter err, final Throwable failure) {
        if (failure instanceof final StorageException known) {
            report(err, known.getMessage(), known);
            return known.category().exitCode();
        }
        report(err, "unexpected " + failure.getClass().getSimpleName() + ": " + failure.getMessage()
            + "; RINGVAULT_DEBUG=1 shows where", failure);
        return USAGE;
    }

    private void report(final PrintWriter err, final String text, final Throwable failure) {
        err.println("ringvault: " + text.strip().replaceAll("\\s*\\R\\s*", "; "));
        if (debug) {
            failure.printStackTrace(err);
        }
        err.flush();
    }
}

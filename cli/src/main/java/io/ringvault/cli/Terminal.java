package io.ringvault.cli;

import java.io.Console;

/** Whether a person is watching. */
final class Terminal {

    private Terminal() {
    }

    /** Whether input and output are a terminal, so that a line may be rewritten. */
    static boolean present() {
        final Console console = System.console();
        return console != null && console.isTerminal();
    }
}

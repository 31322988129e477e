package io.ringvault.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;

/** Runs in the guest: one use of the command after another in one JVM, which an emulated processor starts slowly. */
public final class CommandInGuest {

    private CommandInGuest() {
    }

    /** {@code EXIT TEXT ARGUMENT...}: the exit code, and a text that stdout or stderr must hold. */
    public static void run(final List<String> words) {
        final StringWriter said = new StringWriter();
        final PrintWriter writer = new PrintWriter(said, true);
        final String[] arguments = words.subList(2, words.size()).toArray(String[]::new);
        final int exit = Main.run(arguments, writer, writer);
        System.out.println(said.toString().indent(2).stripTrailing());
        if (exit != Integer.parseInt(words.getFirst()) || !said.toString().contains(words.get(1))) {
            throw new AssertionError("ringvault " + Arrays.toString(arguments) + " ended with " + exit + " instead of "
                + words.getFirst() + ", or did not say '" + words.get(1) + "':\n" + said);
        }
    }
}

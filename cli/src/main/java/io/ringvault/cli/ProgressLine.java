package io.ringvault.cli;

import java.io.PrintWriter;

/** One line that is rewritten while something long is going on; nothing when nobody is watching. */
final class ProgressLine implements AutoCloseable {
    private static final long EVERY_NS = 200_000_000;

    private final PrintWriter err;
    private final boolean terminal = Terminal.present();
    private long nextNs = System.nanoTime();
    private int width;

    ProgressLine(final PrintWriter err) {
        this.err = err;
    }

    /** Shows the text, unless the last one was shown just now. */
    void show(final String text) {
        final long now = System.nanoTime();
        if (terminal && now - nextNs >= 0) {
            nextNs = now + EVERY_NS;
            err.print("\r" + text + " ".repeat(Math.max(0, width - text.length())));
            err.flush();
            width = text.length();
        }
    }

    @Override
    public void close() {
        if (terminal && width > 0) {
            err.print("\r" + " ".repeat(width) + "\r");
            err.flush();
        }
    }
}

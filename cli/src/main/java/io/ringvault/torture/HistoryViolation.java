package io.ringvault.torture;

/** The disk did something that its contract forbids. */
public final class HistoryViolation extends AssertionError {
    private static final long serialVersionUID = 1L;

    /** With what was seen and what was allowed. */
    public HistoryViolation(final String message) {
        super(message);
    }
}

package io.ringvault.log;

/** States of a segment (docs/format.md sections 8 and 10); 0..5 are also the codes on disk. */
public final class SegmentState {
    /** Holds nothing; its generation is 0. */
    public static final int FREE = 0;
    /** Successor of a stream or the next object segment: it has a generation, nothing is written. */
    public static final int ANNOUNCED = 1;
    /** Being written. */
    public static final int OPEN = 2;
    /** Full, or its session ended. */
    public static final int CLOSED = 3;
    /** Taken out of use. */
    public static final int BAD = 4;
    /** Announced by an earlier session, whose late writes may still arrive. */
    public static final int QUARANTINED = 5;
    /** Being cleaned; CLOSED on disk. */
    public static final int VICTIM = 6;
    /** Nothing in it is live, but a crash or a reader may still need it; CLOSED on disk. */
    public static final int EMPTY = 7;

    private static final String[] NAMES =
        {"FREE", "ANNOUNCED", "OPEN", "CLOSED", "BAD", "QUARANTINED", "VICTIM", "EMPTY"};

    private SegmentState() {
    }

    /** Name for messages. */
    public static String name(final int state) {
        return state >= 0 && state < NAMES.length ? NAMES[state] : "state " + state;
    }

    /** Number of states; codes are below it. */
    static int count() {
        return NAMES.length;
    }
}

package io.ringvault.block;

/**
 * What a power failure leaves of the writes that a {@link SimulatedDevice} held but had not made durable.
 *
 * @param keep    which of them survive
 * @param torn    whether a survivor may have reached the medium in part, by sectors of 512 bytes
 * @param garbage whether sectors of a torn write that did not arrive may hold noise rather than their old content
 */
public record CrashPolicy(Keep keep, boolean torn, boolean garbage) {

    /**
     * Which volatile writes survive; completed ones in order of completion, then those in flight in order of
     * submission.
     */
    public enum Keep {
        /** None. */
        NONE,
        /** All. */
        ALL,
        /** The first so many, the number drawn by the seed. */
        PREFIX,
        /** Each with even odds, drawn by the seed. */
        RANDOM
    }

    /** Nothing volatile survives. */
    public static final CrashPolicy NONE = new CrashPolicy(Keep.NONE, false, false);
    /** Everything survives, also writes in flight. */
    public static final CrashPolicy ALL = new CrashPolicy(Keep.ALL, false, false);
    /** A prefix survives. */
    public static final CrashPolicy PREFIX = new CrashPolicy(Keep.PREFIX, false, false);
    /** Any subset survives. */
    public static final CrashPolicy RANDOM = new CrashPolicy(Keep.RANDOM, false, false);
    /** Any subset survives, some of it torn. */
    public static final CrashPolicy RANDOM_TORN = new CrashPolicy(Keep.RANDOM, true, false);
    /** Any subset survives, some of it torn, with noise in the tears. */
    public static final CrashPolicy RANDOM_TORN_GARBAGE = new CrashPolicy(Keep.RANDOM, true, true);
}

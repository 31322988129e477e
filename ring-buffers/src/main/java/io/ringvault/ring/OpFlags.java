package io.ringvault.ring;

/** Bits that qualify a request. */
public final class OpFlags {
    /** No qualification. */
    public static final int NONE = 0;
    /** Force unit access: complete a change when it is durable. */
    public static final int FUA = 1;

    private static final int KNOWN = FUA;

    private OpFlags() {
    }

    /** Whether the change must be durable when it completes. */
    public static boolean isFua(final int flags) {
        return (flags & FUA) != 0;
    }

    /** Whether no unknown bit is set. */
    public static boolean isKnown(final int flags) {
        return (flags & ~KNOWN) == 0;
    }
}

package io.ringvault.disk.engine;

import io.ringvault.block.Durations;
import io.ringvault.block.StorageException;
import java.util.Locale;

/**
 * When the freshness anchor follows the commits. What recovery accepts does not depend on it: a policy only says how
 * many acknowledged commits a replaced image can undo unnoticed. Immutable.
 *
 * @param mode    when
 * @param commits batched: at most so many acknowledged commits are ahead of the anchor
 * @param delayNs batched: none of them longer than this, in nanoseconds, while the anchor can be reached
 */
public record AnchorPolicy(Mode mode, int commits, long delayNs) {
    /** Acknowledge a sync when the anchor holds its commit. */
    public static final AnchorPolicy EVERY_SYNC = new AnchorPolicy(Mode.EVERY_SYNC, 0, 0);
    /** Acknowledge a sync when it is durable; advance at open and at close only. */
    public static final AnchorPolicy ON_CLOSE = new AnchorPolicy(Mode.ON_CLOSE, Integer.MAX_VALUE, Long.MAX_VALUE);

    private static final String BATCHED = "batched:";
    private static final int COMMITS_MAX = 1 << 20;
    private static final long DELAY_MAX_NS = 24 * 3_600_000_000_000L;

    /** Its number in the superblock. */
    public enum Mode {
        /** 0. */
        EVERY_SYNC,
        /** 1. */
        BATCHED,
        /** 2. */
        ON_CLOSE
    }

    /**
     * Acknowledge a sync when it is durable, and advance within both bounds.
     *
     * @param commits 1..1048576
     * @param delayNs 1 ns .. 24 h
     */
    public static AnchorPolicy batched(final int commits, final long delayNs) {
        if (commits < 1 || commits > COMMITS_MAX || delayNs < 1 || delayNs > DELAY_MAX_NS) {
            throw StorageException.configuration("anchor policy batched: " + commits + " commits, " + delayNs
                + " ns; allowed are 1 to " + COMMITS_MAX + " commits and up to 24 hours");
        }
        return new AnchorPolicy(Mode.BATCHED, commits, delayNs);
    }

    /** {@code every-sync}, {@code batched:COUNT,DURATION} (as in {@code batched:100,50ms}), or {@code on-close}. */
    public static AnchorPolicy parse(final String text) {
        switch (text.toLowerCase(Locale.ROOT)) {
            case "every-sync" -> {
                return EVERY_SYNC;
            }
            case "on-close" -> {
                return ON_CLOSE;
            }
            default -> {
                final int comma = text.indexOf(',');
                if (text.startsWith(BATCHED) && comma > 0) {
                    try {
                        return batched(Integer.parseInt(text.substring(BATCHED.length(), comma).strip()),
                            Durations.parseNs(text.substring(comma + 1).strip()));
                    } catch (final NumberFormatException bad) {
                        throw new StorageException(StorageException.Category.CONFIGURATION, "anchor policy '" + text
                            + "': " + bad.getMessage() + "; write batched:COUNT,DURATION as in batched:100,50ms", bad);
                    }
                }
                throw StorageException.configuration("anchor policy '" + text
                    + "' is unknown; write every-sync, batched:COUNT,DURATION or on-close");
            }
        }
    }

    /** The policy that {@link #parse} reads again. */
    @Override
    public String toString() {
        return switch (mode) {
            case EVERY_SYNC -> "every-sync";
            case BATCHED -> BATCHED + commits + "," + Durations.format(delayNs);
            case ON_CLOSE -> "on-close";
        };
    }

    /** What an image of this volume replaced by an older one can undo unnoticed, in words. */
    public String exposure() {
        return switch (mode) {
            case EVERY_SYNC -> "nothing that was acknowledged";
            case BATCHED -> "at most " + commits + " acknowledged commits of the last "
                + Durations.format(delayNs);
            case ON_CLOSE -> "everything acknowledged since the volume was opened";
        };
    }
}

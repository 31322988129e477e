package io.ringvault.torture;

import java.util.BitSet;

/** Compares whole-disk images with the states of a {@link History}; throws {@link HistoryViolation}. */
public final class HistoryChecker {
    private static final int DIFFERENCES_SHOWN = 8;

    private HistoryChecker() {
    }

    /** The versions by granule of a whole-disk image. */
    public static long[] observe(final byte[] image, final int granuleBytes, final long run) {
        final long[] versions = new long[image.length / granuleBytes];
        for (int g = 0; g < versions.length; g++) {
            versions[g] = Stamp.read(image, g * granuleBytes, granuleBytes, g, run);
        }
        return versions;
    }

    /**
     * The image after a crash and an open must equal one admissible state.
     *
     * @return that state; of several equal ones the newest, which allows the most afterwards
     */
    public static int check(final History history, final byte[] image, final int granuleBytes,
        final BitSet admissible) {
        return check(history, observe(image, granuleBytes, history.run()), admissible, image, granuleBytes);
    }

    /** As above, from versions; the image is for messages and may be null. */
    public static int check(final History history, final long[] observed, final BitSet admissible, final byte[] image,
        final int granuleBytes) {
        final BitSet matching = history.matches(observed);
        final BitSet good = (BitSet) matching.clone();
        good.and(admissible);
        if (!good.isEmpty()) {
            return good.length() - 1;
        }
        if (!matching.isEmpty()) {
            throw new HistoryViolation("the disk equals state " + matching + " of " + history.submitted()
                + " operations, but only " + admissible + " may be found: "
                + (matching.length() - 1 < admissible.nextSetBit(0) ? "acknowledged data is lost"
                    : "data that was never committed is there"));
        }
        final int nearest = history.nearest(observed, admissible);
        throw new HistoryViolation("the disk equals no state at all; admissible " + admissible + ", nearest " + nearest
            + " of " + history.submitted() + ":" + differences(history.state(nearest), observed, image, granuleBytes));
    }

    /** Every granule must hold its newest value: what a disk without a crash shows. */
    public static void checkNewest(final History history, final byte[] image, final int granuleBytes) {
        final long[] observed = observe(image, granuleBytes, history.run());
        final long[] wanted = history.state(history.submitted());
        final String differences = differences(wanted, observed, image, granuleBytes);
        if (!differences.isEmpty()) {
            throw new HistoryViolation("a read does not return the newest write:" + differences);
        }
    }

    private static String differences(final long[] wanted, final long[] observed, final byte[] image,
        final int granuleBytes) {
        final StringBuilder text = new StringBuilder();
        int count = 0;
        for (int g = 0; g < wanted.length; g++) {
            if (wanted[g] != observed[g] && observed[g] != History.ANY && count++ < DIFFERENCES_SHOWN) {
                text.append(" [granule ").append(g).append(" wanted version ").append(wanted[g]).append(", found ")
                    .append(observed[g] != Stamp.FOREIGN ? "version " + observed[g]
                        : image == null ? "something else" : Stamp.describe(image, g * granuleBytes, granuleBytes))
                    .append(']');
            }
        }
        return count == 0 ? "" : text + " " + count + " granules differ";
    }
}

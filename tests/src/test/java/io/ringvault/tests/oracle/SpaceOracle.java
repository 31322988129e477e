package io.ringvault.tests.oracle;

import io.ringvault.log.SegmentState;

/**
 * Free + live + reserved = total: each segment is either free, or spoken for, or holds something; nothing live lies in
 * a segment that may be overwritten; no count of references is below the truth. Stateless.
 */
public final class SpaceOracle {

    private SpaceOracle() {
    }

    /**
     * Throws when violated.
     *
     * @return segments that hold nothing and are neither free nor spoken for: what the next checkpoints give back
     */
    public static int check(final VolumeView view) {
        final long[] live = live(view);
        int free = 0;
        int reserved = 0;
        int used = 0;
        int idle = 0;
        for (int segment = 0; segment < live.length; segment++) {
            final int state = view.state[segment];
            if (state == SegmentState.FREE) {
                free++;
            } else if (state == SegmentState.ANNOUNCED || state == SegmentState.QUARANTINED
                || state == SegmentState.OPEN || state == SegmentState.BAD) {
                reserved++;
            } else if (live[segment] > 0) {
                used++;
            } else {
                idle++;
            }
            check(view, segment, live[segment]);
        }
        if (free + reserved + used + idle != live.length) {
            throw new AssertionError(free + " free, " + reserved + " spoken for, " + used + " used and " + idle
                + " emptied segments are not " + live.length);
        }
        return idle;
    }

    private static void check(final VolumeView view, final int segment, final long live) {
        final int state = view.state[segment];
        final boolean mayBeOverwritten = state == SegmentState.FREE || state == SegmentState.QUARANTINED
            || state == SegmentState.ANNOUNCED || state == SegmentState.EMPTY;
        if (live > 0 && mayBeOverwritten) {
            throw new AssertionError("segment " + segment + " is " + SegmentState.name(state) + " and holds " + live
                + " live blocks");
        }
        if (view.references[segment] < live) {
            throw new AssertionError("segment " + segment + " holds " + live + " live blocks, but only "
                + view.references[segment] + " references are counted: it would be reused too early");
        }
    }

    private static long[] live(final VolumeView view) {
        final long[] live = new long[view.state.length];
        for (final long generation : view.generation) {
            count(view, live, generation, 1);
        }
        view.tableBlocks.forEach(at -> count(view, live, at[0], 1));
        view.checkpointBlocks.forEach((generation, blocks) -> count(view, live, generation, blocks));
        return live;
    }

    private static void count(final VolumeView view, final long[] live, final long generation, final int blocks) {
        final int segment = view.segmentOf(generation);
        if (generation > 0 && segment < 0) {
            throw new AssertionError("generation " + generation + " is in use and no segment holds it");
        }
        if (segment >= 0) {
            live[segment] += blocks;
        }
    }
}

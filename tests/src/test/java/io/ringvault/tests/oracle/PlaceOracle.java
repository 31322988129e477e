package io.ringvault.tests.oracle;

import io.ringvault.log.SegmentState;
import java.util.HashMap;
import java.util.Map;

/** No place is referenced twice, and each lies in a segment, below its end once that is known. Stateless. */
public final class PlaceOracle {
    private static final long SLOTS = 1L << 20;

    private PlaceOracle() {
    }

    /** Throws when violated; the number of places looked at. */
    public static int check(final VolumeView view) {
        final Map<Long, String> owners = new HashMap<>();
        for (int lba = 0; lba < view.generation.length; lba++) {
            if (view.generation[lba] > 0) {
                take(view, owners, view.generation[lba], view.slot[lba], "block " + lba);
            }
        }
        for (int i = 0; i < view.tableBlocks.size(); i++) {
            final long[] at = view.tableBlocks.get(i);
            take(view, owners, at[0], (int) at[1], "table block " + i);
        }
        return owners.size();
    }

    private static void take(final VolumeView view, final Map<Long, String> owners, final long generation,
        final int slot, final String owner) {
        final String before = owners.put(generation * SLOTS + slot, owner);
        if (before != null) {
            throw new AssertionError("place (" + generation + ", " + slot + ") belongs to " + before + " and to "
                + owner);
        }
        final int segment = view.segmentOf(generation);
        if (segment < 0) {
            throw new AssertionError(owner + " is said to be in generation " + generation
                + ", which no segment holds");
        }
        if (slot < 1 || slot >= view.endSlot[segment] && view.state[segment] != SegmentState.OPEN) {
            throw new AssertionError(owner + " is said to be at slot " + slot + " of segment " + segment
                + ", which ends at " + view.endSlot[segment]);
        }
    }
}

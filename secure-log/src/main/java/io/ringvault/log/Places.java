package io.ringvault.log;

/**
 * Range checks of places that were read from a device. An authentic place is still checked before it is used. Any
 * thread.
 */
final class Places {
    private Places() {
    }

    /** What is impossible about these values, or null. */
    static String problem(final Geometry geometry, final long generation, final int segment, final int slot) {
        if (generation < 1 || generation > SegmentTable.MAX_GENERATION) {
            return "generation " + generation + " is out of range";
        }
        if (segment < 0 || segment >= geometry.segmentCount()) {
            return "segment " + segment + " of " + geometry.segmentCount();
        }
        if (slot < 1 || slot >= geometry.segmentBlocks()) {
            return "slot " + slot + " of " + geometry.segmentBlocks();
        }
        return null;
    }
}

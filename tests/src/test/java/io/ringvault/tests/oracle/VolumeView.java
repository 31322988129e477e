package io.ringvault.tests.oracle;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The metadata of a volume at one moment, in plain arrays: where each block is, what each segment is, which places
 * tables and checkpoint take. Filled by a probe; changed by nobody afterwards.
 */
public final class VolumeView {
    /** By LBA: generation of the newest value, 0 = reads as zeros, -1 = lost. */
    public final long[] generation;
    /** By LBA. */
    public final int[] slot;
    /** By LBA. */
    public final long[] tag0;
    /** By LBA. */
    public final long[] tag1;
    /** By segment: {@code SegmentState}. */
    public final int[] state;
    /** By segment: the generation it holds now, 0 = none. */
    public final long[] holds;
    /** By segment: slots below it were written. */
    public final int[] endSlot;
    /** By segment: references that the volume counts. */
    public final long[] references;
    /** Blocks of tables: generation, slot. */
    public final List<long[]> tableBlocks = new ArrayList<>();
    /** Blocks of the checkpoint: how many in each generation. */
    public final Map<Long, Integer> checkpointBlocks = new TreeMap<>();

    /** Nothing anywhere. */
    public VolumeView(final int blocks, final int segments) {
        generation = new long[blocks];
        slot = new int[blocks];
        tag0 = new long[blocks];
        tag1 = new long[blocks];
        state = new int[segments];
        holds = new long[segments];
        endSlot = new int[segments];
        references = new long[segments];
    }

    /** The segment that holds the generation, or -1. */
    public int segmentOf(final long ofGeneration) {
        for (int segment = 0; segment < holds.length; segment++) {
            if (holds[segment] == ofGeneration && ofGeneration > 0) {
                return segment;
            }
        }
        return -1;
    }

    /** The first block that is not in the same place with the same tag, or null. */
    public String mappingDifference(final VolumeView other) {
        for (int lba = 0; lba < generation.length; lba++) {
            if (generation[lba] != other.generation[lba] || generation[lba] > 0 && (slot[lba] != other.slot[lba]
                || tag0[lba] != other.tag0[lba] || tag1[lba] != other.tag1[lba])) {
                return "block " + lba + " is at " + place(lba) + " here and at " + other.place(lba) + " there";
            }
        }
        return null;
    }

    /** Any difference at all, or null. */
    public String difference(final VolumeView other) {
        final String mapping = mappingDifference(other);
        if (mapping != null) {
            return mapping;
        }
        for (int segment = 0; segment < state.length; segment++) {
            if (state[segment] != other.state[segment] || holds[segment] != other.holds[segment]
                || endSlot[segment] != other.endSlot[segment] || references[segment] != other.references[segment]) {
                return "segment " + segment + " is in state " + state[segment] + " with generation " + holds[segment]
                    + " to slot " + endSlot[segment] + " and " + references[segment] + " references here, there in "
                    + other.state[segment] + " with " + other.holds[segment] + " to slot " + other.endSlot[segment]
                    + " and " + other.references[segment];
            }
        }
        if (!Arrays.deepEquals(tableBlocks.toArray(), other.tableBlocks.toArray())) {
            return "the tables differ";
        }
        return checkpointBlocks.equals(other.checkpointBlocks) ? null : "the checkpoints lie elsewhere";
    }

    private String place(final int lba) {
        return "(" + generation[lba] + ", " + slot[lba] + ")";
    }
}

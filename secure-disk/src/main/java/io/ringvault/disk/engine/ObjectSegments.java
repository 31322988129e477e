package io.ringvault.disk.engine;

import io.ringvault.log.SegmentPurpose;
import io.ringvault.log.SegmentState;
import io.ringvault.log.SegmentTable;
import java.util.HashMap;
import java.util.Map;

/**
 * Which segment and session the generations of object segments belong to: the index agent's own copy, so that it never
 * looks into the data agent's segment table. A few entries per gigabyte of index. Index agent only after construction.
 */
final class ObjectSegments {
    private record Life(int segment, long session) {
    }

    private final Map<Long, Life> byGeneration = new HashMap<>();
    private final Map<Integer, Long> latest = new HashMap<>();

    /** Copies the object segments of the table as it stands at open. */
    ObjectSegments(final SegmentTable table) {
        for (int segment = 0; segment < table.segmentCount(); segment++) {
            final int state = table.state(segment);
            if (table.purpose(segment) == SegmentPurpose.OBJECT && (state == SegmentState.OPEN
                || state == SegmentState.CLOSED
                || state == SegmentState.EMPTY)) {
                add(segment, table.generation(segment), table.session(segment));
            }
        }
    }

    /** A segment begins a new life; what it was before is forgotten. */
    void add(final int segment, final long generation, final long session) {
        final Long before = latest.put(segment, generation);
        if (before != null) {
            byGeneration.remove(before);
        }
        byGeneration.put(generation, new Life(segment, session));
    }

    /** The segment, or -1 when the generation is unknown. */
    int segmentOf(final long generation) {
        final Life life = byGeneration.get(generation);
        return life == null ? -1 : life.segment();
    }

    long sessionOf(final long generation) {
        return byGeneration.get(generation).session();
    }
}

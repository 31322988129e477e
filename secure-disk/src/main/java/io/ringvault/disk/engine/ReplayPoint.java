package io.ringvault.disk.engine;

/**
 * A boundary between two chunks of the chain, with what recovery needs to start there: the next sequence, the tag
 * before it, and the places where that chunk can be. Immutable but for its arrays, which nobody changes after
 * construction.
 */
public final class ReplayPoint {
    public final long sequence;
    public final long previousTag0;
    public final long previousTag1;
    public final long[] generations;
    public final int[] segments;
    public final int[] slots;

    public ReplayPoint(final long sequence, final long previousTag0, final long previousTag1, final long[] generations,
                       final int[] segments, final int[] slots) {
        this.sequence = sequence;
        this.previousTag0 = previousTag0;
        this.previousTag1 = previousTag1;
        this.generations = generations;
        this.segments = segments;
        this.slots = slots;
    }

    public int places() {
        return generations.length;
    }
}

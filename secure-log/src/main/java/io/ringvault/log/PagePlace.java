package io.ringvault.log;

/**
 * Where a block of a checkpoint lies.
 *
 * @param kind       {@link ObjectKind}
 * @param index      page or directory index; 0 for the root
 * @param generation of the segment that holds it
 * @param slot       in that segment
 * @param segment    that holds it
 * @param session    under whose key it is sealed
 */
public record PagePlace(int kind, int index, long generation, int slot, int segment, long session) {

    @Override
    public String toString() {
        return ObjectKind.describe(kind) + " " + index + " at segment " + segment + " slot " + slot + " (generation "
            + generation
            + ", session " + session + ")";
    }
}

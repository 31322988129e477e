package io.ringvault.log;

/**
 * A place with the segment that carries it.
 *
 * @param generation of the segment's present life; 0 is no place
 * @param segment    on the device
 * @param slot       block within the segment
 */
public record Place(long generation, int segment, int slot) {
    /** No place. */
    public static final Place NONE = new Place(0, 0, 0);

    @Override
    public String toString() {
        return "segment " + segment + " slot " + slot + " (generation " + generation + ")";
    }
}

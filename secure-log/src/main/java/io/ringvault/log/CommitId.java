package io.ringvault.log;

/**
 * One commit of the chain.
 *
 * @param epoch    the epoch that it closes
 * @param sequence of its chunk
 * @param tag0     first half of its summary's tag, little-endian
 * @param tag1     second half
 */
public record CommitId(long epoch, long sequence, long tag0, long tag1) {

    /** Whether epoch and tag are those of an anchor or another commit. */
    public boolean matches(final long otherEpoch, final long otherTag0, final long otherTag1) {
        return epoch == otherEpoch && tag0 == otherTag0 && tag1 == otherTag1;
    }

    @Override
    public String toString() {
        return "epoch " + epoch + " (chunk " + sequence + ", tag " + tagText(tag0, tag1) + ")";
    }

    /** The first bytes of a tag, as they lie on the device, for messages. */
    public static String tagText(final long tag0, final long tag1) {
        return String.format("%016x%016x", Long.reverseBytes(tag0), Long.reverseBytes(tag1)).substring(0, 12);
    }
}

package io.ringvault.log;

/**
 * A chunk of the chain whose summary was authenticated and range-checked.
 *
 * @param sequence   position in the chain
 * @param epoch      it belongs to
 * @param flags      {@link SummaryCodec#FLAG_COMMIT} and others
 * @param generation of its segment
 * @param segment    that holds it
 * @param slot       of the summary; data blocks follow it
 * @param tag0       first half of the summary's tag
 * @param tag1       second half
 * @param summary    the plaintext for {@link SummaryCodec}, cut behind the last cell in use (a small sync keeps 200
 *                   bytes, not 4 KiB)
 */
public record WalkedChunk(long sequence, long epoch, int flags, long generation, int segment, int slot, long tag0,
        long tag1,
                          byte[] summary) {

    /** Whether the chunk ends its epoch. */
    public boolean isCommit() {
        return (flags & SummaryCodec.FLAG_COMMIT) != 0;
    }

    /** The commit that this chunk is; only for one with the commit mark. */
    public CommitId commit() {
        return new CommitId(epoch, sequence, tag0, tag1);
    }

    /** Its place. */
    public Place place() {
        return new Place(generation, segment, slot);
    }

    @Override
    public String toString() {
        return "chunk " + sequence + " of epoch " + epoch + " at " + place();
    }
}

package io.ringvault.log;

/**
 * What a freshness anchor remembers: the newest commit that was acknowledged.
 *
 * @param session that made or recovered the commit
 * @param epoch   of the commit
 * @param tag0    first half of the tag of its summary, little-endian
 * @param tag1    second half
 */
public record AnchorValue(long session, long epoch, long tag0, long tag1) {

    @Override
    public String toString() {
        return "session " + session + " epoch " + epoch + " tag " + CommitId.tagText(tag0, tag1);
    }
}

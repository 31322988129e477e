package io.ringvault.log;

/**
 * What a superblock slot tells about the volume's anchor besides which one it is; for people, no rule of recovery
 * depends on it. Immutable.
 *
 * @param policy       of the session: 0 every sync, 1 batched, 2 on close
 * @param commits      batched: the most acknowledged commits ahead of the anchor
 * @param delayNs      batched: the longest that one is ahead
 * @param adoptions    how often what the anchor said was overridden since format
 * @param adoptedKind  at the last time: kind of the anchor that was given up or overridden
 * @param adoptedOver  at the last time: what that anchor held, zero when that could not be learned
 * @param adoptedEpoch at the last time: the newest epoch of the image that was adopted
 */
public record AnchorTerms(int policy, int commits, long delayNs, int adoptions, int adoptedKind,
                          AnchorValue adoptedOver, long adoptedEpoch) {
    /** Every sync, never adopted. */
    public static final AnchorTerms DEFAULT = new AnchorTerms(0, 0, 0, 0, 0, new AnchorValue(0, 0, 0, 0), 0);
    /** The highest policy number. */
    public static final int POLICY_MAX = 2;

    /** The same with another policy. */
    public AnchorTerms withPolicy(final int mode, final int mostCommits, final long mostDelayNs) {
        return new AnchorTerms(mode, mostCommits, mostDelayNs, adoptions, adoptedKind, adoptedOver, adoptedEpoch);
    }

    /** The same after one more adoption. */
    public AnchorTerms adopted(final int kind, final AnchorValue over, final long epoch) {
        return new AnchorTerms(policy, commits, delayNs, adoptions + 1, kind, over, epoch);
    }
}

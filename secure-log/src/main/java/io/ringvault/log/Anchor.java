package io.ringvault.log;

import io.ringvault.crypto.VolumeKey;

/**
 * Remembers, outside the device, the newest commit that was acknowledged, so that an older image of the device is
 * noticed. One thread at a time: the control plane while opening, a blocking worker afterwards, never an agent.
 */
public interface Anchor extends AutoCloseable {
    /** No anchor: a whole-image rollback is not detected. */
    int KIND_NONE = 0;
    /** A local file. */
    int KIND_LOCAL_FILE = 1;
    /** The memory of this process, for tests and embedding. */
    int KIND_MEMORY = 2;
    /** A non-volatile index of a TPM 2.0. */
    int KIND_TPM = 3;
    /** A quorum of peers. */
    int KIND_QUORUM = 4;

    /** The kind, as the superblock records it. */
    int kind();

    /** 32 bytes that name this anchor, as the superblock records them; zero for none. */
    byte[] id();

    /** Where it is, in the form that {@link Anchors#open} takes; the superblock records it as a hint. */
    String spec();

    /**
     * The value now; null where there is no anchor to ask (kind none).
     *
     * @throws io.ringvault.block.StorageException FRESHNESS when it is gone or damaged, IO when it cannot be reached
     */
    AnchorValue read();

    /**
     * Replaces the value, durably, if it still is {@code expected}. When this throws IO, the replacement may have
     * happened all the same: the caller reads before it judges.
     *
     * @return false when it is another one: somebody else advanced it, nothing was changed
     * @throws io.ringvault.block.StorageException FRESHNESS when it is gone or damaged, IO when it cannot be reached
     */
    boolean advance(AnchorValue expected, AnchorValue next);

    /**
     * The volume key was rotated: what is written from now on is authenticated under this key; what is there under the
     * key before is accepted until it is overwritten. Same thread as {@link #advance}. An anchor that authenticates
     * nothing with the volume's keys ignores it.
     *
     * @param key the new volume key, not kept
     */
    default void rekey(final VolumeKey key) {
        // Nothing is derived from the volume key.
    }

    @Override
    void close();
}

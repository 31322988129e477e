package io.ringvault.log;

/**
 * Makes and opens the anchors of one scheme; found by {@link java.util.ServiceLoader}, so that an anchor with
 * dependencies of its own can live in an artifact of its own. Control plane, any thread, may block.
 */
public interface AnchorProvider {
    /** What its texts begin with, before the colon: {@code file}, {@code tpm} and so on. */
    String scheme();

    /** How its texts look, for messages and help: {@code file:PATH}. */
    String form();

    /** The kind that its anchors report and superblocks record. */
    int kind();

    /**
     * Makes a new anchor holding the zero value, durable before this returns.
     *
     * @throws io.ringvault.block.StorageException CONFIGURATION for a text that says nothing or a place that is taken;
     *         IO when it cannot be reached or written
     */
    Anchor create(AnchorTarget target);

    /**
     * Opens the anchor that a volume requires, and checks it.
     *
     * @param requiredId the id that the volume's superblock records
     * @throws io.ringvault.block.StorageException FRESHNESS when it is gone, damaged, of another volume or another
     *         anchor; IO when it cannot be reached; CONFIGURATION for a text that says nothing
     */
    Anchor open(AnchorTarget target, byte[] requiredId);
}

package io.ringvault.lsm;

/**
 * Reads and authenticates one block of a write-once object, synchronously. Control path: opening a volume, verifying,
 * recounting.
 */
@FunctionalInterface
public interface BlockLoader {
    /**
     * Fills {@code target4080} with the block's verified plaintext.
     *
     * @throws io.ringvault.block.StorageException IO when the device fails, INTEGRITY when the block does not verify
     */
    void load(int kind, long objectId, int ordinal, long generation, int slot, byte[] target4080);
}

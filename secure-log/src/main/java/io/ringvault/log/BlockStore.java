package io.ringvault.log;

/** {@link BlockSource} that also writes. One thread. */
public interface BlockStore extends BlockSource {

    /**
     * Writes whole blocks; durable on return with {@code fua}, otherwise after {@link #flush}.
     *
     * @throws io.ringvault.block.StorageException IO, naming the blocks, when the device failed after retries
     */
    void write(long block, int count, byte[] source, int sourceOffset, boolean fua);

    /**
     * Makes durable everything written before.
     *
     * @throws io.ringvault.block.StorageException IO when the device failed; what was written before is in doubt for
     *         ever
     */
    void flush();
}

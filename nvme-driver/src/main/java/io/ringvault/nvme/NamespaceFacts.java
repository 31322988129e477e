package io.ringvault.nvme;

import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.IdentifyNamespace;
import java.lang.foreign.MemorySegment;

/**
 * One namespace as the controller describes it, read once into private memory and checked.
 *
 * @param id         namespace identifier
 * @param blocks     size in blocks, 1 or more
 * @param blockShift log2 of the block size: 9 or 12
 */
public record NamespaceFacts(int id, long blocks, int blockShift) {

    /** Reads a private copy of Identify Namespace. */
    static NamespaceFacts of(final String uri, final int id, final MemorySegment identify) {
        final int index = IdentifyNamespace.formatIndex(identify);
        final int shift = IdentifyNamespace.blockShift(identify, index);
        if (index >= IdentifyNamespace.formats(identify) || shift != 9 && shift != 12) {
            throw StorageException.configuration("device '" + uri + "': namespace " + Integer.toUnsignedString(id)
                + " is formatted with blocks of 2^" + shift + " bytes (format " + index
                + "); formats of 512 and 4096 bytes are supported: reformat the namespace");
        }
        final int metadata = IdentifyNamespace.metadataBytes(identify, index);
        if (metadata != 0 || IdentifyNamespace.protectionType(identify) != 0) {
            throw StorageException.configuration("device '" + uri + "': namespace " + Integer.toUnsignedString(id)
                + " carries "
                + metadata + " bytes of metadata per block; choose a format without metadata");
        }
        final long blocks = IdentifyNamespace.sizeBlocks(identify);
        if (blocks <= 0 || blocks > Long.MAX_VALUE >> shift) {
            throw StorageException.io("device '" + uri + "': namespace " + Integer.toUnsignedString(id) + " claims "
                + Long.toUnsignedString(blocks) + " blocks of " + (1 << shift) + " bytes, which is impossible");
        }
        return new NamespaceFacts(id, blocks, shift);
    }
}

package io.ringvault.nvme;

import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.IdentifyNamespace;
import java.lang.foreign.MemorySegment;

/**
 * One namespace as the controller describes it, read once into private memory and checked.
 *
 * @param id             namespace identifier
 * @param blocks         blocks to use, 1 or more: the size, of a thinly provisioned namespace the capacity, so that a
 *                       full volume does not run out of blocks in mid-write
 * @param blockShift     log2 of the block size: 9 or 12
 * @param metadataBytes  metadata of each block, 0..4096
 * @param extended       metadata follows each block in the data buffer; otherwise it has a buffer of its own
 * @param protectionType protection information type 1..3 that the controller keeps in the metadata; 0 = none
 * @param writeProtected writing is refused
 */
public record NamespaceFacts(int id, long blocks, int blockShift, int metadataBytes, boolean extended,
                             int protectionType, boolean writeProtected) {
    /** Bytes of protection information with a 16-bit guard, the only format supported. */
    static final int PROTECTION_BYTES = 8;

    private static final int LARGEST_TYPE = 3;

    /** A namespace without metadata. */
    static NamespaceFacts plain(final int id, final long blocks, final int blockShift) {
        return new NamespaceFacts(id, blocks, blockShift, 0, false, 0, false);
    }

    /** The same with another size. */
    NamespaceFacts withBlocks(final long count) {
        return new NamespaceFacts(id, count, blockShift, metadataBytes, extended, protectionType, writeProtected);
    }

    /** Reads a private copy of Identify Namespace. */
    static NamespaceFacts of(final String uri, final int id, final MemorySegment identify) {
        final String name = "device '" + uri + "': namespace " + Integer.toUnsignedString(id);
        final int index = IdentifyNamespace.formatIndex(identify);
        final int shift = IdentifyNamespace.blockShift(identify, index);
        if (index >= IdentifyNamespace.formats(identify) || shift != 9 && shift != 12) {
            throw StorageException.configuration(name
                + " is formatted with blocks of 2^" + shift + " bytes (format " + index
                + "); formats of 512 and 4096 bytes are supported: reformat the namespace");
        }
        final int metadata = IdentifyNamespace.metadataBytes(identify, index);
        final int type = IdentifyNamespace.protectionType(identify);
        if (metadata > 1 << shift) {
            throw StorageException.configuration(name + " carries " + metadata + " bytes of metadata per block of "
                + (1 << shift) + "; at most as much as the block is supported: reformat the namespace, best without"
                + " metadata");
        }
        if (type > LARGEST_TYPE || type != 0 && metadata < PROTECTION_BYTES) {
            throw StorageException.io(name + " claims protection information of type " + type + " in " + metadata
                + " bytes of metadata, which is impossible");
        }
        return new NamespaceFacts(id, blocks(name, identify, shift), shift, metadata,
            metadata != 0 && IdentifyNamespace.extendedMetadata(identify), type,
            IdentifyNamespace.writeProtected(identify));
    }

    private static long blocks(final String name, final MemorySegment identify, final int shift) {
        final long size = IdentifyNamespace.sizeBlocks(identify);
        final long capacity = IdentifyNamespace.capacityBlocks(identify);
        final boolean thin = IdentifyNamespace.thinProvisioned(identify);
        final long blocks = thin ? Math.min(size, capacity) : size;
        if (size <= 0 || size > Long.MAX_VALUE >> shift || blocks <= 0) {
            throw StorageException.io(name + " claims " + Long.toUnsignedString(size) + " blocks of " + (1 << shift)
                + " bytes" + (thin ? " and a capacity of " + Long.toUnsignedString(capacity) : "")
                + ", which is impossible");
        }
        return blocks;
    }

    /** Whether the metadata is nothing but protection information: the controller makes it, and none is moved. */
    boolean stripped() {
        return protectionType != 0 && metadataBytes == PROTECTION_BYTES;
    }

    /** Bytes of metadata that move with each block. */
    int movedMetadataBytes() {
        return stripped() ? 0 : metadataBytes;
    }
}

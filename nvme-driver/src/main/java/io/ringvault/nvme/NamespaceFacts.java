package io.ringvault.nvme;

import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.IdentifyNamespace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

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
 * @param uniqueId       NGUID and EUI64 in hexadecimal digits; zeros where it has neither
 */
public record NamespaceFacts(int id, long blocks, int blockShift, int metadataBytes, boolean extended,
                             int protectionType, boolean writeProtected, String uniqueId) {
    /** Bytes of protection information with a 16-bit guard, the only format supported. */
    static final int PROTECTION_BYTES = 8;

    private static final int LARGEST_TYPE = 3;

    /**
     * What makes this namespace unfit to go on with after {@code now} was read in its place; null where nothing does. A
     * larger one is used as it was until it is opened again.
     */
    String unlike(final NamespaceFacts now) {
        final List<String> changes = new ArrayList<>();
        if (now.blocks < blocks) {
            changes.add("blocks: " + blocks + ", now " + now.blocks);
        }
        note(changes, "block size", 1 << blockShift, 1 << now.blockShift);
        note(changes, "metadata bytes", metadataBytes, now.metadataBytes);
        note(changes, "extended metadata", extended, now.extended);
        note(changes, "protection type", protectionType, now.protectionType);
        note(changes, "write protected", writeProtected, now.writeProtected);
        note(changes, "NGUID and EUI64", uniqueId, now.uniqueId);
        return changes.isEmpty() ? null
            : "namespace " + Integer.toUnsignedString(id) + " changed (" + String.join("; ", changes) + ")";
    }

    private static void note(final List<String> changes, final String what, final Object before, final Object now) {
        if (!before.equals(now)) {
            changes.add(what + ": " + before + ", now " + now);
        }
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
            IdentifyNamespace.writeProtected(identify), IdentifyNamespace.uniqueId(identify));
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

package io.ringvault.nvme;

import io.ringvault.block.DmaBuffer;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.Opcode;
import io.ringvault.nvme.spec.SubmissionEntry;
import java.lang.foreign.MemorySegment;

/**
 * Read and write commands in the format of a namespace: NVM Command Set 1.1, sections 2.1.4 and 5.3.
 * <pre>
 *   no metadata          PRPs over the caller's buffer
 *   only protection      the same; the controller inserts and strips it (PRACT), initial reference tag = LBA
 *   separate metadata    the same, and MPTR: zeros to write, one page that all reads spoil
 *   extended metadata    PRPs over the tracker's bounce buffer; blocks are copied to or from the caller's buffer
 * </pre>
 * Metadata beyond protection information means nothing here: zeros are written, what is read is never looked at.
 *
 * <p>Owned by the queue's thread; allocates nothing after construction.
 */
final class Transfers {
    /** Trackers of a queue at most, where each has a bounce buffer. */
    static final int BOUNCE_TRACKERS = 128;

    private static final int BOUNCE_BYTES = 128 << 10;
    private static final int BOUNCE_DATA_BYTES = 64 << 10;

    private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[PrpList.PAGE_BYTES]);

    private final QueuePair pair;
    private final PrpList prps;
    private final int nsid;
    private final int blockShift;
    private final int metadataBytes;
    private final boolean bounced;
    private final int bounceBytes;
    private final DmaBuffer bounce;
    private final long zeroPage;
    private final long metadataSource;
    private final long metadataSink;
    private final int writeFlags;
    private final int readFlags;
    private final boolean tagged;

    /**
     * @param bounce   {@link #bounceBytes} for each tracker, or null where the format needs none
     * @param zeroPage device address of a page of zeros
     * @param sinkPage device address of a page for metadata that nobody reads
     */
    Transfers(final QueuePair pair, final PrpList prps, final NamespaceFacts namespace, final DmaBuffer bounce,
              final long zeroPage, final long sinkPage) {
        this.pair = pair;
        this.prps = prps;
        this.nsid = namespace.id();
        this.blockShift = namespace.blockShift();
        this.metadataBytes = namespace.movedMetadataBytes();
        this.bounceBytes = bounceBytes(namespace);
        this.bounced = bounceBytes != 0;
        this.bounce = bounce;
        this.zeroPage = zeroPage;
        final boolean separate = metadataBytes != 0 && !bounced;
        this.metadataSource = separate ? zeroPage : 0;
        this.metadataSink = separate ? sinkPage : 0;
        final int type = namespace.protectionType();
        this.tagged = type == 1 || type == 2;
        this.writeFlags = type == 0 ? 0 : SubmissionEntry.PROTECTION_ACTION;
        this.readFlags = type == 0 ? 0 : SubmissionEntry.PROTECTION_ACTION | SubmissionEntry.CHECK_GUARD
            | (tagged ? SubmissionEntry.CHECK_REFERENCE : 0);
    }

    /** Bytes of bounce buffer, whole pages, that each tracker needs; 0 = none. */
    static int bounceBytes(final NamespaceFacts namespace) {
        return namespace.extended() && namespace.movedMetadataBytes() != 0 ? BOUNCE_BYTES : 0;
    }

    /**
     * Bytes of data, without metadata, that one command moves at most.
     *
     * @param commandBytes the controller's limit, metadata in the data buffer included
     * @throws StorageException CONFIGURATION when not even one block fits
     */
    static int partBytes(final String uri, final NamespaceFacts namespace, final int commandBytes) {
        final int block = 1 << namespace.blockShift();
        final int metadata = namespace.movedMetadataBytes();
        int blocks = Math.min(commandBytes >>> namespace.blockShift(), SubmissionEntry.MAXIMUM_BLOCKS);
        if (bounceBytes(namespace) != 0) {
            blocks = Math.min(Math.min(commandBytes, BOUNCE_BYTES) / (block + metadata), BOUNCE_DATA_BYTES / block);
        } else if (metadata != 0) {
            blocks = Math.min(blocks, PrpList.PAGE_BYTES / metadata);
        }
        if (blocks == 0) {
            throw StorageException.configuration("device '" + uri + "': one command carries " + commandBytes
                + " bytes, less than a block of " + block + " with " + metadata
                + " bytes of metadata: reformat the namespace without metadata");
        }
        final int bytes = blocks << namespace.blockShift();
        return bytes < PrpList.PAGE_BYTES ? bytes : bytes & -PrpList.PAGE_BYTES;
    }

    /** Places a read or write of a claimed tracker; the bytes of a write are taken now. */
    void place(final int tracker, final int opcode, final long firstBlock, final int blocks, final int flags,
               final DmaBuffer buffer, final long offset) {
        final boolean write = opcode == Opcode.WRITE;
        final long prp1;
        final long prp2;
        if (bounced) {
            if (write) {
                scatter(tracker, blocks, buffer, offset);
            }
            final long at = (long) tracker * bounceBytes;
            prp1 = bounce.deviceAddress(at);
            prp2 = prps.secondEntry(tracker, bounce, at, bouncedBytes(blocks));
        } else {
            prp1 = buffer.deviceAddress(offset);
            prp2 = prps.secondEntry(tracker, buffer, offset, blocks << blockShift);
        }
        pair.place(tracker, opcode, nsid, write ? metadataSource : metadataSink, prp1, prp2, firstBlock,
            blocks - 1 | flags | (write ? writeFlags : readFlags), tag(firstBlock));
    }

    /** Places a write of zeros, without a bounce buffer: every page of it is the same one. */
    void placeZeros(final int tracker, final long firstBlock, final int blocks) {
        final int bytes = bounced ? bouncedBytes(blocks) : blocks << blockShift;
        pair.place(tracker, Opcode.WRITE, nsid, metadataSource, zeroPage, prps.repeatedEntry(tracker, zeroPage, bytes),
            firstBlock, blocks - 1 | writeFlags, tag(firstBlock));
    }

    /** Places Write Zeroes; the controller makes the protection information. */
    void placeWriteZeroes(final int tracker, final long firstBlock, final int blocks) {
        pair.place(tracker, Opcode.WRITE_ZEROES, nsid, 0, 0, 0, firstBlock,
            blocks - 1 | SubmissionEntry.DEALLOCATE | writeFlags, tag(firstBlock));
    }

    /** A read has succeeded: brings its bytes to the caller's buffer where they are not there yet. */
    void readCompleted(final int tracker, final int blocks, final DmaBuffer buffer, final long offset) {
        if (bounced) {
            final MemorySegment from = bounce.segment();
            final MemorySegment to = buffer.segment();
            final int length = 1 << blockShift;
            long source = (long) tracker * bounceBytes;
            long target = offset;
            for (int i = 0; i < blocks; i++) {
                MemorySegment.copy(from, source, to, target, length);
                source += length + metadataBytes;
                target += length;
            }
        }
    }

    private void scatter(final int tracker, final int blocks, final DmaBuffer buffer, final long offset) {
        final MemorySegment from = buffer.segment();
        final MemorySegment to = bounce.segment();
        final int length = 1 << blockShift;
        long source = offset;
        long target = (long) tracker * bounceBytes;
        for (int i = 0; i < blocks; i++) {
            MemorySegment.copy(from, source, to, target, length);
            MemorySegment.copy(ZEROS, 0, to, target + length, metadataBytes);
            source += length;
            target += length + metadataBytes;
        }
    }

    private int bouncedBytes(final int blocks) {
        return blocks * ((1 << blockShift) + metadataBytes);
    }

    private int tag(final long firstBlock) {
        return tagged ? (int) firstBlock : 0;
    }
}

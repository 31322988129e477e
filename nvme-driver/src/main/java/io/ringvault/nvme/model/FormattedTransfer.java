package io.ringvault.nvme.model;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Reads and writes of a namespace with metadata: everything passes through private memory, where block and metadata
 * lie together as on the medium. One for each worker.
 */
final class FormattedTransfer {
    private static final int ACTION = 8;

    private final int blockBytes;
    private final ModelFormat format;
    private final int strideBytes;
    private final int transferBytes;
    private final Medium medium;
    private final DeviceMemory memory;
    private final PrpWalker prps;
    private final ProtectionInfo protection;
    private final byte[] blocks;
    private final MemorySegment host;
    private final java.lang.foreign.Arena arena = java.lang.foreign.Arena.ofAuto();
    private final MemorySegment stage;

    FormattedTransfer(final ModelOptions options, final Medium medium, final DeviceMemory memory,
                      final PrpWalker prps) {
        this.blockBytes = options.blockBytes();
        this.format = options.format();
        this.strideBytes = format.strideBytes(blockBytes);
        this.transferBytes = options.transferBytes();
        this.medium = medium;
        this.memory = memory;
        this.prps = prps;
        this.protection = new ProtectionInfo(format.protection(), strideBytes);
        final int most = transferBytes / blockBytes * strideBytes;
        this.blocks = new byte[most];
        this.host = MemorySegment.ofArray(new byte[transferBytes]);
        this.stage = arena.allocate(most, 4096);
    }

    /** @param mediumOffset where the first block lies on the medium */
    int execute(final SubmissionRing command, final long mediumOffset, final boolean write, final boolean durable)
        throws IOException {
        final int count = (command.dword(12) & 0xFFFF) + 1;
        final int flags = format.protection() == 0 ? 0 : command.dword(12) >>> 26 & 0xF;
        final boolean action = (flags & ACTION) != 0;
        final int moved = action && format.metadataBytes() == 8 ? 0 : format.metadataBytes();
        final boolean extended = format.extended() && moved != 0;
        final long dataBytes = (long) count * (blockBytes + (extended ? moved : 0));
        if (dataBytes > transferBytes) {
            return ModelStatus.INVALID_FIELD;
        }
        final MemorySegment metadata = extended || moved == 0 ? null : metadata(command, count * moved);
        if (metadata == null && !extended && moved != 0) {
            return ModelStatus.DATA_TRANSFER_ERROR;
        }
        int status = protection.admissible(command.dwords10and11(), flags, command.dword(14));
        if (status == ModelStatus.OK) {
            status = prps.walk(command.prp1(), command.prp2(), (int) dataBytes);
        }
        if (status != ModelStatus.OK) {
            return status;
        }
        final int mediumBytes = count * strideBytes;
        final int hostStride = blockBytes + (extended ? moved : 0);
        if (write) {
            move(false);
            Arrays.fill(blocks, 0, mediumBytes, (byte) 0);
            interleave(count, hostStride, metadata, moved, extended, true);
            if (action) {
                protection.insert(blocks, count, command.dword(14));
            } else if (flags != 0) {
                status = protection.check(blocks, count, flags, command.dword(14));
            }
            if (status == ModelStatus.OK) {
                MemorySegment.copy(blocks, 0, stage, ValueLayout.JAVA_BYTE, 0, mediumBytes);
                medium.write(mediumOffset, stage, 0, mediumBytes, durable);
            }
            return status;
        }
        medium.read(mediumOffset, stage, 0, mediumBytes);
        MemorySegment.copy(stage, ValueLayout.JAVA_BYTE, 0, blocks, 0, mediumBytes);
        status = protection.check(blocks, count, flags, command.dword(14));
        if (status == ModelStatus.OK) {
            interleave(count, hostStride, metadata, moved, extended, false);
            move(true);
        }
        return status;
    }

    private MemorySegment metadata(final SubmissionRing command, final int lengthBytes) {
        return (command.metadataPointer() & 3) != 0 ? null : memory.slice(command.metadataPointer(), lengthBytes);
    }

    /** Between {@link #host} and the host's memory, over the runs last walked. */
    private void move(final boolean toHost) {
        long at = 0;
        for (int run = 0; run < prps.runs(); run++) {
            final int length = prps.length(run);
            if (toHost) {
                MemorySegment.copy(host, at, prps.segment(run), prps.offset(run), length);
            } else {
                MemorySegment.copy(prps.segment(run), prps.offset(run), host, at, length);
            }
            at += length;
        }
    }

    /** Between {@link #host} with the separate metadata, and {@link #blocks}. */
    private void interleave(final int count, final int hostStride, final MemorySegment metadata, final int moved,
                            final boolean extended, final boolean write) {
        final MemorySegment inside = MemorySegment.ofArray(blocks);
        for (int i = 0; i < count; i++) {
            final long at = (long) i * strideBytes;
            copy(host, (long) i * hostStride, inside, at, extended ? hostStride : blockBytes, write);
            if (metadata != null) {
                copy(metadata, (long) i * moved, inside, at + blockBytes, moved, write);
            }
        }
    }

    private static void copy(final MemorySegment outer, final long outerAt, final MemorySegment inner,
                             final long innerAt, final int lengthBytes, final boolean inwards) {
        if (inwards) {
            MemorySegment.copy(outer, outerAt, inner, innerAt, lengthBytes);
        } else {
            MemorySegment.copy(inner, innerAt, outer, outerAt, lengthBytes);
        }
    }
}

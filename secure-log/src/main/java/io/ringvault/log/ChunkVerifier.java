package io.ringvault.log;

import io.ringvault.crypto.AeadKey;
import java.util.Arrays;

/** Reads and authenticates every data block of a chunk (protocol rule 27). Reads only; control plane, one thread. */
final class ChunkVerifier {
    private final BlockSource source;
    private final Geometry geometry;
    private final BlockSealer sealer;
    private final AeadKey key;
    private final byte[] blocks = new byte[SummaryCodec.MAX_CELLS * Geometry.BLOCK_BYTES];
    private final byte[] sealed = new byte[BlockSealer.DATA_WITH_TAG_BYTES];
    private final byte[] plain = new byte[Geometry.BLOCK_BYTES];

    ChunkVerifier(final BlockSource source, final Geometry geometry, final BlockSealer sealer, final AeadKey key) {
        this.source = source;
        this.geometry = geometry;
        this.sealer = sealer;
        this.key = key;
    }

    /**
     * The first block that cannot be read or does not verify, in words; null when all do. Blocks of VOID cells do not
     * count.
     */
    String firstBad(final WalkedChunk chunk) {
        final byte[] summary = chunk.summary();
        final int count = SummaryCodec.dataCount(summary);
        if (count == 0) {
            return null;
        }
        final long first = geometry.blockOf(chunk.segment(), chunk.slot() + 1);
        final boolean whole = source.read(first, count, blocks, 0);
        int data = 0;
        for (int cell = 0; cell < SummaryCodec.cellCount(summary); cell++) {
            final int type = SummaryCodec.cellType(summary, cell);
            if (!SummaryCodec.hasData(type)) {
                continue;
            }
            final int index = data++;
            if (type == SummaryCodec.VOID) {
                continue;
            }
            final int slot = chunk.slot() + 1 + index;
            if (!whole && !source.read(first + index, 1, blocks, index * Geometry.BLOCK_BYTES)) {
                return "LBA " + SummaryCodec.cellLow(summary, cell) + " in slot " + slot + " cannot be read: "
                    + source.lastError();
            }
            System.arraycopy(blocks, index * Geometry.BLOCK_BYTES, sealed, 0, Geometry.BLOCK_BYTES);
            Le.putLong(sealed, Geometry.BLOCK_BYTES, SummaryCodec.cellA(summary, cell));
            Le.putLong(sealed, Geometry.BLOCK_BYTES + 8, SummaryCodec.cellB(summary, cell));
            if (!sealer.openData(key, chunk.generation(), slot, SummaryCodec.cellLow(summary, cell), sealed, plain)) {
                return "LBA " + SummaryCodec.cellLow(summary, cell) + " in slot " + slot + " does not verify";
            }
        }
        return null;
    }

    /** Wipes the last plaintext. */
    void wipe() {
        Arrays.fill(plain, (byte) 0);
    }
}

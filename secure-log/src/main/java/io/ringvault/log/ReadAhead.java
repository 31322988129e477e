package io.ringvault.log;

/**
 * Blocks read one after another, fetched from the device in large pieces; a few pieces are kept, since a walk goes
 * back and forth between the segments where the next chunk may be. One thread, for recovery only.
 */
final class ReadAhead {
    /** Blocks of a piece: 256 KiB. */
    static final int PIECE_BLOCKS = 64;

    private static final int PIECES = 8;

    private final BlockSource source;
    private final byte[][] pieces = new byte[PIECES][];
    private final long[] starts = new long[PIECES];
    private final int[] counts = new int[PIECES];
    private int nextPiece;

    ReadAhead(final BlockSource source) {
        this.source = source;
    }

    /**
     * Copies one block; false when the device cannot read it.
     *
     * @param within blocks that may be read ahead from here, this one included: the rest of its segment
     */
    boolean read(final long block, final int within, final byte[] target4096) {
        for (int i = 0; i < PIECES; i++) {
            if (block >= starts[i] && block - starts[i] < counts[i]) {
                System.arraycopy(pieces[i], (int) (block - starts[i]) * Geometry.BLOCK_BYTES, target4096, 0,
                    Geometry.BLOCK_BYTES);
                return true;
            }
        }
        final int piece = nextPiece;
        final int count = Math.min(PIECE_BLOCKS, within);
        if (pieces[piece] == null) {
            pieces[piece] = new byte[PIECE_BLOCKS * Geometry.BLOCK_BYTES];
        }
        counts[piece] = 0;
        if (source.read(block, count, pieces[piece], 0)) {
            starts[piece] = block;
            counts[piece] = count;
            nextPiece = (piece + 1) % PIECES;
            System.arraycopy(pieces[piece], 0, target4096, 0, Geometry.BLOCK_BYTES);
            return true;
        }
        return source.read(block, 1, target4096, 0);
    }
}

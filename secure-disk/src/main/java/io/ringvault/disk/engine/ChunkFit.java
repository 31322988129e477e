package io.ringvault.disk.engine;

/**
 * How many chunks and segments so many blocks take, as {@link ChunkWriter#canPlace} reckons. Immutable.
 *
 * @param segmentBlocks   blocks of a segment, its preface included
 * @param chunkDataBlocks most data blocks of one chunk
 */
record ChunkFit(int segmentBlocks, int chunkDataBlocks) {

    /** New segments that so many blocks take when the present one is full. */
    int segmentsFor(final int blocks) {
        int perSegment = 0;
        for (int slot = 1; segmentBlocks - slot >= 2;) {
            final int now = Math.min(chunkDataBlocks, segmentBlocks - slot - 1);
            perSegment += now;
            slot += 1 + now;
        }
        return (blocks + perSegment - 1) / perSegment;
    }

    /** The most blocks of one request that fit so many chunk buffers wherever the stream stands. */
    int largestRequest(final int buffers) {
        int least = 0;
        int most = ReadJob.BLOCKS_MAX;
        while (least < most) {
            final int middle = (least + most + 1) / 2;
            boolean fits = true;
            for (int slot = 1; slot <= segmentBlocks && fits; slot++) {
                fits = buffersFrom(slot, middle) <= buffers;
            }
            if (fits) {
                least = middle;
            } else {
                most = middle - 1;
            }
        }
        return least;
    }

    /** Buffers that so many blocks take from a slot on. */
    int buffersFrom(final int firstSlot, final int blocks) {
        int slot = firstSlot;
        int left = blocks;
        int buffers = 0;
        while (left > 0) {
            if (segmentBlocks - slot < 2) {
                buffers++;
                slot = 1;
            }
            final int now = Math.min(left, Math.min(chunkDataBlocks, segmentBlocks - slot - 1));
            buffers++;
            slot += 1 + now;
            left -= now;
        }
        return buffers;
    }
}

package io.ringvault.nvme.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class LossyCacheTest {
    private static final int BLOCK = 512;

    /** Blocks in an array; fails on demand. */
    private static final class ArrayMedium implements Medium {
        final byte[] content = new byte[64 * BLOCK];
        int flushes;
        boolean failing;

        @Override
        public long sizeBytes() {
            return content.length;
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public void read(final long offset, final MemorySegment target, final long targetOffset,
            final int lengthBytes) {
            MemorySegment.copy(content, (int) offset, target, ValueLayout.JAVA_BYTE, targetOffset, lengthBytes);
        }

        @Override
        public void write(final long offset, final MemorySegment source, final long sourceOffset, final int lengthBytes,
                          final boolean durable) throws IOException {
            if (failing) {
                throw new IOException("no");
            }
            MemorySegment.copy(source, ValueLayout.JAVA_BYTE, sourceOffset, content, (int) offset, lengthBytes);
        }

        @Override
        public void zero(final long offset, final long lengthBytes) {
            throw new AssertionError("zeros must go through the cache");
        }

        @Override
        public void deallocate(final long offset, final long lengthBytes) {
            java.util.Arrays.fill(content, (int) offset, (int) (offset + lengthBytes), (byte) 0);
        }

        @Override
        public void flush() {
            flushes++;
        }

        @Override
        public void losePower() {
        }

        @Override
        public void close() {
        }
    }

    private final ArrayMedium below = new ArrayMedium();
    private final LossyCache cache = new LossyCache(below, BLOCK, 4 * BLOCK);
    private final MemorySegment memory = Arena.ofAuto().allocate(64 * BLOCK);

    private void write(final int block, final int count, final int value, final boolean durable) throws IOException {
        memory.asSlice(0, (long) count * BLOCK).fill((byte) value);
        cache.write((long) block * BLOCK, memory, 0, count * BLOCK, durable);
    }

    private int read(final int block) throws IOException {
        cache.read((long) block * BLOCK, memory, 0, BLOCK);
        return memory.get(ValueLayout.JAVA_BYTE, BLOCK - 1);
    }

    @Test
    void shouldShowButLoseWritesWhenPowerFailsBeforeAFlush() throws IOException {
        write(1, 2, 7, false);
        assertEquals(7, read(2));
        assertArrayEquals(new byte[64 * BLOCK], below.content);
        cache.losePower();
        assertEquals(0, read(1));
    }

    @Test
    void shouldKeepWritesWhenPowerFailsAfterAFlush() throws IOException {
        write(1, 2, 7, false);
        cache.flush();
        write(2, 1, 8, false);
        cache.losePower();
        assertEquals(7, read(1));
        assertEquals(7, read(2));
        assertEquals(1, below.flushes);
    }

    @Test
    void shouldNotLetAnOlderCachedBlockHideADurableOneWhenBothExist() throws IOException {
        write(3, 1, 5, false);
        write(3, 1, 6, true);
        assertEquals(6, read(3));
        cache.flush();
        assertEquals(6, read(3));
        cache.losePower();
        assertEquals(6, read(3));
    }

    @Test
    void shouldWriteDownTheOldestWhenItIsFull() throws IOException {
        for (int block = 0; block < 6; block++) {
            write(block, 1, block + 1, false);
        }
        assertEquals(4, cache.dirtyBlocks());
        cache.losePower();
        assertEquals(1, read(0));
        assertEquals(2, read(1));
        assertEquals(0, read(2));
    }

    @Test
    void shouldZeroAndDeallocateThroughTheCacheWhenBlocksAreDirty() throws IOException {
        write(1, 1, 9, true);
        cache.zero(BLOCK, BLOCK);
        assertEquals(0, read(1));
        cache.losePower();
        assertEquals(9, read(1));
        write(1, 1, 4, false);
        cache.deallocate(0, 60 * BLOCK);
        assertEquals(0, read(1));
        assertEquals(0, cache.dirtyBlocks());
    }

    @Test
    void shouldKeepChosenBlocksWhenPowerFailsInTheMiddleOfWritingDown() throws IOException {
        write(0, 4, 3, false);
        cache.losePower(block -> block == 2);
        assertEquals(0, read(1));
        assertEquals(3, read(2));
    }

    @Test
    void shouldKeepBlocksDirtyWhenWritingDownFails() throws IOException {
        write(0, 3, 3, false);
        below.failing = true;
        assertThrows(IOException.class, cache::flush);
        assertEquals(3, cache.dirtyBlocks());
        assertEquals(0, below.flushes);
    }
}

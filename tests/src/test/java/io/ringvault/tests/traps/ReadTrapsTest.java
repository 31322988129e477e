package io.ringvault.tests.traps;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Reads that returned nothing, the wrong thing, or the caller's own old bytes. */
class ReadTrapsTest extends TrapBase {

    @Test
    void trapRangeReadWithAHoleReturnsNothing() {
        start();
        write(4, 1);
        write(6, 1);
        final byte[] read = new byte[5 * BLOCK];
        Arrays.fill(read, (byte) 0x77);
        disk().read(3L * BLOCK, read, 0, read.length);
        recorder.checkNewest();
        final byte[] zeros = new byte[BLOCK];
        assertArrayEquals(zeros, Arrays.copyOfRange(read, 0, BLOCK));
        assertArrayEquals(zeros, Arrays.copyOfRange(read, 2 * BLOCK, 3 * BLOCK));
        assertTrue(read[BLOCK] != 0 && read[3 * BLOCK] != 0, "the blocks beside the holes were filled");
    }

    @Test
    void trapNeverWrittenBlockLeavesTheBufferUntouched() {
        start();
        final byte[] read = new byte[3 * BLOCK];
        Arrays.fill(read, (byte) 0x77);
        disk().read((blocks() - 3L) * BLOCK, read, 0, read.length);
        assertArrayEquals(new byte[3 * BLOCK], read);
    }

    @Test
    void trapTailOfAPartialWriteDamagesItsNeighbours() {
        start();
        write(0, blocks());
        final int granules = recorder.history().granules();
        for (int i = 0; i < 300; i++) {
            final int first = random.nextInt(granules);
            recorder.write(first, 1 + random.nextInt(Math.min(19, granules - first)));
        }
        recorder.write(granules - 1, 1);
        recorder.write(granules - 9, 9);
        recorder.checkNewest();
        reopen();
    }

    @Test
    void trapBytesAtOddOffsetsAreMisplaced() {
        start();
        final byte[] model = new byte[16 * BLOCK];
        final byte[] read = new byte[model.length];
        for (int i = 0; i < 300; i++) {
            final int unit = disk().writeUnitBytes();
            final int offset = random.nextInt(model.length / unit) * unit;
            final int length = Math.min(model.length - offset, (1 + random.nextInt(3 * BLOCK / unit)) * unit);
            final byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            disk().write(offset, bytes, 0, length);
            System.arraycopy(bytes, 0, model, offset, length);
            disk().read(0, read, 0, read.length);
            assertArrayEquals(model, read, "seed " + seed + " after write " + i + " of " + length + " at " + offset);
        }
    }

    @Test
    void trapTinyIndexCacheLivelocksOrServesOldVersions() {
        start(kind.withBlockCache(1));
        for (int round = 0; round < 4; round++) {
            for (int lba = 0; lba < blocks(); lba++) {
                write(lba, 1);
                if (lba % 9 == 0) {
                    recorder.sync();
                }
            }
            recorder.disk().idle(300);
            recorder.checkNewest();
        }
        reopen();
    }

    @Test
    void trapVeryLargeAndUnalignedTransfersAreSplitWrongly() {
        start();
        final int granules = recorder.history().granules();
        for (int i = 0; i < 12; i++) {
            final int first = random.nextInt(granules / 2);
            recorder.write(first, granules - first - random.nextInt(8));
            recorder.checkNewest();
        }
        reopen();
    }

    @Test
    void trapRequestsBeyondTheEndAreAcceptedOrCutShort() {
        start();
        write(blocks() - 1, 1);
        final long size = disk().sizeBytes();
        final byte[] two = new byte[2 * BLOCK];
        assertThrows(StorageException.class, () -> disk().read(size - BLOCK, two, 0, 2 * BLOCK));
        assertThrows(StorageException.class, () -> disk().write(size - BLOCK, two, 0, 2 * BLOCK));
        assertThrows(StorageException.class, () -> disk().write(size, two, 0, BLOCK));
        assertThrows(StorageException.class, () -> disk().trim(size - BLOCK, 2L * BLOCK));
        assertThrows(StorageException.class, () -> disk().writeZeroes(Long.MAX_VALUE - BLOCK + 1, BLOCK));
        recorder.checkNewest();
        assertEquals(size, disk().sizeBytes());
    }
}

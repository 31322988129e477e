package io.ringvault.log;

import static io.ringvault.block.StorageException.Category.IO;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.crypto.Seeds;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

class QueueBlockStoreTest {
    private static final int RETRYABLE = BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_INJECTED,
        true);
    private static final int FINAL = BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_INJECTED,
        false);

    private final ScriptedDevice device = new ScriptedDevice();

    /** Says what it was asked; completes each request after a few polls, with the next scripted status. */
    private static final class ScriptedDevice implements BlockDevice, BlockQueue {
        private final byte[] image = new byte[200 * 4096 + 512];
        private final List<String> log = new ArrayList<>();
        private final Deque<Integer> statuses = new ArrayDeque<>();
        private int refusals;
        private boolean submitted;
        private long token = -1;
        private int polls;
        private boolean closed;

        private boolean accept(final long newToken, final String entry) {
            if (refusals > 0) {
                refusals--;
                return false;
            }
            assertEquals(-1, token, "more than one request in flight");
            log.add(entry);
            token = newToken;
            submitted = false;
            polls = 0;
            return true;
        }

        @Override
        public boolean read(final long newToken, final long offset, final int length, final DmaBuffer buffer,
            final long bufferOffset) {
            if (!accept(newToken, "read " + offset / 4096 + "+" + length / 4096)) {
                return false;
            }
            buffer.copyIn(image, (int) offset, bufferOffset, length);
            return true;
        }

        @Override
        public boolean write(final long newToken, final long offset, final int length, final DmaBuffer buffer,
            final long bufferOffset, final boolean fua) {
            if (!accept(newToken, (fua ? "fua " : "write ") + offset / 4096 + "+" + length / 4096)) {
                return false;
            }
            buffer.copyOut(bufferOffset, image, (int) offset, length);
            return true;
        }

        @Override
        public boolean flush(final long newToken) {
            return accept(newToken, "flush");
        }

        @Override
        public void submit() {
            submitted = true;
        }

        @Override
        public int poll(final BlockCompletionHandler handler, final int limit) {
            polls++;
            if (token < 0 || !submitted || polls < 300) {
                return 0;
            }
            final long done = token;
            token = -1;
            handler.onCompletion(done, statuses.isEmpty() ? BlockStatus.OK : statuses.removeFirst());
            return 1;
        }

        @Override
        public boolean deallocate(final long newToken, final long offset, final long length) {
            throw new AssertionError("not expected");
        }

        @Override
        public boolean writeZeroes(final long newToken, final long offset, final long length) {
            throw new AssertionError("not expected");
        }

        @Override
        public int depth() {
            return 1;
        }

        @Override
        public int inFlight() {
            return token < 0 ? 0 : 1;
        }

        @Override
        public void close() {
            closed = true;
        }

        @Override
        public String uri() {
            return "scripted:1";
        }

        @Override
        public long sizeBytes() {
            return image.length;
        }

        @Override
        public int blockSizeBytes() {
            return 512;
        }

        @Override
        public int singleCommandBytes() {
            return 4096;
        }

        @Override
        public int maxTransferBytes() {
            return 1 << 20;
        }

        @Override
        public boolean volatileCache() {
            return true;
        }

        @Override
        public String isolation() {
            return "in-process";
        }

        @Override
        public BlockQueue openQueue(final int depth) {
            return this;
        }

        @Override
        public DmaBuffer allocate(final long lengthBytes) {
            return DmaBuffer.contiguous(Arena.ofAuto().allocate(lengthBytes, 4096), 0x10000);
        }
    }

    @Test
    void shouldReadBackWhatWasWrittenInPiecesOfTheBuffer() {
        try (QueueBlockStore store = new QueueBlockStore(device, device, device.allocate(4 * 4096))) {
            assertEquals(200, store.blocks());
            final byte[] source = Seeds.source(1).bytes(10 * 4096 + 3);
            store.write(190, 10, source, 3, true);
            store.write(5, 1, source, 0, false);
            store.flush();
            final byte[] target = new byte[10 * 4096 + 7];
            assertTrue(store.read(190, 10, target, 7));
            assertArrayEquals(java.util.Arrays.copyOfRange(source, 3, 3 + 40960),
                java.util.Arrays.copyOfRange(target, 7, 7 + 40960));
            assertEquals(List.of("fua 190+4", "fua 194+4", "fua 198+2", "write 5+1", "flush", "read 190+4",
                "read 194+4",
                "read 198+2"), device.log);
            assertEquals("", store.lastError());
        }
        assertFalse(device.closed, "a borrowed queue is not closed");
        QueueBlockStore.open(device).close();
        assertTrue(device.closed);
    }

    @Test
    void shouldRetryRetryableFailuresABoundedNumberOfTimes() {
        final QueueBlockStore store = QueueBlockStore.open(device);
        device.statuses.addAll(List.of(RETRYABLE, RETRYABLE, BlockStatus.OK));
        assertTrue(store.read(3, 1, new byte[4096], 0));
        assertEquals(3, device.log.size());
        device.log.clear();
        device.statuses.addAll(java.util.Collections.nCopies(100, RETRYABLE));
        Failures.expect(IO, () -> store.write(7, 2, new byte[8192], 0, true), "write of 2 block(s) at block 7",
            "scripted:1", "injected");
        assertEquals(5, device.log.size());
    }

    @Test
    void shouldReportFinalFailuresAtOnceAndGoOn() {
        final QueueBlockStore store = QueueBlockStore.open(device);
        device.statuses.add(FINAL);
        assertFalse(store.read(3, 1, new byte[4096], 0));
        assertTrue(store.lastError().contains("read of 1 block(s) at block 3"), store.lastError());
        assertEquals(1, device.log.size());
        assertTrue(store.read(3, 1, new byte[4096], 0));
    }

    @Test
    void shouldNeverRetryAFlush() {
        final QueueBlockStore store = QueueBlockStore.open(device);
        device.statuses.add(RETRYABLE);
        Failures.expect(IO, store::flush, "flush failed");
        assertEquals(List.of("flush"), device.log);
    }

    @Test
    void shouldWaitWhenTheQueueIsFull() {
        final QueueBlockStore store = QueueBlockStore.open(device);
        device.refusals = 5;
        assertTrue(store.read(3, 1, new byte[4096], 0));
        assertEquals(List.of("read 3+1"), device.log);
    }

    @Test
    void shouldRefuseRangesOutsideTheDeviceOrTheArray() {
        final QueueBlockStore store = QueueBlockStore.open(device);
        assertThrows(IllegalArgumentException.class, () -> store.read(200, 1, new byte[4096], 0));
        assertThrows(IllegalArgumentException.class, () -> store.read(-1, 1, new byte[4096], 0));
        assertThrows(IllegalArgumentException.class, () -> store.read(0, 0, new byte[4096], 0));
        assertThrows(IllegalArgumentException.class, () -> store.read(0, 1, new byte[4096], 1));
        assertThrows(IllegalArgumentException.class, () -> store.write(199, 2, new byte[8192], 0, false));
        assertEquals(List.of(), device.log);
    }
}

package io.ringvault.bench;

import io.ringvault.block.BlockCompletionHandler;
import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.StorageException;
import java.lang.foreign.MemorySegment;

/** The raw device: one polled queue, no encryption. Owned by one thread; closes the device. */
public final class RawTarget implements BenchTarget {
    private final BlockDevice device;
    private final BlockQueue queue;
    private final DmaBuffer memory;
    private final int slotBytes;
    private final BlockCompletionHandler handler = this::onCompletion;
    private Completion completion;
    private long bytesWritten;

    /**
     * @param slots     requests that may be in flight at once
     * @param slotBytes longest request, a multiple of 4096
     */
    public RawTarget(final BlockDevice device, final int slots, final int slotBytes) {
        this.device = device;
        this.slotBytes = slotBytes;
        queue = device.openQueue(slots);
        memory = device.allocate((long) slots * slotBytes);
    }

    @Override
    public String name() {
        return "raw";
    }

    @Override
    public long sizeBytes() {
        return device.sizeBytes();
    }

    @Override
    public MemorySegment buffer(final int slot) {
        return memory.segment().asSlice((long) slot * slotBytes, slotBytes);
    }

    @Override
    public boolean read(final int slot, final long offset, final int length) {
        return queue.read(slot, offset, length, memory, (long) slot * slotBytes);
    }

    @Override
    public boolean write(final int slot, final long offset, final int length) {
        final boolean accepted = queue.write(slot, offset, length, memory, (long) slot * slotBytes, false);
        bytesWritten += accepted ? length : 0;
        return accepted;
    }

    @Override
    public boolean sync(final int slot) {
        return queue.flush(slot);
    }

    @Override
    public void submit() {
        queue.submit();
    }

    @Override
    public int poll(final Completion to, final int limit) {
        completion = to;
        return queue.poll(handler, limit);
    }

    private void onCompletion(final long token, final int status) {
        completion.onCompletion((int) token, status);
    }

    @Override
    public StorageException failure(final int status, final String what) {
        return StorageException.io(what + ": " + BlockStatus.describe(status));
    }

    @Override
    public long deviceBytesWritten() {
        return bytesWritten;
    }

    @Override
    public void close() {
        try (device) {
            queue.close();
        }
    }
}

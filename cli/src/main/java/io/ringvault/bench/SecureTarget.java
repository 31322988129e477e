package io.ringvault.bench;

import io.ringvault.block.StorageException;
import io.ringvault.disk.DiskClient;
import io.ringvault.disk.DiskCompletionHandler;
import io.ringvault.disk.SecureDisk;
import io.ringvault.ring.OpStatus;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The secure disk through its polled client. Owned by one thread; closes the disk. */
public final class SecureTarget implements BenchTarget {
    private final SecureDisk disk;
    private final DiskClient client;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;
    private final int slotBytes;
    private final DiskCompletionHandler handler = this::onCompletion;
    private Completion completion;

    /**
     * @param disk      closed with this target
     * @param slots     requests that may be in flight at once
     * @param slotBytes longest request
     */
    public SecureTarget(final SecureDisk disk, final int slots, final int slotBytes) {
        this.disk = disk;
        this.slotBytes = slotBytes;
        client = disk.newClient(Math.max(2, Integer.highestOneBit(2 * slots - 1)));
        memory = arena.allocate((long) slots * slotBytes, BlockPattern.BLOCK_BYTES);
    }

    @Override
    public String name() {
        return "ringvault";
    }

    /** The implementation that seals and opens. */
    public String aeadName() {
        return disk.aeadName();
    }

    @Override
    public long sizeBytes() {
        return disk.sizeBytes();
    }

    @Override
    public MemorySegment buffer(final int slot) {
        return memory.asSlice((long) slot * slotBytes, slotBytes);
    }

    @Override
    public boolean read(final int slot, final long offset, final int length) {
        return accepted(client.submitRead(slot, offset, memory, (long) slot * slotBytes, length));
    }

    @Override
    public boolean write(final int slot, final long offset, final int length) {
        return accepted(client.submitWrite(slot, offset, memory, (long) slot * slotBytes, length, false));
    }

    @Override
    public boolean sync(final int slot) {
        return accepted(client.submitSync(slot));
    }

    private static boolean accepted(final int result) {
        if (result == DiskClient.CLOSED) {
            throw OpStatus.toException(OpStatus.CLOSED, "benchmark request");
        }
        return result == DiskClient.ACCEPTED;
    }

    @Override
    public void submit() {
        // A client's requests are on their way as soon as they are accepted.
    }

    @Override
    public int poll(final Completion to, final int limit) {
        completion = to;
        return client.poll(handler, limit);
    }

    private void onCompletion(final long token, final int status) {
        completion.onCompletion((int) token, status);
    }

    @Override
    public StorageException failure(final int status, final String what) {
        return OpStatus.toException(status, what);
    }

    @Override
    public long deviceBytesWritten() {
        return disk.counters().deviceBytesWritten();
    }

    @Override
    public void close() {
        try (disk; client) {
            // Their order matters: the client first, then the disk, which has given back the memory when it is closed.
        }
        arena.close();
    }
}

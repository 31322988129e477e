package io.ringvault.bench;

import io.ringvault.block.StorageException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A target in memory that refuses at times and completes in random order. */
final class MemoryTarget implements BenchTarget {
    final MemorySegment store;
    final String name;
    int syncs;
    int failAt = -1;
    private final MemorySegment slots;
    private final int slotBytes;
    private final Random random = new Random(1);
    private final List<int[]> done = new ArrayList<>();
    private final List<Integer> accepted = new ArrayList<>();
    private long written;
    private int requests;

    MemoryTarget(final String name, final long sizeBytes, final int slots, final int slotBytes) {
        this.name = name;
        this.slotBytes = slotBytes;
        store = Arena.ofAuto().allocate(sizeBytes);
        this.slots = Arena.ofAuto().allocate((long) slots * slotBytes);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long sizeBytes() {
        return store.byteSize();
    }

    @Override
    public MemorySegment buffer(final int slot) {
        return slots.asSlice((long) slot * slotBytes, slotBytes);
    }

    private boolean accept(final int slot) {
        accepted.add(slot);
        requests++;
        return true;
    }

    @Override
    public boolean read(final int slot, final long offset, final int length) {
        if (random.nextInt(5) == 0) {
            return false;
        }
        MemorySegment.copy(store, offset, buffer(slot), 0, length);
        return accept(slot);
    }

    @Override
    public boolean write(final int slot, final long offset, final int length) {
        if (random.nextInt(5) == 0) {
            return false;
        }
        MemorySegment.copy(buffer(slot), 0, store, offset, length);
        written += length;
        return accept(slot);
    }

    @Override
    public boolean sync(final int slot) {
        syncs++;
        return accept(slot);
    }

    @Override
    public void submit() {
        accepted.forEach(slot -> done.add(new int[] {slot, requests == failAt ? 9 : 0}));
        accepted.clear();
    }

    @Override
    public int poll(final Completion completion, final int limit) {
        if (done.isEmpty() || random.nextInt(3) == 0) {
            return 0;
        }
        final int[] one = done.remove(random.nextInt(done.size()));
        completion.onCompletion(one[0], one[1]);
        return 1;
    }

    @Override
    public StorageException failure(final int status, final String what) {
        return StorageException.io(what + ": status " + status);
    }

    @Override
    public long deviceBytesWritten() {
        return written * 2;
    }

    @Override
    public void close() {
        written = 0;
    }
}

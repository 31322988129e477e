package io.ringvault.torture;

import io.ringvault.block.StorageException;
import io.ringvault.disk.DiskClient;
import io.ringvault.disk.SecureDisk;
import io.ringvault.ring.OpStatus;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * One client of a {@link TortureWorker}: batches of writes of odd sizes, trims and zeroes, then sometimes a sync, then
 * reads of what it wrote. Owned by one thread.
 */
final class TortureClient {
    private static final int GRANULE = TortureVolume.GRANULE_BYTES;
    private static final int BLOCK_GRANULES = 4096 / GRANULE;
    private static final int DEPTH = 16;
    private static final int SLOT_BYTES = 1 << 20;
    private static final int SLOT_GRANULES = SLOT_BYTES / GRANULE;
    private static final int SMALL_BLOCKS = 8;
    private static final int HOT_PART = 8;
    private static final int SPINS = 100;
    private static final long PARK_NS = 20_000;
    private static final long SYNC_TOKEN = -1;
    private static final long READ_TOKEN = -2;
    private static final long UNKNOWN = Long.MIN_VALUE;

    private final TortureWorker worker;
    private final DiskClient disk;
    private final int client;
    private final long areaOffset;
    private final int granules;
    private final long firstVersion;
    private final long run;
    private final Random random;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory = arena.allocate((long) DEPTH * SLOT_BYTES, 4096);
    private final byte[] stamps = new byte[SLOT_BYTES];
    private final long[] newest;
    private final boolean[] durable = new boolean[DEPTH];
    private int operations;
    private long syncs;

    TortureClient(final TortureWorker worker, final SecureDisk disk, final int client, final int clients,
        final long areaBytes, final long firstVersion, final long run, final long seed) {
        this.worker = worker;
        this.disk = disk.newClient(2 * DEPTH);
        this.client = client;
        this.areaOffset = client * areaBytes;
        this.granules = Math.toIntExact(areaBytes / GRANULE);
        this.firstVersion = firstVersion;
        this.run = run;
        this.random = new Random(seed * clients + client);
        this.newest = new long[granules];
        Arrays.fill(newest, UNKNOWN);
    }

    /** Until the worker is told to stop. */
    void run() {
        try (arena; disk) {
            final int depth = 1 << random.nextInt(5);
            final int syncEvery = 1 + random.nextInt(12);
            while (!worker.stopping()) {
                final int batch = 1 + random.nextInt(depth);
                for (int slot = 0; slot < batch; slot++) {
                    change(slot);
                }
                drain();
                if (random.nextInt(syncEvery) == 0) {
                    sync();
                }
                if (random.nextInt(4) == 0) {
                    readBack();
                }
            }
        }
    }

    private void change(final int slot) {
        final int dice = random.nextInt(20);
        if (dice == 0) {
            final int blocks = 1 + random.nextInt(random.nextInt(8) == 0 ? granules / BLOCK_GRANULES / 4 : 64);
            final int first = place(blocks * BLOCK_GRANULES, true);
            begin(slot, WorkerRecord.TRIM, first, blocks * BLOCK_GRANULES, false);
            accept(() -> disk.submitTrim(token(slot), offset(first), (long) blocks * BLOCK_GRANULES * GRANULE));
        } else if (dice == 1) {
            final int count = 1 + random.nextInt(random.nextInt(8) == 0 ? granules / 4 : 40 * BLOCK_GRANULES);
            final int first = place(count, random.nextBoolean());
            final boolean fua = random.nextInt(8) == 0;
            begin(slot, WorkerRecord.ZERO, first, count, fua);
            accept(() -> disk.submitWriteZeroes(token(slot), offset(first), (long) count * GRANULE, fua));
        } else {
            write(slot, dice);
        }
    }

    private void write(final int slot, final int dice) {
        final boolean odd = dice < 8;
        final int most = Math.min(SLOT_GRANULES, disk.maxWriteBytes() / GRANULE);
        final int wanted = odd ? 1 + random.nextInt(dice == 2 ? 400 : 20)
            : BLOCK_GRANULES * (1 + random.nextInt(dice == 19 ? 256 : SMALL_BLOCKS));
        final int count = Math.min(wanted, most);
        final int first = place(count, !odd);
        final boolean fua = random.nextInt(30) == 0;
        begin(slot, WorkerRecord.WRITE, first, count, fua);
        final long version = firstVersion + operations - 1;
        for (int i = 0; i < count; i++) {
            Stamp.write(stamps, i * GRANULE, GRANULE, first + i, version, run);
        }
        MemorySegment.copy(stamps, 0, memory, ValueLayout.JAVA_BYTE, (long) slot * SLOT_BYTES, count * GRANULE);
        accept(() -> disk.submitWrite(token(slot), offset(first), memory, (long) slot * SLOT_BYTES, count * GRANULE,
            fua));
    }

    /** A first granule: half of the time in a small part of the area, so that blocks are overwritten and cleaned. */
    private int place(final int count, final boolean aligned) {
        final int room = granules - count + 1;
        final int first = random.nextInt(random.nextBoolean() ? room : Math.max(1, room / HOT_PART));
        return aligned ? first / BLOCK_GRANULES * BLOCK_GRANULES : first;
    }

    private void begin(final int slot, final int type, final int first, final int count, final boolean fua) {
        final long version = firstVersion + operations;
        worker.tell(new WorkerRecord(type, client, false, count, first, version));
        durable[slot] = fua;
        Arrays.fill(newest, first, first + count, type == WorkerRecord.WRITE ? version : 0);
        operations++;
    }

    /** Slot and number of the operation that was begun last. */
    private long token(final int slot) {
        return (long) (operations - 1) << 8 | slot;
    }

    private void sync() {
        worker.tell(new WorkerRecord(WorkerRecord.SYNC_BEGIN, client, false, 0, syncs, 0));
        accept(() -> disk.submitSync(SYNC_TOKEN));
        drain();
    }

    private void readBack() {
        final int count = 1 + random.nextInt(64 * BLOCK_GRANULES);
        final int first = place(count, false);
        accept(() -> disk.submitRead(READ_TOKEN, offset(first), memory, 0, count * GRANULE));
        drain();
        MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, 0, stamps, 0, count * GRANULE);
        for (int i = 0; i < count; i++) {
            final long wanted = newest[first + i];
            final long found = Stamp.read(stamps, i * GRANULE, GRANULE, first + i, run);
            if (wanted == UNKNOWN ? found == Stamp.FOREIGN : found != wanted) {
                throw StorageException.integrity("client " + client + ": a read of granule " + (first + i)
                    + " returned " + Stamp.describe(stamps, i * GRANULE, GRANULE) + " instead of "
                    + (wanted == UNKNOWN ? "something that was written there" : "version " + wanted));
            }
        }
        worker.tell(new WorkerRecord(WorkerRecord.READ, client, false, (count + BLOCK_GRANULES - 1) / BLOCK_GRANULES,
            0, 0));
    }

    private long offset(final int granule) {
        return areaOffset + (long) granule * GRANULE;
    }

    private void accept(final java.util.function.IntSupplier submission) {
        int result = submission.getAsInt();
        while (result == DiskClient.BACK_PRESSURED) {
            disk.poll(this::completed, DEPTH);
            result = submission.getAsInt();
        }
        if (result != DiskClient.ACCEPTED) {
            throw StorageException.io("client " + client + ": the disk is closed");
        }
    }

    private void drain() {
        int idle = 0;
        while (disk.inFlight() > 0) {
            if (disk.poll(this::completed, 2 * DEPTH) > 0) {
                idle = 0;
            } else if (++idle > SPINS) {
                LockSupport.parkNanos(PARK_NS);
            } else {
                Thread.onSpinWait();
            }
        }
    }

    private void completed(final long token, final int status) {
        if (status != OpStatus.OK) {
            throw OpStatus.toException(status, "client " + client + ", " + (token == SYNC_TOKEN ? "sync"
                : token == READ_TOKEN ? "read" : "operation " + (token >> 8)));
        }
        if (token == SYNC_TOKEN) {
            worker.tell(new WorkerRecord(WorkerRecord.SYNC_END, client, false, 0, syncs++, 0));
        } else if (token != READ_TOKEN) {
            worker.tell(new WorkerRecord(WorkerRecord.END, client, durable[(int) (token & 0xFF)], 0, token >> 8, 0));
        }
    }
}

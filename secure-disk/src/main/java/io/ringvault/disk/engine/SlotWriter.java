package io.ringvault.disk.engine;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.Geometry;
import io.ringvault.log.SlotCodec;
import io.ringvault.log.Superblock;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * Writes superblock slots, one at a time, always the one with the lower serial, with FUA. Before that the slot's old
 * content is read and must be what this session last saw there: anything else means another writer (protocol rule 9).
 * Index agent only.
 */
final class SlotWriter {
    private static final int RETRIES_MAX = 4;

    private final BlockQueue queue;
    private final Geometry geometry;
    private VolumeKey volumeKey;
    private final byte[] volumeId;
    private final RandomSource random;
    private final DmaBuffer buffer;
    private final byte[][] seen;
    private final boolean volatileCache;
    private final Supplier<String> deviceFailure;
    private final byte[] present = new byte[Geometry.BLOCK_BYTES];
    private byte[] next;
    private int which;
    private int retries;
    private boolean busy;
    /** The header copy that is written, or -1: a slot. */
    private int headerCopy = -1;
    private int owed;
    private String failure;

    private static final int NOTHING = 0;
    private static final int READ = 1;
    private static final int WRITE = 2;

    SlotWriter(final BlockDevice device, final BlockQueue queue, final Geometry geometry, final VolumeKey volumeKey,
               final byte[] volumeId, final RandomSource random, final byte[] seenA, final byte[] seenB) {
        this.queue = queue;
        this.geometry = geometry;
        this.volumeKey = volumeKey;
        this.volumeId = volumeId;
        this.random = random;
        this.buffer = device.allocate(2L * Geometry.BLOCK_BYTES);
        this.seen = new byte[][] {seenA, seenB};
        this.volatileCache = device.volatileCache();
        this.deviceFailure = device::failureReason;
    }

    void start(final Superblock superblock) {
        next = SlotCodec.encode(superblock, volumeKey, volumeId, random);
        which = superblock.which();
        retries = 0;
        busy = true;
        owed = READ;
    }

    /** Slots are sealed under this volume key from now on. */
    void volumeKey(final VolumeKey key) {
        volumeKey = key;
    }

    /** Writes both header copies, copy B first, each durable before the next; {@link #busy} tells when. */
    void startHeader(final byte[] block) {
        next = block;
        headerCopy = 1;
        retries = 0;
        busy = true;
        buffer.copyIn(next, 0, Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
        owed = WRITE;
    }

    boolean busy() {
        return busy;
    }

    String failure() {
        return failure;
    }

    int step() {
        if (owed == READ && queue.read(Tokens.SLOT_READ, offset(), Geometry.BLOCK_BYTES, buffer, 0)
            || owed == WRITE && queue.write(Tokens.SLOT_WRITE, offset(), Geometry.BLOCK_BYTES, buffer,
            Geometry.BLOCK_BYTES,
            volatileCache)) {
            owed = NOTHING;
            return 1;
        }
        return 0;
    }

    private long offset() {
        return (headerCopy >= 0 ? geometry.headerBlock(headerCopy) : geometry.slotBlock(which)) * Geometry.BLOCK_BYTES;
    }

    void onReadCompletion(final int status) {
        if (status != BlockStatus.OK) {
            if (BlockStatus.isRetryable(status) && retries < RETRIES_MAX) {
                retries++;
                owed = READ;
                return;
            }
            failure = "reading superblock slot " + name() + " failed: " + describe(status);
            return;
        }
        buffer.copyOut(0, present, 0, Geometry.BLOCK_BYTES);
        if (!Arrays.equals(present, seen[which])) {
            failure = "superblock slot " + name()
                + " is not what this session last saw there: another writer has opened this volume";
            return;
        }
        buffer.copyIn(next, 0, Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
        owed = WRITE;
    }

    void onWriteCompletion(final int status) {
        if (status != BlockStatus.OK) {
            if (BlockStatus.isRetryable(status) && retries < RETRIES_MAX) {
                retries++;
                owed = WRITE;
                return;
            }
            failure = "writing " + (headerCopy >= 0 ? "header copy " : "superblock slot ") + name() + " failed: "
                + describe(status);
            return;
        }
        if (headerCopy > 0) {
            headerCopy--;
            retries = 0;
            owed = WRITE;
            return;
        }
        if (headerCopy < 0) {
            seen[which] = next;
        }
        headerCopy = -1;
        next = null;
        busy = false;
    }

    private String describe(final int status) {
        final String reason = deviceFailure.get();
        return BlockStatus.describe(status) + (reason.isEmpty() ? "" : ": " + reason);
    }

    private String name() {
        return (headerCopy >= 0 ? headerCopy : which) == 0 ? "A" : "B";
    }
}

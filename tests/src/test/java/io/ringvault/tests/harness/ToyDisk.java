package io.ringvault.tests.harness;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.StorageException;
import io.ringvault.tests.harness.ToyDisks.Defect;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * A tiny disk that keeps its state in memory and writes the whole of it to the older of two areas at each sync, then
 * a header
 * that names the area. Correct as it stands; each {@link ToyDisks.Defect} breaks it in a way that a test has to notice.
 *
 * <pre>
 * block 0, 1        headers A, B: serial u64, crc of the area u64, crc of the header u64
 * block 2 ..        area A, then area B
 * </pre>
 */
final class ToyDisk implements TestDisk {
    private static final int BLOCK = 4096;

    private final BlockDevice device;
    private final BlockQueue queue;
    private final DmaBuffer buffer;
    private final CommitSink sink;
    private final Defect defect;
    private final byte[] state;
    private final byte[] trimmed;
    private long serial;
    private int pending;
    private int failure;

    ToyDisk(final BlockDevice device, final int blocks, final CommitSink sink, final Defect defect) {
        this.device = device;
        this.queue = device.openQueue(16);
        this.buffer = device.allocate(BLOCK);
        this.sink = sink;
        this.defect = defect;
        this.state = new byte[blocks * BLOCK];
        this.trimmed = new byte[blocks];
    }

    void recover() {
        io(Io.FLUSH, 0, false);
        long best = -1;
        for (int which = 0; which < 2; which++) {
            final long found = validHeader(which);
            if (found > best && loadArea(area(found), false)) {
                best = found;
            }
        }
        if (best < 0) {
            throw StorageException.integrity("toy disk: no valid area");
        }
        serial = best;
        loadArea(area(serial), true);
        if (defect == Defect.SECOND_REOPEN_LOSES && serial > 3) {
            java.util.Arrays.fill(state, 0, BLOCK, (byte) 0);
            commit(0);
            loadArea(area(serial - 1), true);
        } else if (defect == Defect.RECOVERY_NOT_ATOMIC && serial > 2) {
            final byte[] kept = state.clone();
            java.util.Arrays.fill(state, (byte) 0);
            commit(0);
            System.arraycopy(kept, 0, state, 0, kept.length);
            commit(0);
        }
    }

    private int area(final long ofSerial) {
        return 2 + (defect == Defect.IN_PLACE ? 0 : (int) (ofSerial & 1)) * (state.length / BLOCK);
    }

    private long validHeader(final int which) {
        final byte[] block = readBlock(which);
        final ByteBuffer header = ByteBuffer.wrap(block);
        return header.getLong(16) == crc(block, 0, 16) && header.getLong(16) != 0 ? header.getLong(0) : -1;
    }

    private boolean loadArea(final int first, final boolean keep) {
        final byte[] all = new byte[state.length];
        for (int i = 0; i < all.length / BLOCK; i++) {
            System.arraycopy(readBlock(first + i), 0, all, i * BLOCK, BLOCK);
        }
        if (keep) {
            System.arraycopy(all, 0, state, 0, all.length);
        }
        for (int which = 0; which < 2; which++) {
            final byte[] header = readBlock(which);
            if (ByteBuffer.wrap(header).getLong(8) == crc(all, 0, all.length)
                && area(ByteBuffer.wrap(header).getLong(0)) == first) {
                return true;
            }
        }
        return defect == Defect.IN_PLACE;
    }

    void commit(final long epoch) {
        if (sink != null && epoch > 0) {
            sink.sealed(epoch, false);
        }
        serial++;
        final byte[] all = state.clone();
        for (int i = 0; i < trimmed.length && defect == Defect.TRIM_FORGOTTEN; i++) {
            if (trimmed[i] != 0) {
                final byte[] old = readBlock(area(serial - 1) + i);
                System.arraycopy(old, 0, all, i * BLOCK, BLOCK);
            }
        }
        for (int i = 0; i < all.length / BLOCK; i++) {
            buffer.copyIn(all, i * BLOCK, 0, BLOCK);
            io(Io.WRITE, area(serial) + i, false);
        }
        if (defect != Defect.HEADER_BEFORE_FLUSH) {
            io(Io.FLUSH, 0, false);
        }
        final ByteBuffer header = ByteBuffer.allocate(BLOCK);
        header.putLong(0, serial).putLong(8, crc(all, 0, all.length));
        header.putLong(16, crc(header.array(), 0, 16));
        buffer.copyIn(header.array(), 0, 0, BLOCK);
        io(Io.WRITE, (int) (serial & 1), defect != Defect.EARLY_ACKNOWLEDGEMENT);
        if (sink != null && epoch > 0) {
            sink.durable(epoch);
        }
    }

    @Override
    public long sizeBytes() {
        return state.length;
    }

    @Override
    public void write(final long offset, final byte[] source, final int sourceOffset, final int length) {
        if (defect == Defect.PARTIAL_WRITE_CLEARS_BLOCK && offset % BLOCK != 0) {
            java.util.Arrays.fill(state, (int) (offset / BLOCK * BLOCK), (int) offset, (byte) 0);
        }
        System.arraycopy(source, sourceOffset, state, (int) offset, length);
        java.util.Arrays.fill(trimmed, (int) (offset / BLOCK), (int) ((offset + length + BLOCK - 1) / BLOCK), (byte) 0);
        if (defect == Defect.UNSYNCED_VISIBLE) {
            serial--;
            commit(0);
        }
    }

    @Override
    public void read(final long offset, final byte[] target, final int targetOffset, final int length) {
        System.arraycopy(state, (int) offset, target, targetOffset, length);
    }

    @Override
    public void sync() {
        commit(serial);
    }

    @Override
    public void trim(final long offset, final long length) {
        java.util.Arrays.fill(state, (int) offset, (int) (offset + length), (byte) 0);
        java.util.Arrays.fill(trimmed, (int) (offset / BLOCK), (int) ((offset + length) / BLOCK), (byte) 1);
    }

    @Override
    public void writeZeroes(final long offset, final long length) {
        java.util.Arrays.fill(state, (int) offset, (int) (offset + length), (byte) 0);
    }

    @Override
    public void idle(final int steps) {
        queue.poll((token, status) -> { }, 0);
    }

    @Override
    public void abandon() {
        device.close();
    }

    @Override
    public void close() {
        sync();
        device.close();
    }

    private enum Io { READ, WRITE, FLUSH }

    private byte[] readBlock(final long block) {
        final byte[] bytes = new byte[BLOCK];
        io(Io.READ, block, false);
        buffer.copyOut(0, bytes, 0, BLOCK);
        return bytes;
    }

    private void io(final Io what, final long block, final boolean fua) {
        pending = 1;
        final boolean accepted = switch (what) {
            case READ -> queue.read(1, block * BLOCK, BLOCK, buffer, 0);
            case WRITE -> queue.write(1, block * BLOCK, BLOCK, buffer, 0, fua);
            case FLUSH -> queue.flush(1);
        };
        if (!accepted) {
            throw new IllegalStateException("queue full");
        }
        queue.submit();
        while (pending > 0) {
            queue.poll((token, status) -> {
                pending--;
                failure = status;
            }, 16);
        }
        if (failure != BlockStatus.OK) {
            throw StorageException.io("toy disk: " + BlockStatus.describe(failure));
        }
    }

    private static long crc(final byte[] bytes, final int offset, final int length) {
        final CRC32 crc = new CRC32();
        crc.update(bytes, offset, length);
        return crc.getValue() | 1L << 40;
    }

}

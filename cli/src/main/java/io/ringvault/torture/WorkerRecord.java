package io.ringvault.torture;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What a worker tells its parent through the pipe, 24 bytes each: far below the size that a pipe takes as a whole, so
 * a kill leaves whole records.
 *
 * <pre>
 *  0  type      u8
 *  1  client    u8
 *  2  flag      u8   END: 1 = durable
 *  4  count     u32  WRITE, ZERO, TRIM: granules; READ: blocks
 *  8  a         u64  WRITE, ZERO, TRIM: first granule; END: number of the operation; SYNC_BEGIN, SYNC_END: of the sync
 * 16  b         u64  WRITE, ZERO, TRIM: version
 * </pre>
 */
record WorkerRecord(int type, int client, boolean flag, int count, long a, long b) {
    /** The volume is open. */
    static final int READY = 1;
    /** A write is about to be submitted. */
    static final int WRITE = 2;
    /** A change was answered. */
    static final int END = 3;
    /** A sync is about to be submitted. */
    static final int SYNC_BEGIN = 4;
    /** A sync was answered. */
    static final int SYNC_END = 5;
    /** Blocks were read and held what they should. */
    static final int READ = 6;
    /** The volume is closed. */
    static final int CLOSED = 7;
    /** Write-zeroes are about to be submitted. */
    static final int ZERO = 8;
    /** A trim is about to be submitted. */
    static final int TRIM = 9;

    static final int BYTES = 24;

    /** Sends it; one write. */
    void send(final OutputStream out) throws IOException {
        final ByteBuffer buffer = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.put((byte) type).put((byte) client).put((byte) (flag ? 1 : 0)).put((byte) 0).putInt(count).putLong(a)
            .putLong(b);
        out.write(buffer.array());
    }

    /** The next one; null at the end of the pipe. */
    static WorkerRecord receive(final InputStream in) throws IOException {
        final byte[] bytes = in.readNBytes(BYTES);
        if (bytes.length == 0) {
            return null;
        }
        if (bytes.length < BYTES) {
            throw new EOFException("the pipe ends within a record, after " + bytes.length + " bytes");
        }
        final ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        final WorkerRecord record = new WorkerRecord(buffer.get(0), buffer.get(1), buffer.get(2) != 0,
            buffer.getInt(4), buffer.getLong(8), buffer.getLong(16));
        if (record.type < READY || record.type > TRIM || record.client < 0) {
            throw new IOException("not a worker's record: " + record);
        }
        return record;
    }
}

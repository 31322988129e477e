package io.ringvault.nvme.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Protection information with a 16-bit guard, in the last 8 bytes of each block's metadata, big-endian: guard (CRC-16
 * T10-DIF over the block and the metadata before it), application tag, reference tag. Works on blocks with their
 * metadata behind them.
 */
final class ProtectionInfo {
    private static final int BYTES = 8;
    private static final int POLYNOMIAL = 0x8BB7;
    private static final int NO_CHECK = 0xFFFF;
    private static final int[] TABLE = table();

    private final int type;
    private final int strideBytes;

    ProtectionInfo(final int type, final int strideBytes) {
        this.type = type;
        this.strideBytes = strideBytes;
    }

    private static int[] table() {
        final int[] table = new int[256];
        for (int i = 0; i < table.length; i++) {
            int crc = i << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) != 0 ? crc << 1 ^ POLYNOMIAL : crc << 1;
            }
            table[i] = crc & 0xFFFF;
        }
        return table;
    }

    static int crc(final byte[] bytes, final int from, final int to) {
        int crc = 0;
        for (int i = from; i < to; i++) {
            crc = (crc << 8 ^ TABLE[crc >>> 8 ^ bytes[i] & 0xFF]) & 0xFFFF;
        }
        return crc;
    }

    /** Checks what a command says of tags and action before any data moves. */
    int admissible(final long start, final int flags, final int tag) {
        final boolean reference = (flags & 1) != 0;
        if (type == 1 && reference && tag != (int) start || type == 3 && reference) {
            return ModelStatus.INVALID_PROTECTION;
        }
        return ModelStatus.OK;
    }

    /** Makes the information of each block. */
    void insert(final byte[] blocks, final int count, final int tag) {
        final ByteBuffer all = ByteBuffer.wrap(blocks).order(ByteOrder.BIG_ENDIAN);
        for (int i = 0; i < count; i++) {
            final int end = (i + 1) * strideBytes;
            all.putShort(end - BYTES, (short) crc(blocks, i * strideBytes, end - BYTES));
            all.putShort(end - BYTES + 2, (short) 0);
            all.putInt(end - BYTES + 4, type == 3 ? tag : tag + i);
        }
    }

    /** Checks what {@code flags} (PRCHK) ask for, block by block; blocks never written pass. */
    int check(final byte[] blocks, final int count, final int flags, final int tag) {
        final ByteBuffer all = ByteBuffer.wrap(blocks).order(ByteOrder.BIG_ENDIAN);
        for (int i = 0; i < count; i++) {
            final int end = (i + 1) * strideBytes;
            final int application = all.getShort(end - BYTES + 2) & 0xFFFF;
            final int reference = all.getInt(end - BYTES + 4);
            final boolean skipped = application == NO_CHECK && (type != 3 || reference == -1)
                || isZero(blocks, i * strideBytes, end);
            if (!skipped && (flags & 4) != 0
                && (all.getShort(end - BYTES) & 0xFFFF) != crc(blocks, i * strideBytes, end - BYTES)) {
                return ModelStatus.GUARD_CHECK;
            }
            if (!skipped && (flags & 1) != 0 && reference != tag + i) {
                return ModelStatus.REFERENCE_CHECK;
            }
        }
        return ModelStatus.OK;
    }

    private static boolean isZero(final byte[] bytes, final int from, final int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }
}

package io.ringvault.device;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.DmaBuffer;

/** The port's argument rules, checked alike by both devices. Any thread. */
final class QueueChecks {

    private QueueChecks() {
    }

    static void depth(final int depth) {
        if (depth < 1 || depth > 4096) {
            throw new IllegalArgumentException("queue depth " + depth + " is outside 1..4096");
        }
    }

    static void allocation(final long lengthBytes) {
        if (lengthBytes <= 0 || lengthBytes % 4096 != 0) {
            throw new IllegalArgumentException("length " + lengthBytes + " is not a positive multiple of 4096");
        }
    }

    static void range(final BlockDevice device, final long offset, final long length) {
        final int block = device.blockSizeBytes();
        if (offset < 0 || length <= 0 || offset % block != 0 || length % block != 0
            || offset > device.sizeBytes() - length) {
            throw new IllegalArgumentException("range " + offset + " of " + length
                + " bytes is not whole blocks of " + block
                + " inside " + device.sizeBytes() + " bytes");
        }
    }

    static void transfer(final BlockDevice device, final long offset, final int length, final DmaBuffer buffer,
        final long bufferOffset) {
        range(device, offset, length);
        if (length > device.maxTransferBytes()) {
            throw new IllegalArgumentException("a transfer of " + length + " bytes is longer than "
                + device.maxTransferBytes());
        }
        if (bufferOffset < 0 || bufferOffset % 4096 != 0 || bufferOffset + length > buffer.lengthBytes()) {
            throw new IllegalArgumentException("buffer offset " + bufferOffset + " with " + length
                + " bytes is not a multiple of 4096 inside " + buffer.lengthBytes() + " bytes");
        }
    }
}

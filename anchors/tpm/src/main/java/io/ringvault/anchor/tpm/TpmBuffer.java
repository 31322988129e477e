package io.ringvault.anchor.tpm;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Big-endian bytes of a TPM structure, being written. One thread. */
final class TpmBuffer {
    private ByteBuffer bytes = ByteBuffer.allocate(512);

    TpmBuffer u8(final int value) {
        room(1).put((byte) value);
        return this;
    }

    TpmBuffer u16(final int value) {
        room(2).putShort((short) value);
        return this;
    }

    TpmBuffer u32(final int value) {
        room(4).putInt(value);
        return this;
    }

    TpmBuffer raw(final byte[] value) {
        room(value.length).put(value);
        return this;
    }

    /** A TPM2B: length, then bytes. */
    TpmBuffer sized(final byte[] value) {
        return u16(value.length).raw(value);
    }

    byte[] toBytes() {
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    private ByteBuffer room(final int count) {
        if (bytes.remaining() < count) {
            bytes = ByteBuffer.allocate(2 * (bytes.position() + count)).put(toBytes());
        }
        return bytes;
    }
}

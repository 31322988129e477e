package io.ringvault.log;

import static io.ringvault.log.Geometry.BLOCK_BYTES;
import static io.ringvault.log.Geometry.SEALED_BYTES;

import io.ringvault.crypto.Aead;
import io.ringvault.crypto.AeadKey;
import java.util.Arrays;

/**
 * Seals and opens blocks with the associated data of {@code docs/format.md}, section 2. Owned by one thread; allocates
 * nothing itself and never chooses a place: that (session key, generation, slot) is sealed once is the caller's
 * promise.
 */
public final class BlockSealer {
    /** Ciphertext of a data block with its tag behind it. */
    public static final int DATA_WITH_TAG_BYTES = BLOCK_BYTES + Aead.TAG_BYTES;

    private static final int KIND_BYTES = 1;
    private static final int DATA_AAD_BYTES = 9;
    private static final int OBJECT_AAD_BYTES = 13;

    private final Aead aead;
    private final byte[] aad = new byte[16];

    public BlockSealer(final Aead aead) {
        this.aead = aead;
    }

    /** The engine below, for importing keys and for superblock slots. Same thread. */
    public Aead aead() {
        return aead;
    }

    /** Seals user data; {@code out} gets 4096 bytes for the device, then the tag for summary and index. */
    public void sealData(final AeadKey key, final long generation, final int slot, final long lba,
        final byte[] plain4096, final byte[] out4112) {
        aead.seal(key, generation, slot, aad, dataAad(lba), plain4096, BLOCK_BYTES, out4112);
    }

    /**
     * Opens user data from 4096 bytes of ciphertext and its tag; false when it does not verify (the plaintext is
     * zeroed).
     *
     * @param key of the session that the place is said to belong to; null when there is no such session, and then
     *            nothing verifies
     */
    public boolean openData(final AeadKey key, final long generation, final int slot, final long lba,
        final byte[] in4112, final byte[] plain4096) {
        if (key == null) {
            Arrays.fill(plain4096, 0, BLOCK_BYTES, (byte) 0);
            return false;
        }
        return aead.open(key, generation, slot, aad, dataAad(lba), in4112, BLOCK_BYTES, plain4096);
    }

    /**
     * Seals a block that carries its own tag.
     *
     * @param kind     an {@link ObjectKind} other than DATA; for SUMMARY object id and ordinal do not count
     * @param objectId table id, page index, directory index, or 0
     * @param ordinal  block within the table, or 0
     */
    public void sealBlock(final AeadKey key, final int kind, final long objectId, final int ordinal,
        final long generation, final int slot, final byte[] plain4080, final byte[] out4096) {
        aead.seal(key, generation, slot, aad, blockAad(kind, objectId, ordinal), plain4080, SEALED_BYTES, out4096);
    }

    /**
     * Opens a block that carries its own tag; false when it does not verify (the plaintext is zeroed).
     *
     * @param key null when there is no such session, as above
     */
    public boolean openBlock(final AeadKey key, final int kind, final long objectId, final int ordinal,
        final long generation, final int slot, final byte[] in4096, final byte[] plain4080) {
        if (key == null) {
            Arrays.fill(plain4080, 0, SEALED_BYTES, (byte) 0);
            return false;
        }
        return aead.open(key, generation, slot, aad, blockAad(kind, objectId, ordinal), in4096, SEALED_BYTES,
            plain4080);
    }

    private int dataAad(final long lba) {
        aad[0] = ObjectKind.DATA;
        Le.putLong(aad, 1, lba);
        return DATA_AAD_BYTES;
    }

    private int blockAad(final int kind, final long objectId, final int ordinal) {
        if (kind == ObjectKind.DATA || kind < ObjectKind.SUMMARY || kind > ObjectKind.MANIFEST_PAGE) {
            throw new IllegalArgumentException("not a block with its own tag: " + ObjectKind.describe(kind));
        }
        aad[0] = (byte) kind;
        if (kind == ObjectKind.SUMMARY) {
            return KIND_BYTES;
        }
        Le.putLong(aad, 1, objectId);
        Le.putInt(aad, 9, ordinal);
        return OBJECT_AAD_BYTES;
    }
}

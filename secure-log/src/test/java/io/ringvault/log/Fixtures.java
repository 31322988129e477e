package io.ringvault.log;

import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.Seeds;
import io.ringvault.crypto.VolumeKey;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A small volume's header, key and superblocks, every field with a value of its own. */
final class Fixtures {
    static final Geometry GEOMETRY = new Geometry(16, 10, 200, 111);
    static final byte[] VOLUME_ID = Seeds.source(1).bytes(16);
    static final byte[] KEY_FILE = Seeds.source(2).bytes(40);
    static final RandomSource RANDOM = Seeds.source(3);

    private Fixtures() {
    }

    static VolumeKey key() {
        return new VolumeKey(5, Seeds.source(4).bytes(32));
    }

    static Header header(final VolumeKey key, final long serial, final KeySlot... slots) {
        final List<KeySlot> all = new ArrayList<>(List.of(slots));
        all.addAll(Collections.nCopies(Header.KEY_SLOTS - slots.length, KeySlot.NOTHING));
        return new Header(VolumeKey.CIPHER_AES_256_GCM, VOLUME_ID, GEOMETRY, key.number(), serial,
            key.checkValue(VOLUME_ID), all);
    }

    static Header header(final VolumeKey key) {
        return header(key, 1, KeySlots.create(KEY_FILE, key, VOLUME_ID, RANDOM));
    }

    static Superblock superblock(final long serial) {
        return new Superblock.Builder(GEOMETRY).serial(serial).volumeKeyNumber(5).closedCleanly(true)
            .session(0x1020304050607080L, Seeds.source(6).bytes(32))
            .base(new CommitId(0x1111111111111111L, 0x2222222222222222L, 0x3333333333333333L, 0x4444444444444444L))
            .checkpointRoot(new Place(0x5555555555L, 7, 9))
            .replayFrom(0x6666666666666666L, 0x7777777777777777L, 0x8888888888888888L,
                List.of(new Place(0x9999L, 1, 2), new Place(0xAAAAL, 3, 4), new Place(0xBBBBL, 5, 6)))
            .anchor(Anchor.KIND_LOCAL_FILE, Seeds.source(7).bytes(32), "file:/var/lib/ringvault/anker-\u00e4")
            .lastAnchored(new AnchorValue(0xC1, 0xC2, 0xC3, 0xC4)).engineCommits(0xD1D2D3D4D5L).build();
    }

    /** An image with both headers and both slots; slot B (serial 11) is current. */
    static MemoryBlocks volume(final VolumeKey key) {
        final MemoryBlocks blocks = new MemoryBlocks(GEOMETRY.volumeBlocks());
        VolumeHeader.store(blocks, header(key));
        for (final long serial : new long[] {10, 11}) {
            final Superblock slot = superblock(serial);
            blocks.write(GEOMETRY.slotBlock(slot.which()), 1, SlotCodec.encode(slot, key, VOLUME_ID, RANDOM), 0, true);
        }
        return blocks;
    }
}

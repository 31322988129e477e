package io.ringvault.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.Oracle;
import io.ringvault.crypto.Seeds;
import io.ringvault.crypto.SunJceProvider;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class BlockSealerTest {
    private static final long GENERATION = 0x0102030405L;

    private final BlockSealer sealer = new BlockSealer(new SunJceProvider().create());
    private final byte[] keyBytes = Seeds.source(8).bytes(32);
    private final AeadKey key = sealer.aead().importKey(keyBytes);

    @Test
    void shouldSealDataAsTheFormatPageSays() {
        final byte[] plain = Seeds.source(9).bytes(4096);
        final byte[] out = new byte[4112];
        sealer.sealData(key, GENERATION, 17, 0x1122334455667788L, plain, out);
        final byte[] aad = ByteBuffer.allocate(9).order(ByteOrder.LITTLE_ENDIAN).put((byte) 2)
            .putLong(0x1122334455667788L).array();
        assertArrayEquals(Oracle.seal(keyBytes, Oracle.nonce(GENERATION, 17), aad, plain), out);
        final byte[] back = new byte[4096];
        assertTrue(sealer.openData(key, GENERATION, 17, 0x1122334455667788L, out, back));
        assertArrayEquals(plain, back);
        assertFalse(sealer.openData(key, GENERATION, 17, 0x1122334455667789L, out, back), "another LBA");
        assertArrayEquals(new byte[4096], back);
        assertFalse(sealer.openData(key, GENERATION + 1, 17, 0x1122334455667788L, out, back), "another life");
        assertFalse(sealer.openData(key, GENERATION, 18, 0x1122334455667788L, out, back), "another slot");
    }

    @Test
    void shouldSealEveryKindAsTheFormatPageSays() {
        final byte[] plain = Seeds.source(10).bytes(4080);
        final byte[] out = new byte[4096];
        final byte[] back = new byte[4080];
        for (int kind = 1; kind <= 11; kind++) {
            if (kind == ObjectKind.DATA) {
                continue;
            }
            final int slot = kind;
            sealer.sealBlock(key, kind, 0x7766554433221100L, 0x55443322, GENERATION, slot, plain, out);
            final ByteBuffer aad = ByteBuffer.allocate(kind == 1 ? 1 : 13).order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) kind);
            if (kind != 1) {
                aad.putLong(0x7766554433221100L).putInt(0x55443322);
            }
            assertArrayEquals(Oracle.seal(keyBytes, Oracle.nonce(GENERATION, slot), aad.array(), plain), out);
            assertTrue(sealer.openBlock(key, kind, 0x7766554433221100L, 0x55443322, GENERATION, slot, out, back));
            assertArrayEquals(plain, back);
            final boolean free = kind == ObjectKind.SUMMARY;
            assertEquals(free, sealer.openBlock(key, kind, 1, 0x55443322, GENERATION, slot, out, back));
            assertEquals(free, sealer.openBlock(key, kind, 0x7766554433221100L, 1, GENERATION, slot, out, back));
            assertFalse(sealer.openBlock(key, kind == 11 ? 10 : kind + (kind == 1 ? 2 : 1), 0x7766554433221100L,
                0x55443322, GENERATION, slot, out, back), "another kind");
        }
    }

    @Test
    void shouldRefuseKindsWithoutATagOfTheirOwn() {
        for (final int kind : new int[] {0, ObjectKind.DATA, 12, -1}) {
            assertThrows(IllegalArgumentException.class,
                () -> sealer.sealBlock(key, kind, 0, 0, 1, 1, new byte[4080], new byte[4096]));
        }
        assertEquals("data block", ObjectKind.describe(ObjectKind.DATA));
        assertEquals("manifest page", ObjectKind.describe(ObjectKind.MANIFEST_PAGE));
        assertEquals("unknown kind 12", ObjectKind.describe(12));
    }
}

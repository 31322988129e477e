package io.ringvault.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.crypto.VolumeKey;
import org.junit.jupiter.api.Test;

class SessionKeysTest {
    private final VolumeKey volumeKey = new VolumeKey(1, new byte[32]);
    private final BlockSealer sealer = new BlockSealer(new SunJceProvider().create());

    @Test
    void shouldDeriveEachSessionsKeyOnceAndForget() {
        SessionTable table = SessionTable.EMPTY;
        for (int i = 0; i < 100; i++) {
            table = table.with(i, 1, new byte[32]);
        }
        final SessionKeys keys = new SessionKeys(volumeKey, new byte[16], sealer.aead(), table);
        final AeadKey[] derived = new AeadKey[100];
        for (int i = 0; i < 100; i++) {
            derived[i] = keys.key(i);
        }
        for (int i = 1; i < 100; i++) {
            assertSame(derived[i], keys.key(i));
            assertNotSame(derived[i - 1], derived[i]);
        }
        assertNull(keys.key(100));
        final byte[] sealed = new byte[4096];
        final byte[] plain = new byte[4080];
        sealer.sealBlock(derived[7], ObjectKind.SUMMARY, 0, 0, 1, 1, new byte[4080], sealed);
        assertTrue(sealer.openBlock(keys.key(7), ObjectKind.SUMMARY, 0, 0, 1, 1, sealed, plain));
        assertFalse(sealer.openBlock(keys.key(8), ObjectKind.SUMMARY, 0, 0, 1, 1, sealed, plain));
        keys.destroy();
        assertNull(keys.key(7));
        assertThrows(IllegalStateException.class,
            () -> sealer.openBlock(derived[7], ObjectKind.SUMMARY, 0, 0, 1, 1, sealed, plain));
    }

    @Test
    void shouldSayWhichVolumeKeyIsMissing() {
        final SessionTable table = SessionTable.EMPTY.with(4, 2, new byte[32]);
        final SessionKeys keys = new SessionKeys(volumeKey, new byte[16], sealer.aead(), table);
        final StorageException thrown = assertThrows(StorageException.class, () -> keys.key(4));
        assertEquals(StorageException.Category.INTEGRITY, thrown.category());
    }
}

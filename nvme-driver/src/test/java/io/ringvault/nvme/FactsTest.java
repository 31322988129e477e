package io.ringvault.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

/** What a controller may say, and what is refused. */
class FactsTest {
    private static final long GOOD_CAP = 1L << 37 | 0x3FF;
    private static final String NO_NAME = "0".repeat(48);
    private final MemorySegment data = Arena.ofAuto().allocate(4096, 8);
    private final ByteBuffer bytes = data.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);

    private static NamespaceFacts plain(final long blocks, final int blockShift) {
        return new NamespaceFacts(1, blocks, blockShift, 0, false, 0, false, NO_NAME);
    }

    @Test
    void shouldRefuseCapabilitiesWhenTheDriverCannotWorkWithThem() {
        assertEquals(GOOD_CAP, ControllerFacts.checkCapabilities("u", GOOD_CAP));
        refused(-1L, "all ones");
        refused(0x3FF, "NVM command set");
        refused(GOOD_CAP | 1L << 48, "smallest memory page");
        refused(1L << 37, "queue entry");
    }

    private static void refused(final long cap, final String part) {
        final StorageException thrown =
            assertThrows(StorageException.class, () -> ControllerFacts.checkCapabilities("u", cap));
        assertEquals(StorageException.Category.IO, thrown.category());
        assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
    }

    @Test
    void shouldLimitCommandsToOneListPageWhenTheTransferLimitIsAbsurd() {
        assertEquals(8192, ControllerFacts.commandBytes(1, 12));
        assertEquals(1 << 20, ControllerFacts.commandBytes(8, 12));
        for (final int exponent : new int[] {0, 9, 10, 18, 19, 31, 32, 64, 255}) {
            assertEquals(PrpList.MAXIMUM_BYTES, ControllerFacts.commandBytes(exponent, 12), "exponent " + exponent);
        }
    }

    @Test
    void shouldRefuseAControllerWhenItsEntrySizesAreOdd() {
        bytes.put(512, (byte) 0x77).put(513, (byte) 0x44);
        assertThrows(StorageException.class, () -> ControllerFacts.of("u", GOOD_CAP, 0x10400, data));
        bytes.put(512, (byte) 0x66);
        assertEquals("1.4.0", ControllerFacts.of("u", GOOD_CAP, 0x10400, data).version());
    }

    @Test
    void shouldAcceptBothBlockSizesWhenTheNamespaceIsPlain() {
        bytes.putLong(0, 1000).put(130, (byte) 9);
        assertEquals(plain(1000, 9), NamespaceFacts.of("u", 1, data));
        bytes.put(130, (byte) 12);
        assertEquals(plain(1000, 12), NamespaceFacts.of("u", 1, data));
    }

    @Test
    void shouldRefuseANamespaceWhenItsDescriptionIsUnusable() {
        bytes.putLong(0, 1000).put(130, (byte) 12);
        for (final int shift : new int[] {0, 8, 10, 13, 63, 255}) {
            bytes.put(130, (byte) shift);
            assertThrows(StorageException.class, () -> NamespaceFacts.of("u", 1, data), "shift " + shift);
        }
        bytes.put(130, (byte) 12);
        for (final long blocks : new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 51}) {
            bytes.putLong(0, blocks);
            assertThrows(StorageException.class, () -> NamespaceFacts.of("u", 1, data), "blocks " + blocks);
        }
        bytes.putLong(0, 1000).putShort(128, (short) 4097);
        assertThrows(StorageException.class, () -> NamespaceFacts.of("u", 1, data), "metadata as large as no block");
        bytes.putShort(128, (short) 7).put(29, (byte) 1);
        assertThrows(StorageException.class, () -> NamespaceFacts.of("u", 1, data), "protection without room");
        bytes.putShort(128, (short) 8).put(29, (byte) 4);
        assertThrows(StorageException.class, () -> NamespaceFacts.of("u", 1, data), "protection of no type");
        bytes.put(29, (byte) 0).put(26, (byte) 1);
        assertThrows(StorageException.class, () -> NamespaceFacts.of("u", 1, data), "a format that is not listed");
    }

    @Test
    void shouldDescribeTheMetadataWhenTheFormatHasSome() {
        bytes.putLong(0, 1000).put(130, (byte) 12).putShort(128, (short) 8).put(26, (byte) 0x10).put(29, (byte) 1)
            .put(99, (byte) 1);
        final NamespaceFacts facts = NamespaceFacts.of("u", 1, data);
        assertEquals(new NamespaceFacts(1, 1000, 12, 8, true, 1, true, NO_NAME), facts);
        assertTrue(facts.stripped());
        assertEquals(0, facts.movedMetadataBytes());
        bytes.putShort(128, (short) 64);
        assertEquals(64, NamespaceFacts.of("u", 1, data).movedMetadataBytes());
    }

    @Test
    void shouldOfferTheCapacityOnlyWhenTheNamespaceIsThin() {
        bytes.putLong(0, 1000).putLong(8, 300).put(130, (byte) 12);
        assertEquals(1000, NamespaceFacts.of("u", 1, data).blocks());
        bytes.put(24, (byte) 1);
        assertEquals(300, NamespaceFacts.of("u", 1, data).blocks());
        bytes.putLong(8, -1);
        assertThrows(StorageException.class, () -> NamespaceFacts.of("u", 1, data));
    }

    @Test
    void shouldRefuseACommandLimitBelowOneBlockWithItsMetadata() {
        final NamespaceFacts large = formatted(12, 4096, true, 0);
        assertEquals(4096, Transfers.partBytes("u", large, 8192));
        assertThrows(StorageException.class, () -> Transfers.partBytes("u", large, 4096));
        assertEquals(4096, Transfers.partBytes("u", formatted(9, 512, false, 0), 1 << 20));
        assertEquals(84 << 10, Transfers.partBytes("u", formatted(9, 24, false, 0), 1 << 20));
        assertEquals(15 * 512 & -4096, Transfers.partBytes("u", formatted(9, 8, true, 0), 8192));
        assertEquals(1 << 20, Transfers.partBytes("u", formatted(12, 8, true, 1), 1 << 20));
    }

    private static NamespaceFacts formatted(final int blockShift, final int metadataBytes, final boolean extended,
        final int protectionType) {
        return new NamespaceFacts(1, 1, blockShift, metadataBytes, extended, protectionType, false, NO_NAME);
    }

    @Test
    void shouldNameEachThingThatChangedAndAcceptAGrownNamespace() {
        bytes.putLong(0, 1000).put(130, (byte) 12).put(104, (byte) 0xAB).put(127, (byte) 0xCD);
        final NamespaceFacts before = NamespaceFacts.of("u", 1, data);
        assertEquals("ab" + "0".repeat(44) + "cd", before.uniqueId());
        assertNull(before.unlike(before));
        bytes.putLong(0, 1001);
        assertNull(before.unlike(NamespaceFacts.of("u", 1, data)));
        bytes.putLong(0, 999).put(130, (byte) 9).putShort(128, (short) 8).put(26, (byte) 0x10).put(29, (byte) 2)
            .put(99, (byte) 1).put(120, (byte) 1);
        assertEquals("namespace 1 changed (blocks: 1000, now 999; block size: 4096, now 512; metadata bytes: 0, now 8; "
            + "extended metadata: false, now true; protection type: 0, now 2; write protected: false, now true; "
            + "NGUID and EUI64: ab" + "0".repeat(44) + "cd, now ab" + "0".repeat(30) + "01" + "0".repeat(12) + "cd)",
            before.unlike(NamespaceFacts.of("u", 1, data)));
    }
}

package io.ringvault.nvme.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The three structures that Identify returns, against bytes put down by plain byte-buffer arithmetic. */
class IdentifyTest {
    private final MemorySegment data = Arena.ofAuto().allocate(4096, 8);
    private final ByteBuffer bytes = data.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);

    @Test
    void shouldReadControllerFieldsFromTheirPlacesWhenTheyAreSet() {
        bytes.put(4, "S1234567890123456789".getBytes(StandardCharsets.US_ASCII));
        bytes.put(24, "A model                                 ".getBytes(StandardCharsets.US_ASCII));
        bytes.put(64, "1.2\u0000\u0001ab ".getBytes(StandardCharsets.US_ASCII));
        bytes.put(77, (byte) 5).put(512, (byte) 0x66).put(513, (byte) 0x44).putInt(516, 0xFFFFFFFE).put(525,
            (byte) 0x06);
        assertEquals("S1234567890123456789", IdentifyController.serialNumber(data));
        assertEquals("A model", IdentifyController.modelNumber(data));
        assertEquals("1.2 ?ab", IdentifyController.firmwareRevision(data));
        assertEquals(5, IdentifyController.maximumTransferExponent(data));
        assertEquals(0xFFFFFFFEL, IdentifyController.namespaces(data));
        assertTrue(IdentifyController.standardEntrySizes(data));
        assertFalse(IdentifyController.volatileWriteCache(data));
        bytes.put(525, (byte) 1);
        assertTrue(IdentifyController.volatileWriteCache(data));
    }

    @Test
    void shouldTellOptionalCommandsApartWhenSingleBitsAreSet() {
        for (int bit = 0; bit < 16; bit++) {
            bytes.putShort(520, (short) (1 << bit));
            assertEquals(bit == 2, IdentifyController.datasetManagement(data));
            assertEquals(bit == 3, IdentifyController.writeZeroes(data));
        }
    }

    @Test
    void shouldRefuseEntrySizesWhenTheyExcludeTheStandardOnes() {
        bytes.put(512, (byte) 0x77).put(513, (byte) 0x44);
        assertFalse(IdentifyController.standardEntrySizes(data));
        bytes.put(512, (byte) 0x55);
        assertFalse(IdentifyController.standardEntrySizes(data));
        bytes.put(512, (byte) 0x76).put(513, (byte) 0x54);
        assertTrue(IdentifyController.standardEntrySizes(data));
    }

    @Test
    void shouldReadNamespaceFieldsFromTheirPlacesWhenTheyAreSet() {
        bytes.putLong(0, 0x1122334455667788L).put(25, (byte) 17).put(26, (byte) 0b0101_0010).put(29, (byte) 0xFA);
        final int index = 0b10_0010;
        bytes.putInt(128 + 4 * index, 0x02_0C_0040);
        assertEquals(0x1122334455667788L, IdentifyNamespace.sizeBlocks(data));
        assertEquals(18, IdentifyNamespace.formats(data));
        assertEquals(index, IdentifyNamespace.formatIndex(data));
        assertEquals(12, IdentifyNamespace.blockShift(data, index));
        assertEquals(0x40, IdentifyNamespace.metadataBytes(data, index));
        assertTrue(IdentifyNamespace.extendedMetadata(data));
        assertEquals(2, IdentifyNamespace.protectionType(data));
    }

    @Test
    void shouldIgnoreTheUpperFormatBitsWhenThereAreSixteenFormatsOrFewer() {
        bytes.put(25, (byte) 15).put(26, (byte) 0b0110_0010);
        assertEquals(2, IdentifyNamespace.formatIndex(data));
        bytes.put(25, (byte) 16);
        assertEquals(0x32, IdentifyNamespace.formatIndex(data));
    }

    @Test
    void shouldReadAttributesFromTheirPlacesWhenTheyAreSet() {
        bytes.putLong(8, 77).put(24, (byte) 0xFE).put(99, (byte) 0xFE).putInt(12 + 4 * 18, 0x17F);
        assertEquals(77, IdentifyNamespace.capacityBlocks(data));
        assertFalse(IdentifyNamespace.thinProvisioned(data) || IdentifyNamespace.writeProtected(data));
        bytes.put(24, (byte) 1).put(99, (byte) 1);
        assertTrue(IdentifyNamespace.thinProvisioned(data) && IdentifyNamespace.writeProtected(data));
        assertEquals(2, NamespaceProtection.format(data, 18));
        assertEquals(NamespaceProtection.GUARD_16, NamespaceProtection.format(data, 19));
    }

    @Test
    void shouldReadNamespaceIdentifiersAndWriteRangesWhenPackedLittleEndian() {
        bytes.putInt(0, 1).putInt(4, 5).putInt(4092, 0x80000001);
        assertEquals(1, ActiveNamespaceList.namespace(data, 0));
        assertEquals(5, ActiveNamespaceList.namespace(data, 1));
        assertEquals(0x80000001, ActiveNamespaceList.namespace(data, ActiveNamespaceList.CAPACITY - 1));
        DeallocateRange.encode(data, 16, 0x0102030405060708L, 0xFFFFFFFF);
        assertEquals(0, bytes.getInt(16));
        assertEquals(-1, bytes.getInt(20));
        assertEquals(0x0102030405060708L, bytes.getLong(24));
    }

    @Test
    void shouldNameStatusesAsTheStandardDoesWhenTheyAreKnown() {
        assertEquals("LBA Out of Range (sct 0x0 sc 0x80, do not retry)", StatusText.describe(0x4080));
        assertEquals("Unrecovered Read Error (sct 0x2 sc 0x81)", StatusText.describe(0x0281));
        assertEquals("Invalid Queue Size", StatusText.name(1, 2));
        assertEquals("Internal Path Error", StatusText.name(3, 0));
        assertEquals("Vendor Specific Status", StatusText.name(7, 9));
        for (int type = 0; type < 8; type++) {
            for (int code = 0; code < 256; code++) {
                assertFalse(StatusText.name(type, code).isBlank());
            }
        }
    }
}

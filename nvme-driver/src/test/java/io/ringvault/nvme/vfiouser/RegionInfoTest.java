package io.ringvault.nvme.vfiouser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a server may say about BAR0; payloads of 96 bytes with two mappable areas, written field by field. */
class RegionInfoTest {
    private static final int MAPPABLE = 7;
    private static final int SPARSE = 15;
    private final byte[] bytes = new byte[96];
    private final ByteBuffer payload = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);

    RegionInfoTest() {
        payload.putInt(0, 96).putInt(4, SPARSE).putInt(12, 32).putLong(16, 0x8000).putLong(24, 0x4_0000);
        payload.putShort(32, (short) 1).putShort(34, (short) 1).putInt(40, 2);
        area(0, 0x4000, 0x1000);
        area(1, 0x1000, 0x2000);
    }

    private void area(final int index, final long offset, final long size) {
        payload.putLong(48 + 16 * index, offset).putLong(56 + 16 * index, size);
    }

    private RegionInfo parse() throws IOException {
        return RegionInfo.parse(MemorySegment.ofArray(bytes));
    }

    @Test
    void shouldFindTheAreaThatHoldsTheDoorbells() throws IOException {
        assertEquals(new RegionInfo(0x8000, 0x4_1000, 0x2000), parse());
        area(1, 0, 0x1800);
        assertEquals(new RegionInfo(0x8000, -1, 0), parse(), "less than a page of doorbells");
        area(1, 0, 0x2800);
        assertEquals(new RegionInfo(0x8000, 0x4_1000, 0x1000), parse(), "whole pages only");
    }

    @Test
    void shouldMapNothingWhenNoAreaHoldsTheDoorbellsOrNothingIsMappable() throws IOException {
        area(1, 0x2000, 0x1000);
        assertFalse(parse().mappable());
        payload.putInt(40, 0);
        assertFalse(parse().mappable());
        payload.putInt(4, 3).putLong(24, -1);
        assertEquals(new RegionInfo(0x8000, -1, 0), parse(), "what is not to be mapped is not looked at");
    }

    @Test
    void shouldMapFromTheDoorbellsToTheEndWhenNoAreasAreNamed() throws IOException {
        payload.putInt(4, MAPPABLE);
        assertEquals(new RegionInfo(0x8000, 0x4_1000, 0x7000), parse());
        payload.putInt(4, SPARSE).putInt(12, 0);
        assertEquals(new RegionInfo(0x8000, 0x4_1000, 0x7000), parse(), "an empty list of capabilities");
        payload.putInt(12, 32).putShort(32, (short) 9);
        assertTrue(parse().mappable(), "a capability that is not known");
    }

    @Test
    void shouldFollowTheListOfCapabilitiesToTheOneThatIsKnown() throws IOException {
        System.arraycopy(bytes, 32, bytes, 40, 56);
        payload.putShort(32, (short) 3).putInt(36, 40);
        payload.putInt(48, 1); // one area fits
        payload.putLong(56, 0x1000).putLong(64, 0x1000);
        assertEquals(new RegionInfo(0x8000, 0x4_1000, 0x1000), parse());
    }

    /** Where a field lies, how long it is, and what makes the reply impossible. */
    @ParameterizedTest
    @CsvSource({"0, 4, 31, argsz", "0, 4, 97, argsz", "0, 4, -1, argsz", "4, 4, 14, flags", "8, 4, 1, index",
        "16, 8, 0x100F, size", "16, 8, 0x40000001, size", "16, 8, -1, size", "24, 8, 1, offset", "24, 8, -4096, offset",
        "24, 8, 0x7ffffffffffff000, offset", "12, 4, 31, capability offset", "12, 4, 89, capability offset",
        "12, 4, -1, capability offset", "34, 2, 2, sparse", "40, 4, 4, mappable areas", "40, 4, -1, mappable areas",
        "48, 8, 1, offset of a mappable", "48, 8, -4096, offset of a mappable", "48, 8, 0x9000, offset of a mappable",
        "56, 8, -1, size of a mappable", "56, 8, 0x4001, size of a mappable"})
    void shouldNameTheFieldThatIsImpossible(final int offset, final int length, final String value,
        final String field) {
        final long bits = Long.decode(value);
        for (int i = 0; i < length; i++) {
            payload.put(offset + i, (byte) (bits >>> 8 * i));
        }
        final IOException thrown = assertThrows(IOException.class, this::parse);
        assertTrue(thrown.getMessage().contains("impossible " + field), thrown.getMessage());
    }

    @Test
    void shouldEndWhenCapabilitiesFormALoop() {
        payload.putShort(32, (short) 9).putInt(36, 32);
        assertTrue(assertThrows(IOException.class, this::parse).getMessage().contains("a loop?"));
    }
}

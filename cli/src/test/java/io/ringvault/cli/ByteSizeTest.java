package io.ringvault.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {

    @Test
    void shouldUnderstandUnitsWhenWrittenAsPeopleWriteThem() {
        assertEquals(4096, ByteSize.parse("4096"));
        assertEquals(4096, ByteSize.parse("4k"));
        assertEquals(256L << 20, ByteSize.parse("256M"));
        assertEquals(10L << 30, ByteSize.parse("10GiB"));
        assertEquals(10L << 30, ByteSize.parse("10gb"));
        assertEquals(2L << 40, ByteSize.parse("2T"));
        assertEquals(3L << 29, ByteSize.parse("1.5G"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "G", "-1", "1X", "1 G G", "0x10", "9999999999T", "0", "0.0000001K"})
    void shouldSayWhatIsWrongWhenItIsNoSize(final String text) {
        assertTrue(assertThrows(StorageException.class, () -> ByteSize.parse(text)).getMessage().contains("'" + text
            + "'"));
    }

    @Test
    void shouldBeShortWhenPrinted() {
        assertEquals("512 B", ByteSize.text(512));
        assertEquals("1 GiB", ByteSize.text(1L << 30));
        assertEquals("1.5 GiB", ByteSize.text(3L << 29));
        assertEquals("255 MiB", ByteSize.text(255L << 20));
    }
}

package io.ringvault.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class SizesTest {

    @Test
    void shouldParseWhatPeopleWrite() {
        assertEquals(4096, Sizes.parse("4096"));
        assertEquals(64L << 20, Sizes.parse("64M"));
        assertEquals(64L << 20, Sizes.parse(" 64 mib "));
        assertEquals(1536L << 20, Sizes.parse("1.5g"));
        assertEquals(3L << 40, Sizes.parse("3TB"));
        assertEquals(1024, Sizes.parse("1kB"));
        assertEquals(7, Sizes.parse("7b"));
        assertEquals(0, Sizes.parse("0"));
    }

    @Test
    void shouldRefuseWhatIsNoSize() {
        for (final String wrong : new String[] {"", "M", "-1", "1X", "1.5", "1.0001K", "9999999P", "1..5K", "64MM",
            "1 2", "KM", "12KI"}) {
            final StorageException thrown = assertThrows(StorageException.class, () -> Sizes.parse(wrong), wrong);
            assertEquals(StorageException.Category.CONFIGURATION, thrown.category());
        }
    }

    @Test
    void shouldFormatSoThatItParsesBack() {
        for (final long bytes : new long[] {0, 1, 1023, 1024, 4097, 64L << 20, 3L << 40, (1L << 50) + 1024, 5L << 50}) {
            assertEquals(bytes, Sizes.parse(Sizes.format(bytes)));
        }
        assertEquals("64M", Sizes.format(64L << 20));
        assertEquals("4097", Sizes.format(4097));
        assertEquals("1.5 GiB", Sizes.formatRounded(1536L << 20));
        assertEquals("12 B", Sizes.formatRounded(12));
    }
}

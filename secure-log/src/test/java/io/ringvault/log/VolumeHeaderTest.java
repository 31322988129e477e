package io.ringvault.log;

import static io.ringvault.block.StorageException.Category.CONFIGURATION;
import static io.ringvault.block.StorageException.Category.INTEGRITY;
import static io.ringvault.block.StorageException.Category.IO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.VolumeKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class VolumeHeaderTest {
    private final VolumeKey key = Fixtures.key();
    private final Header header = Fixtures.header(key);
    private final MemoryBlocks blocks = new MemoryBlocks(200);
    private final List<String> warnings = new ArrayList<>();

    VolumeHeaderTest() {
        VolumeHeader.store(blocks, header);
    }

    @Test
    void shouldLoadWithoutWarningOrWriteWhenBothCopiesAreGood() {
        final long writes = blocks.writes();
        assertEquals(header, VolumeHeader.load(blocks, warnings));
        assertEquals(List.of(), warnings);
        assertEquals(writes, blocks.writes());
    }

    @Test
    void shouldUseTheOtherCopyAndWarnWhenOneIsDamagedOrUnreadable() {
        for (int which = 0; which < 2; which++) {
            for (final boolean unreadable : new boolean[] {false, true}) {
                final MemoryBlocks image = blocks.copy();
                final long bad = header.geometry().headerBlock(which);
                if (unreadable) {
                    image.unreadable(bad);
                } else {
                    image.flip(bad, 80, 3);
                }
                warnings.clear();
                assertEquals(header, VolumeHeader.load(image, warnings));
                assertEquals(1, warnings.size());
                assertTrue(warnings.getFirst().contains("copy " + (which == 0 ? "A" : "B") + " is damaged"),
                    warnings.getFirst());
            }
        }
    }

    @Test
    void shouldRefuseWhenBothCopiesAreDamaged() {
        blocks.flip(0, 80, 3);
        blocks.flip(199, 4095, 0);
        Failures.expect(INTEGRITY, () -> VolumeHeader.load(blocks, warnings), "damaged header", "block 0", "block 199",
            "checksum");
    }

    @Test
    void shouldSayThatThereIsNoVolumeOnOtherContent() {
        Failures.expect(INTEGRITY, () -> VolumeHeader.load(new MemoryBlocks(200), warnings), "no volume here");
        Failures.expect(INTEGRITY, () -> VolumeHeader.load(new MemoryBlocks(1), warnings), "no volume here");
        Failures.expect(INTEGRITY, () -> VolumeHeader.load(new MemoryBlocks(0), warnings), "empty or truncated");
    }

    @Test
    void shouldReportIoWhenNothingCanBeRead() {
        blocks.unreadable(0);
        blocks.unreadable(199);
        Failures.expect(IO, () -> VolumeHeader.load(blocks, warnings), "unreadable block 0", "unreadable block 199");
    }

    @Test
    void shouldSayTruncatedAtEveryLength() {
        for (int length = 0; length < 200; length++) {
            final MemoryBlocks image = blocks.truncated(length);
            Failures.expect(INTEGRITY, () -> VolumeHeader.load(image, warnings), "truncated");
        }
    }

    @Test
    void shouldOpenOnADeviceThatHasGrown() {
        final MemoryBlocks grown = blocks.truncated(300);
        assertEquals(header, VolumeHeader.load(grown, warnings));
        assertEquals(List.of(), warnings);
    }

    @Test
    void shouldNotTakeACopyThatLiesElsewhere() {
        final MemoryBlocks grown = blocks.truncated(300);
        System.arraycopy(blocks.block(0), 0, grown.image(), 299 * 4096, 4096);
        grown.flip(0, 80, 3);
        Failures.expect(INTEGRITY, () -> VolumeHeader.load(grown, warnings), "does not end here");
    }

    @Test
    void shouldTakeTheNewerCopyAfterAnInterruptedChange() {
        final Header newer = Fixtures.header(key, 2, header.keySlots().getFirst());
        for (final long block : new long[] {0, 199}) {
            final MemoryBlocks image = blocks.copy();
            image.write(block, 1, HeaderCodec.encode(newer), 0, true);
            warnings.clear();
            assertEquals(newer, VolumeHeader.load(image, warnings));
            assertTrue(warnings.getFirst().contains("interrupted key change"), warnings.getFirst());
        }
    }

    @Test
    void shouldLeaveOneGoodCopyWhenAStoreIsInterruptedAnywhere() {
        final Header newer = Fixtures.header(key, 2, header.keySlots().getFirst());
        for (int done = 0; done < 2; done++) {
            final MemoryBlocks image = blocks.copy();
            image.failWriteAfter(done);
            assertThrows(StorageException.class, () -> VolumeHeader.store(image, newer));
            assertEquals(done == 0 ? header : newer, VolumeHeader.load(image, new ArrayList<>()));
        }
    }

    @Test
    void shouldRefuseTwoCopiesThatContradictEachOther() {
        blocks.write(199, 1, HeaderCodec.encode(Fixtures.header(key, 1)), 0, true);
        Failures.expect(INTEGRITY, () -> VolumeHeader.load(blocks, warnings), "serial 1", "altered");
    }

    @Test
    void shouldReportANewerFormatAsSuch() throws Exception {
        final byte[] block = HeaderCodec.encode(header);
        Le.putInt(block, 8, 2);
        System.arraycopy(java.security.MessageDigest.getInstance("SHA-256").digest(Arrays.copyOf(block, 4064)), 0,
            block,
            4064, 32);
        blocks.write(0, 1, block, 0, true);
        blocks.write(199, 1, block, 0, true);
        Failures.expect(CONFIGURATION, () -> VolumeHeader.load(blocks, warnings), "format 2", "newer release");
    }
}

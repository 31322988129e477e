package io.ringvault.tests.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.SimulatedDevice.Kind;
import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.disk.RescueReport;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimRig.Keep;
import io.ringvault.torture.HistoryChecker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both superblock slots are gone: the key and the prefaces of the segments bring the data back. */
class RescueStoriesTest extends Story {
    @TempDir
    private Path folder;

    /** Closed in good order after much cleaning and several sessions, then both slots are destroyed: all comes back. */
    @Test
    void u10EverythingComesBackWhenBothSlotsAreLostAfterACleanClose() throws IOException {
        start();
        for (int session = 0; session < 6; session++) {
            write(0, blocks());
            for (int i = 0; i < 300; i++) {
                writeRandomBlock();
                if (i % 40 == 0) {
                    recorder.sync();
                }
            }
            reopen();
        }
        assertEquals(0, damaged(disk()).cardinality());
        recorder.close();
        final SimulatedDevice medium = withoutSlots();
        final Path image = folder.resolve("image");
        final RescueReport report = kind.rescue(medium, image, false);
        assertEquals(0, report.lost());
        assertEquals(blocks(), report.exported());
        HistoryChecker.checkNewest(recorder.history(), Files.readAllBytes(image), Script.GRANULE_BYTES);
        assertEquals(0, medium.operations(Kind.WRITE));
        assertEquals(kind.userBytes(), Files.size(image));
    }

    /** The slots are lost in a crash: what comes back is one committed state, with nothing of the open epoch. */
    @Test
    void u10ACommittedStateComesBackAfterACrash() throws IOException {
        start();
        write(0, blocks());
        recorder.sync();
        for (int i = 0; i < 30; i++) {
            write(random.nextInt(blocks() - 5), 1 + random.nextInt(5));
            if (i % 3 == 0) {
                recorder.sync();
            }
            final SimulatedDevice medium = rig.crash(Keep.values()[i % 6], i).device();
            destroySlots(medium);
            final Path image = folder.resolve("image" + i);
            kind.rescue(medium, image, false);
            HistoryChecker.check(recorder.history(), Files.readAllBytes(image), Script.GRANULE_BYTES,
                recorder.history().admissible());
        }
    }

    /** A damaged block is reported and zeros in the image; nothing older takes its place. */
    @Test
    void u10ADamagedBlockIsLostAndNotReplacedByAnOlderOne() throws IOException {
        start();
        for (int i = 0; i < 3; i++) {
            write(0, 30);
            recorder.sync();
        }
        recorder.close();
        final SimulatedDevice medium = withoutSlots();
        for (int segment = 0; segment < geometry().segmentCount(); segment++) {
            for (int slot = 3; slot < geometry().segmentBlocks(); slot += 5) {
                medium.flipBit(geometry().blockOf(segment, slot) * BLOCK + 5, 1);
            }
        }
        final Path image = folder.resolve("image");
        final RescueReport report = kind.rescue(medium, image, false);
        assertTrue(report.lost() > 0 && report.exported() > 0, report.toString());
    }

    /** A volume that opens is not rescued unless forced, and an image that exists is not overwritten. */
    @Test
    void u10AHealthyVolumeIsNotRescuedUnlessForced() throws IOException {
        kind.format(newRig().open(), null);
        final SimulatedDevice medium = medium();
        final Path image = folder.resolve("image");
        assertEquals(Category.CONFIGURATION, assertThrows(StorageException.class,
            () -> kind.rescue(medium, image, false)).category());
        assertFalse(Files.exists(image));
        assertEquals(0, kind.rescue(medium, image, true).exported());
        assertThrows(StorageException.class, () -> kind.rescue(medium, image, true));
    }

    private io.ringvault.tests.harness.SimRig newRig() {
        rig = io.ringvault.tests.harness.SimRig.create(kind.deviceBytes(), seed);
        return rig;
    }

    private SimulatedDevice withoutSlots() {
        final SimulatedDevice medium = medium();
        destroySlots(medium);
        return medium;
    }

    private void destroySlots(final SimulatedDevice medium) {
        for (int which = 0; which < 2; which++) {
            medium.edit(geometry().slotBlock(which) * BLOCK, new byte[BLOCK]);
        }
    }
}

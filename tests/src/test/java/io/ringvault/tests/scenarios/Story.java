package io.ringvault.tests.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.SimulatedDevice.Kind;
import io.ringvault.block.SimulatedDevice.Operation;
import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.log.Geometry;
import io.ringvault.tests.crash.CrashExplorer;
import io.ringvault.tests.crash.CrashSettings;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.SimRig.Keep;
import io.ringvault.torture.HistoryChecker;
import io.ringvault.torture.Stamp;
import io.ringvault.tests.nonce.DeviceOracle;
import io.ringvault.tests.traps.TrapBase;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** What the stories share: the device's writes in order, attacked copies, crashes at the operations of a script. */
abstract class Story extends TrapBase {
    /** Writes of the session under way, in the order of their completion. */
    final List<Operation> writes = new ArrayList<>();

    /** From the next opening on, keeps the writes of each session. */
    void watchWrites() {
        watch = each -> {
            writes.clear();
            each.whenWritten((device, operation) -> writes.add(operation));
        };
    }

    Geometry geometry() {
        return kind.geometry();
    }

    /** The device block of a segment's slot 0, for a device offset in segments; -1 for one outside. */
    int segmentOf(final long offsetBytes) {
        final long inSegments = offsetBytes / BLOCK - Geometry.FIRST_SEGMENT_BLOCK;
        return inSegments >= 0 && inSegments < (long) geometry().segmentBlocks() * geometry().segmentCount()
            ? (int) (inSegments / geometry().segmentBlocks()) : -1;
    }

    int slotOf(final long offsetBytes) {
        return (int) ((offsetBytes / BLOCK - Geometry.FIRST_SEGMENT_BLOCK) % geometry().segmentBlocks());
    }

    /** The device block of the summary that a write of a chunk begins with; the preface comes before the first one. */
    long summaryBlock(final Operation chunk) {
        return chunk.offsetBytes() / BLOCK + (slotOf(chunk.offsetBytes()) == 0 ? 1 : 0);
    }

    /** An independent copy of the medium as it is, everything landed. */
    SimulatedDevice medium() {
        return rig.device().crash(CrashPolicy.ALL, 1);
    }

    /** A copy of the medium with one bit flipped in a block. */
    SimulatedDevice flipped(final long block) {
        final SimulatedDevice medium = medium();
        medium.flipBit(block * BLOCK + random.nextInt(BLOCK), random.nextInt(8));
        return medium;
    }

    /** The open must be refused, with nothing written; returns the message. */
    String refused(final SimulatedDevice device, final SimAnchor with, final Category category) {
        final StorageException refusal = assertThrows(StorageException.class,
            () -> kind.open(device, with, Recorder.opening()).abandon());
        assertEquals(category, refusal.category(), refusal.getMessage());
        assertEquals(0, device.operations(Kind.WRITE), "written by an open that failed");
        return refusal.getMessage();
    }

    /** The device must open and hold the newest value of everything. */
    void intact(final SimulatedDevice device, final SimAnchor with) {
        final EngineDisk disk = kind.open(device, with, Recorder.opening());
        HistoryChecker.checkNewest(recorder.history(), Recorder.readAll(disk), Script.GRANULE_BYTES);
        disk.abandon();
    }

    /** The LBAs that are reported as damaged; every other block must hold its newest value. */
    BitSet damaged(final EngineDisk disk) {
        final BitSet damaged = new BitSet();
        final byte[] block = new byte[BLOCK];
        for (int lba = 0; lba < blocks(); lba++) {
            try {
                disk.read((long) lba * BLOCK, block, 0, BLOCK);
            } catch (final StorageException reported) {
                assertEquals(Category.INTEGRITY, reported.category(), reported.getMessage());
                damaged.set(lba);
                continue;
            }
            for (int i = 0; i < GRANULES; i++) {
                final int granule = lba * GRANULES + i;
                assertEquals(recorder.history().newest(granule), Stamp.read(block, i * Script.GRANULE_BYTES,
                    Script.GRANULE_BYTES, granule, recorder.history().run()), "granule " + granule);
            }
        }
        return damaged;
    }

    /** The script, crashed at about {@code images} of its device operations, in its recoveries too. */
    void everyCrash(final String text, final boolean anchored, final int images, final Keep... keeps) {
        final CrashSettings settings = new CrashSettings();
        settings.anchored = anchored;
        settings.policies = List.of(keeps);
        settings.oracle = new DeviceOracle(kind.seals(), kind.geometry());
        final CrashExplorer explorer = new CrashExplorer(kind, settings);
        final Script script = Script.parse(text);
        settings.stride = (int) Math.max(1, explorer.crashPointsOf(script, seed) * keeps.length / images);
        explorer.explore(script, seed);
        assertTrue(explorer.examined() >= images / 8, explorer.report());
    }

    /** {@code step} so many times, as a script. */
    static String repeat(final String step, final int times) {
        return (step + "; ").repeat(times);
    }

    /** A device after power failure in which nothing that was not flushed survived. */
    SimRig powerCut() {
        return rig.crash(Keep.NONE, random.nextLong());
    }
}

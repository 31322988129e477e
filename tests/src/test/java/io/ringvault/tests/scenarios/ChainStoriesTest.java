package io.ringvault.tests.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceFault;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.SimulatedDevice.Kind;
import io.ringvault.block.SimulatedDevice.Operation;
import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.SimRig.Keep;
import io.ringvault.tests.nonce.DeviceOracle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Keys, places and the chain of one session: what a crash leaves of them and what the next session makes of that. */
class ChainStoriesTest extends Story {

    /** One commit, three futures: each seals another chunk after it, and no two of them under one key and nonce. */
    @Test
    void s01FallingBackToACommitAndSealingTheSameSequenceAgain() {
        start();
        write(0, 4);
        recorder.sync();
        write(4, 3);
        disk().idle(20);
        for (final Keep keep : Keep.values()) {
            final SimRig future = rig.crash(keep, random.nextLong());
            final EngineDisk disk = kind.open(future.open(), anchor.copy(), Recorder.opening());
            final byte[] other = new byte[5 * BLOCK];
            Arrays.fill(other, (byte) (keep.ordinal() + 1));
            disk.write(0, other, 0, other.length);
            disk.sync();
            disk.abandon();
        }
        kind.seals().check();
    }

    /** A superblock slot is put back again and again; its next writer still draws a key that was never used. */
    @Test
    void s01ASlotThatIsPutBackDoesNotBringItsKeyBack() {
        final Set<String> drawn = new HashSet<>();
        watch = each -> each.whenWritten((device, operation) -> {
            for (int which = 0; which < 2; which++) {
                if (operation.offsetBytes() == geometry().slotBlock(which) * BLOCK) {
                    final byte[] clear = device.content(operation.offsetBytes(), 32);
                    assertTrue(drawn.add(Arrays.toString(clear)), "a slot's random bytes were used twice");
                }
            }
        });
        start();
        final byte[][] first = {slot(0), slot(1)};
        for (int i = 0; i < 10; i++) {
            write(i, 1);
            recorder.sync();
            if (i % 2 == 0) {
                rig.device().edit(geometry().slotBlock(i / 2 % 2) * BLOCK, first[i / 2 % 2]);
            }
            final SimRig after = rig.crash(Keep.ALL, i);
            final EngineDisk disk = kind.open(opened(after), anchor.copy(), Recorder.opening());
            disk.abandon();
            crash(Keep.ALL);
        }
        assertTrue(drawn.size() > 20, drawn.size() + " slots written");
    }

    /** A segment that a crash left half full is closed: the next session begins segments of its own. */
    @Test
    void s02AHalfFilledSegmentIsNotGoneOnWithByTheNextSession() {
        watchWrites();
        start();
        for (int round = 0; round < 12; round++) {
            write(random.nextInt(blocks() - 6), 1 + random.nextInt(6));
            recorder.sync();
            write(round, 1);
            crash(Keep.values()[round % Keep.values().length]);
            write(3 * round, 2);
            recorder.sync();
            final BitSet begun = new BitSet();
            final BitSet written = new BitSet();
            for (final Operation each : writes) {
                final int segment = segmentOf(each.offsetBytes());
                if (segment >= 0) {
                    written.set(segment);
                    begun.set(segment, begun.get(segment) || slotOf(each.offsetBytes()) == 0);
                }
            }
            assertFalse(written.isEmpty());
            assertEquals(begun, written, "a segment was written to that this session had not begun");
        }
    }

    /** A write fails, in three ways, while newer data for its block arrives: the retry repeats bytes, not seals. */
    @Test
    void s03AFailedWriteIsRepeatedAsItWas() {
        final DeviceOracle oracle = new DeviceOracle(kind.seals(), kind.geometry());
        watch = oracle::watch;
        start();
        final int retryable = BlockStatus.error(BlockStatus.ORIGIN_NVME, 0, 0x82, true);
        for (int i = 0; i < 60; i++) {
            final DeviceFault fault = DeviceFault.fail(Kind.WRITE, 1 + random.nextInt(2), retryable);
            rig.device().inject(i % 3 == 0 ? fault : i % 3 == 1 ? fault.landed() : fault.torn());
            write(7, 1);
            disk().idle(random.nextInt(3));
            write(7, 1);
            if (i % 4 == 0) {
                recorder.sync();
            }
        }
        recorder.checkNewest();
        rig.device().clearFaults();
        oracle.check();
        crash(Keep.SUBSET);
    }

    /** One block is overwritten while the chunk that holds it is still being filled: each version has its own slot. */
    @Test
    void s03OverwritingInsideTheOpenChunkTakesANewSlot() {
        start();
        for (int i = 0; i < 200; i++) {
            recorder.write(5 * GRANULES + random.nextInt(8), 1);
            recorder.write(5 * GRANULES, 8);
        }
        recorder.checkNewest();
        kind.seals().check();
        recorder.sync();
        crash(Keep.NONE);
        recorder.checkNewest();
    }

    /** The dead session's tail and the new session's chunks both follow one commit; only the new ones are followed. */
    @Test
    void s05ForkInTheChainAfterRecovery() {
        start();
        write(0, 8);
        recorder.sync();
        write(0, 3);
        write(10, 3);
        disk().idle(30);
        final SimulatedDevice old = medium();
        crash(Keep.ALL);
        write(1, 2);
        recorder.sync();
        for (int which = 0; which < 2; which++) {
            final SimulatedDevice twoFaced = medium();
            final long at = geometry().slotBlock(which) * BLOCK;
            twoFaced.edit(at, old.content(at, BLOCK));
            intact(twoFaced, anchor.copy());
        }
        crash(Keep.NONE);
        recorder.checkNewest();
        final SimulatedDevice both = medium();
        for (int which = 0; which < 2; which++) {
            final long at = geometry().slotBlock(which) * BLOCK;
            both.edit(at, old.content(at, BLOCK));
        }
        refused(both, anchor.copy(), Category.FRESHNESS);
    }

    /** Flushes and merges under way at a power cut that spares nothing but what was forced out. */
    @Test
    void s07AnEditIsNotThereBeforeTheTableThatItNames() {
        everyCrash("w 0 320; s; w 320 320; s; w 40 320; s; i 200; w 300 320; s; i 200", true, 150, Keep.NONE,
            Keep.SUBSET);
    }

    /** Much more than a checkpoint's worth is written without a sync: no crash shows part of the open epoch. */
    @Test
    void s08ACheckpointInsideAnOpenEpochPublishesNothingOfIt() {
        everyCrash("w 0 64; s; " + repeat("w 0 160; i 20; w 400 160; i 20", 3), true, 150, Keep.NONE, Keep.PREFIX);
    }

    /** One hot block, hundreds of dead copies: its chunks are the journal and stay while recovery may need them. */
    @Test
    void s10ChunksWithoutLiveBlocksAreStillTheJournal() {
        everyCrash("w 8 8; s; " + repeat("w 0 8; i 2", 40) + "s; " + repeat("w 0 8; s", 20), false, 150, Keep.NONE,
            Keep.ALL);
    }

    /** The process dies, its commit is only in the device's cache, is recovered and anchored; then the power fails. */
    @Test
    void s13WhatRecoveryReadMayStillBeVolatile() {
        start();
        write(0, 8);
        recorder.sync();
        for (int i = 0; i < 12; i++) {
            write(i, 2);
            disk().idle(i);
            crash(Keep.PROCESS_DEATH);
            final byte[] served = Recorder.readAll(disk());
            final SimRig dark = powerCut();
            final EngineDisk again = kind.open(dark.open(), anchor.copy(), Recorder.opening());
            assertTrue(Arrays.equals(served, Recorder.readAll(again)), "what was served is gone, round " + i);
            again.abandon();
            write(20 + i, 1);
            recorder.sync();
        }
        everyCrash("w 0 8; s; w 8 16; s; w 0 24; s", true, 60, Keep.PROCESS_DEATH);
    }

    /** Writes that the killed process had in flight land when the next session has already written. */
    @Test
    void s14GhostWritesOfTheDeadSession() {
        final SimulatedDevice.Snapshot[] before = new SimulatedDevice.Snapshot[1];
        watch = each -> before[0] = each.device().imageSnapshot();
        start(SimulatedDevice.Settings.of(kind.deviceBytes()).withMaxDelayPolls(12));
        write(0, 30);
        recorder.sync();
        int ghosts = 0;
        for (int i = 0; i < 40; i++) {
            write(random.nextInt(blocks() - 6), 1 + random.nextInt(5));
            if (i % 3 == 0) {
                recorder.sync();
            }
            write(random.nextInt(blocks() - 6), 1 + random.nextInt(5));
            disk().idle(random.nextInt(8));
            final SimulatedDevice landed = rig.device().processDeath(true);
            crash(Keep.PROCESS_DEATH);
            write(random.nextInt(blocks()), 1);
            recorder.sync();
            ghosts += land(landed, before[0]);
            assertEquals(0, damaged(disk()).cardinality());
            write(random.nextInt(blocks() - 3), 3);
            recorder.sync();
            crash(i % 2 == 0 ? Keep.NONE : Keep.ALL);
            recorder.checkNewest();
        }
        assertTrue(ghosts > 5, "only " + ghosts + " ghosts");
    }

    /** Lands, in the segments, what was in flight when the process died and had not landed then; returns the blocks. */
    private int land(final SimulatedDevice landed, final SimulatedDevice.Snapshot before) {
        int ghosts = 0;
        for (int segment = 0; segment < geometry().segmentCount(); segment++) {
            for (int slot = 0; slot < geometry().segmentBlocks(); slot++) {
                final long at = geometry().blockOf(segment, slot) * BLOCK;
                final byte[] ghost = landed.content(at, BLOCK);
                if (!Arrays.equals(ghost, before.content(at, BLOCK))) {
                    rig.device().edit(at, ghost);
                    ghosts++;
                }
            }
        }
        return ghosts;
    }

    /** One bad sector in an old acknowledged summary is damage with a name, and not the end of the log. */
    @Test
    void s15ABadSummaryBelowTheFloorIsNotTheEndOfTheLog() {
        final List<Operation> chunks = sixSyncs();
        for (int i = 0; i < chunks.size() - 1; i++) {
            final String message = refused(flipped(summaryBlock(chunks.get(i))), anchor.copy(), Category.INTEGRITY);
            assertTrue(message.contains("LogDamaged"), message);
        }
        final String last = refused(flipped(summaryBlock(chunks.getLast())), anchor.copy(), Category.FRESHNESS);
        assertTrue(last.contains("RolledBack"), last);
    }

    /** Without an anchor it is the mark that an idle disk writes which keeps the last sync from being cut off. */
    @Test
    void s15AnIdleDiskMarksItsLastSyncAsDurable() {
        final List<Operation> chunks = sixSyncs();
        disk().idle(1000);
        final String message = refused(flipped(summaryBlock(chunks.getLast())), anchor.copy(), Category.INTEGRITY);
        assertTrue(message.contains("LogDamaged"), message);
    }

    /** One bad block in an acknowledged chunk, the last one too, is an error of that block alone. */
    @Test
    void s15ABadBlockBelowTheFloorIsAnErrorOfThatBlock() {
        final List<Operation> chunks = sixSyncs();
        for (int i = 0; i < chunks.size(); i++) {
            final SimulatedDevice bad = flipped(summaryBlock(chunks.get(i)) + 1);
            final EngineDisk disk = kind.open(bad, anchor.copy(), Recorder.opening());
            final BitSet expected = new BitSet();
            expected.set(i);
            assertEquals(expected, damaged(disk));
            disk.abandon();
        }
    }

    /** Six chunks of one block and a sync each; nothing else was written to the segments since. */
    private List<Operation> sixSyncs() {
        watchWrites();
        start();
        writes.clear();
        for (int i = 0; i < 6; i++) {
            write(i, 1);
            recorder.sync();
        }
        final List<Operation> chunks = new ArrayList<>();
        writes.stream().filter(each -> segmentOf(each.offsetBytes()) >= 0).forEach(chunks::add);
        assertEquals(6, chunks.size(), "not one device write for each sync");
        return chunks;
    }

    /** Two streams and segments that roll while they are written: the next chunk is found wherever it went. */
    @Test
    void u01TheNextChunkMayBeInAnyStreamOrInAnAnnouncedSegment() {
        start();
        write(0, blocks());
        for (int i = 0; i < 20; i++) {
            for (int n = 0; n < 6; n++) {
                writeRandomBlock();
            }
            if (i % 3 == 0) {
                recorder.sync();
            }
            disk().idle(random.nextInt(20));
            crash(Keep.ALL);
        }
        assertEquals(0, damaged(disk()).cardinality());
    }

    /** A request of the largest size lies in one epoch: after a crash all of it is there, or none. */
    @Test
    void u04ALargeRequestIsThereAsAWholeOrNotAtAll() {
        everyCrash("w 0 320; s; w 0 320; i 5; w 4 312; s", true, 150, Keep.NONE, Keep.PREFIX, Keep.TORN);
    }

    /** Sealed blocks change places, within a segment and between segments: each is refused where it does not belong. */
    @Test
    void u05ABlockIsOnlyItselfAtItsOwnPlace() {
        start();
        write(0, blocks());
        recorder.sync();
        recorder.disk().idle(200);
        int refusals = 0;
        for (int i = 0; i < 60; i++) {
            final SimulatedDevice medium = medium();
            final long first = geometry().blockOf(random.nextInt(geometry().segmentCount()),
                random.nextInt(geometry().segmentBlocks()));
            final long second = i % 2 == 0 ? first + 1 : geometry().blockOf(random.nextInt(
                geometry().segmentCount()), random.nextInt(geometry().segmentBlocks()));
            final byte[] kept = medium.content(first * BLOCK, BLOCK);
            medium.copyRange(second * BLOCK, first * BLOCK, BLOCK);
            medium.edit(second * BLOCK, kept);
            try {
                final EngineDisk disk = kind.open(medium, anchor.copy(), Recorder.opening());
                refusals += damaged(disk).cardinality();
                disk.abandon();
            } catch (final StorageException refused) {
                assertTrue(refused.category() == Category.INTEGRITY || refused.category() == Category.FRESHNESS,
                    refused.getMessage());
                refusals++;
            }
        }
        assertTrue(refusals > 0, "no swap met anything that is in use");
    }

    /** Power cut while un-acknowledged chunks were torn at every place: the log ends before them, quietly. */
    @Test
    void u06ATornTailThatCannotBeReadIsTheEndOfTheLog() {
        start();
        write(0, 6);
        recorder.sync();
        for (int i = 0; i < 20; i++) {
            write(i, 4);
            crash(i % 2 == 0 ? Keep.TORN : Keep.NOISE);
            write(i, 1);
            recorder.sync();
        }
        recorder.checkNewest();
    }

    /** A flush reports an error although it worked: it is not tried again until it says yes; the disk stops writing. */
    @Test
    void u08AFailedFlushIsFinal() {
        start();
        write(0, 8);
        recorder.sync();
        rig.device().inject(DeviceFault.fail(Kind.FLUSH, 1).landed());
        assertThrows(StorageException.class, () -> {
            for (int i = 0; i < 200; i++) {
                write(i % 50, 8);
                recorder.sync();
            }
        });
        rig.device().clearFaults();
        assertThrows(StorageException.class, () -> disk().sync());
        assertThrows(StorageException.class, () -> disk().sync());
        crash(Keep.NONE);
        write(0, 1);
        recorder.sync();
        crash(Keep.NONE);
    }

    private byte[] slot(final int which) {
        return rig.device().content(geometry().slotBlock(which) * BLOCK, BLOCK);
    }

    private io.ringvault.block.BlockDevice opened(final SimRig each) {
        watch.accept(each);
        return each.open();
    }
}

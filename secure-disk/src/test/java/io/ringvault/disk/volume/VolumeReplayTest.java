package io.ringvault.disk.volume;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.KeySecret;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.disk.TestDisk;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.log.SegmentState;
import io.ringvault.lsm.GenerationCounts;
import io.ringvault.lsm.Table;
import io.ringvault.lsm.TableCounts;
import io.ringvault.ring.OpStatus;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VolumeReplayTest {
    private static final int BLOCKS = 400;
    private static final long SEED = Long.getLong("seed", 5);
    private final Random random = new Random(SEED);

    /** Counts after a replay: every record of every table, every live object block, and nothing else. */
    @Test
    void shouldCountExactlyWhatTablesHoldWhenEditsAreReplayed() {
        final SimulatedDevice device = crashedWithEdits(null);
        try (VolumeAccess access = access(device)) {
            final VolumeState state = VolumeReplay.replay(access, false, 1 << 20);
            final VerifiedReader reader = new VerifiedReader(access.store, access.header.geometry(), state.table(),
                access.sealer, state.keys());
            final GenerationCounts counts = new GenerationCounts();
            for (final Table each : state.index().tables()) {
                TableCounts.count(reader, each, counts, 1);
                each.countBlocks(counts, 1);
            }
            final long[] expected = new long[state.table().segmentCount()];
            counts.forEach((generation, count) -> {
                final int segment = state.table().segmentOf(generation);
                if (segment >= 0) {
                    expected[segment] = count;
                }
            });
            final long[] found = new long[expected.length];
            for (int segment = 0; segment < found.length; segment++) {
                found[segment] = state.table().tableRefs(segment);
                assertTrue(state.table().state(segment) != SegmentState.OPEN
                    && state.table().state(segment) != SegmentState.ANNOUNCED);
            }
            assertArrayEquals(expected, found);
            state.keys().destroy();
        }
    }

    /** A merge made LOST of a bad index block and dropped its table; a crash then must not lock the volume. */
    @Test
    void shouldOpenWhenATableThatTheLogDropsCannotBeReadAnyMore() {
        final SimulatedDevice device = crashedWithEdits(table -> true);
        final TestDisk disk = TestDisk.open(device);
        int lost = 0;
        for (int lba = 0; lba < BLOCKS; lba++) {
            final byte[] target = new byte[4096];
            final int status = disk.await(disk.read(lba * 4096L, java.lang.foreign.MemorySegment.ofArray(target)));
            assertTrue(status == 0 || status == OpStatus.LOST, "block " + lba + ": status " + status);
            lost += status == OpStatus.LOST ? 1 : 0;
        }
        assertTrue(lost > 0, "no block was lost: the merge did not meet the bad block");
        disk.disk.abandon();
    }

    /** A count below the truth would free live segments; who only reads needs no counts. */
    @Test
    void shouldRefuseToWriteButServeReadsWhenATableSinceTheCheckpointCannotBeCounted() {
        final SimulatedDevice device = crashedWithEdits(null);
        try (VolumeAccess access = access(device)) {
            final VolumeState state = VolumeReplay.replay(access, true, 1 << 20);
            final Table newest = state.index().tables().stream()
                .max(java.util.Comparator.comparingLong(Table::id)).orElseThrow();
            damage(device, access, state, newest);
            assertTrue(assertThrows(StorageException.class, () -> VolumeReplay.replay(access, false, 1 << 20))
                .getMessage().contains("block 0 (segment "));
            final VolumeState again = VolumeReplay.replay(access, true, 1 << 20);
            assertEquals(state.commit(), again.commit());
            assertFalse(again.index().tables().isEmpty());
            state.keys().destroy();
            again.keys().destroy();
        }
    }

    /** A volume that was closed with tables, opened, damaged if asked, merged, and killed before any checkpoint. */
    private SimulatedDevice crashedWithEdits(final java.util.function.Predicate<Table> damaged) {
        final SimulatedDevice device = TestDisk.format(BLOCKS, 64 << 20, null);
        TestDisk disk = TestDisk.open(device);
        writes(disk, BLOCKS);
        disk.disk.close();
        disk = TestDisk.open(device, null, VolumeReplayTest::noCheckpoints);
        if (damaged != null) {
            try (VolumeAccess access = access(device)) {
                final VolumeState state = VolumeReplay.replay(access, true, 1 << 20);
                state.index().tables().stream().filter(damaged)
                    .forEach(table -> damage(device, access, state, table));
                state.keys().destroy();
            }
        }
        final long merges = disk.disk.counters().compactions();
        for (int i = 0; i < 60 && disk.disk.counters().compactions() < merges + 2; i++) {
            writes(disk, 20);
        }
        assertTrue(disk.disk.counters().compactions() > merges, "no merge");
        assertEquals(0, disk.disk.counters().checkpoints(), "a checkpoint");
        writes(disk, 1);
        final SimulatedDevice crashed = device.crash(CrashPolicy.ALL, SEED);
        disk.disk.abandon();
        return crashed;
    }

    private static void damage(final SimulatedDevice device, final VolumeAccess access, final VolumeState state,
        final Table table) {
        final long block = access.header.geometry().blockOf(state.table().segmentOf(table.generationOf(0)),
            table.slotOf(0));
        device.flipBit(block * 4096 + 77, 2);
    }

    /** Writes to the lower half only, so that the upper half lives in old tables alone. */
    private void writes(final TestDisk disk, final int count) {
        for (int i = 0; i < count; i++) {
            final int lba = count == BLOCKS ? i : random.nextInt(BLOCKS / 2);
            final int status = disk.await(disk.write(lba * 4096L, TestDisk.filled(4096, 1 + i % 100)));
            assertEquals(0, status);
        }
        assertEquals(0, disk.await(disk.sync()));
    }

    private static void noCheckpoints(final EngineConfig config) {
        config.checkpointChunks = 1 << 20;
        config.checkpointBytes = 1L << 40;
    }

    private static VolumeAccess access(final SimulatedDevice device) {
        return VolumeAccess.open(device, KeySecret.key(TestDisk.KEY), null, null, new SunJceProvider());
    }
}

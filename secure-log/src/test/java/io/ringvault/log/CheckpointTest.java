package io.ringvault.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** {@link CheckpointSnapshot}, {@link CheckpointJob}, {@link CheckpointLoader} and {@link PageDirectory} together. */
class CheckpointTest {
    private static final long SEED = Long.getLong("seed", 4711);

    /** Enough of everything for two directories, two session pages and three manifest pages. */
    private static TestVolume large() {
        final TestVolume volume = new TestVolume(20_000, SEED);
        for (int i = 0; i < 600; i++) {
            final int segment = volume.random.nextInt(20_000);
            if (volume.table.state(segment) == SegmentState.FREE) {
                volume.table.announce(segment, volume.nextGeneration++, i % 100 + 2, i % 3);
                volume.table.open(segment);
                volume.table.advance(segment, 1 + i % 16, i);
                volume.table.addTableRefs(segment, i);
                if (i % 2 == 0) {
                    volume.table.close(segment);
                }
            }
        }
        volume.table.quarantine(volume.table.nextFree());
        volume.table.bad(volume.table.nextFree());
        for (int i = 0; i < 300; i++) {
            volume.manifest.add(new ManifestEntry(volume.nextTableId++, i / 100, 1 + i, 1 + i % 15));
        }
        for (int i = 2; i < 102; i++) {
            volume.sessions = volume.sessions.with(i, 1, new byte[32]);
        }
        volume.session = 102;
        volume.startSession();
        return volume;
    }

    @Test
    void shouldRoundTripManyPagesThroughDirectories() {
        final TestVolume volume = large();
        assertEquals(2, volume.directory.directories().size());
        assertEquals(158, volume.directory.segmentPages().size());
        assertEquals(2, volume.directory.sessionPages().size());
        assertEquals(3, volume.directory.manifestPages().size());
        final long generationAtSnapshot = volume.directory.segmentPages().getFirst().generation();
        final LoadedCheckpoint loaded = volume.recover().checkpoint();
        assertEquals(volume.manifest, loaded.manifest());
        assertEquals(volume.nextTableId, loaded.nextTableId());
        assertEquals(101, loaded.sessions().size());
        final PagePlace root = volume.directory.root();
        assertEquals(root.segment() / SegmentPageCodec.ENTRIES, loaded.table().nextDirtyPage(0),
            "only pages that differ from what is stored are dirty: segments opened for the checkpoint itself");
        assertEquals(1, loaded.table().dirtyPages());
        for (int segment = 0; segment < 20_000; segment++) {
            final long generation = volume.table.generation(segment);
            assertEquals(generation, loaded.table().generation(segment), "segment " + segment);
            assertEquals(volume.table.session(segment), loaded.table().session(segment));
            assertEquals(volume.table.tableRefs(segment), loaded.table().tableRefs(segment));
            assertEquals(volume.table.endSlot(segment), loaded.table().endSlot(segment));
            final boolean opened = generation >= generationAtSnapshot;
            assertEquals(opened ? SegmentState.CLOSED : volume.table.state(segment), loaded.table().state(segment));
        }
        assertEquals(volume.nextGeneration, loaded.nextGeneration());
        assertSamePlaces(volume.directory, loaded.directory());
    }

    @Test
    void shouldWriteOnlyWhatChangedAndCountBlocks() {
        final TestVolume volume = large();
        final PageDirectory first = volume.directory;
        volume.chunk(TestVolume.USER, true, 0, 1);
        volume.manifest.set(299, new ManifestEntry(volume.nextTableId++, 2, 7, 7));
        final int dirty = volume.table.dirtyPages();
        volume.appended = 0;
        volume.checkpoint(2);
        final PageDirectory second = volume.directory;
        assertEquals(dirty + 1 + 2 + 2 + 1, volume.appended, "segments, manifest, sessions, directories, root");
        assertEquals(first.manifestPages().subList(0, 2), second.manifestPages().subList(0, 2));
        assertNotEquals(first.manifestPages().get(2), second.manifestPages().get(2));
        final Map<Long, Integer> counts = new HashMap<>();
        first.forEachBlock((generation, count) -> counts.merge(generation, count, Integer::sum));
        first.forEachDifference(second, (generation, delta) -> counts.merge(generation, delta, Integer::sum));
        final Map<Long, Integer> expected = new HashMap<>();
        second.forEachBlock((generation, count) -> expected.merge(generation, count, Integer::sum));
        counts.values().removeIf(count -> count == 0);
        assertEquals(expected, counts);
        assertEquals(second.blocks(), expected.values().stream().mapToInt(Integer::intValue).sum());
        final int[] dropped = {0};
        first.forEachDropped(second, (generation, count) -> dropped[0] += count);
        assertEquals(volume.appended, dropped[0]);
        assertEquals(volume.manifest, volume.recover().checkpoint().manifest());
        assertSamePlaces(second, volume.recover().checkpoint().directory());
    }

    @Test
    void shouldMoveUnchangedPagesOutOfSegmentsThatAreEmptied() {
        final TestVolume volume = large();
        final PageDirectory first = volume.directory;
        final long old = first.segmentPages().get(20).generation();
        final long oldManifest = first.manifestPages().get(0).generation();
        first.markPagesIn(generation -> generation == old, volume.table);
        final CheckpointJob job = new CheckpointJob(new CheckpointSnapshot(volume.commit, volume.nextGeneration,
            volume.nextTableId, 0, volume.manifest, volume.sessions, volume.table), first, g -> g == oldManifest);
        volume.sinkLimit = 4;
        assertEquals(false, job.step(volume));
        assertNull(job.result());
        volume.sinkLimit = 1000;
        assertTrue(job.step(volume));
        assertTrue(job.result().segmentPages().stream().noneMatch(p -> p.generation() == old));
        assertTrue(job.result().manifestPages().stream().noneMatch(p -> p.generation() == oldManifest));
    }

    @Test
    void shouldNotExceedTheBlocksItAnnounces() {
        final TestVolume volume = large();
        volume.chunk(TestVolume.USER, true, 0, 1);
        final CheckpointSnapshot snapshot = new CheckpointSnapshot(volume.commit, volume.nextGeneration,
            volume.nextTableId, 0, volume.manifest, volume.sessions, volume.table);
        volume.appended = 0;
        final CheckpointJob job = new CheckpointJob(snapshot, volume.directory);
        while (!job.step(volume)) {
            volume.sinkLimit = 100;
        }
        assertTrue(volume.appended <= snapshot.maxBlocks(), volume.appended + " of " + snapshot.maxBlocks());
    }

    @Test
    void shouldRefuseASnapshotWithoutPagesThatNoCheckpointHas() {
        final TestVolume volume = new TestVolume(200, SEED);
        volume.table.clearDirty(1);
        final CheckpointSnapshot snapshot = new CheckpointSnapshot(volume.commit, 1, 1, 0, List.of(),
            SessionTable.EMPTY, volume.table);
        assertThrows(IllegalStateException.class, () -> new CheckpointJob(snapshot, null));
    }

    @Test
    void shouldNameThePlaceWhenABlockIsDamagedOrUnreadable() {
        final TestVolume volume = large();
        final List<PagePlace> one = new ArrayList<>();
        one.add(volume.directory.root());
        one.add(volume.directory.directories().get(1));
        one.add(volume.directory.sessionPages().get(1));
        one.add(volume.directory.segmentPages().get(157));
        one.add(volume.directory.manifestPages().get(2));
        for (final PagePlace place : one) {
            final long block = volume.geometry.blockOf(place.segment(), place.slot());
            final MemoryImage flipped = volume.image.copy();
            flipped.flip(block, volume.random.nextInt(4096 * 8));
            final MemoryImage unreadable = volume.image.copy();
            unreadable.unreadable.add(block);
            for (final MemoryImage image : List.of(flipped, unreadable)) {
                final StorageException thrown =
                    assertThrows(StorageException.class, () -> volume.recover(image, null, false));
                assertEquals(Category.INTEGRITY, thrown.category());
                assertTrue(thrown.getMessage().contains("block " + block), thrown::getMessage);
            }
        }
    }

    @Test
    void shouldRefuseAuthenticBlocksThatMakeNoSense() {
        refuses(ObjectKind.CHECKPOINT_ROOT, root -> Le.putLong(root, 0, 99));
        refuses(ObjectKind.CHECKPOINT_ROOT, root -> Le.putLong(root, 32, 1L << 41));
        refuses(ObjectKind.CHECKPOINT_ROOT, root -> Le.putInt(root, 48, Integer.MAX_VALUE));
        refuses(ObjectKind.CHECKPOINT_ROOT, root -> Le.putInt(root, 52, Integer.MAX_VALUE));
        refuses(ObjectKind.CHECKPOINT_ROOT, root -> Le.putInt(root, 56, -1));
        refuses(ObjectKind.CHECKPOINT_ROOT, root -> Le.putInt(root, 60, 120));
        refuses(ObjectKind.CHECKPOINT_ROOT, root -> Le.putInt(root, 64, Integer.MIN_VALUE));
        refuses(ObjectKind.CHECKPOINT_ROOT, root -> Le.putInt(root, 64, 1));
        refuses(ObjectKind.CHECKPOINT_ROOT, root -> root[200] = 1);
        refuses(ObjectKind.CHECKPOINT_ROOT, root -> Le.putInt(root, 256 + 16, 16));
        refuses(ObjectKind.CHECKPOINT_ROOT, root -> Le.putInt(root, 256 + 20, -1));
        refuses(ObjectKind.CHECKPOINT_ROOT, root -> Le.putInt(root, 256 + 4, 1));
        refuses(ObjectKind.CHECKPOINT_ROOT, root -> Le.putLong(root, 256 + 32 + 24, 77));
        refuses(ObjectKind.SESSION_PAGE, page -> Le.putInt(page, 0, 85));
        refuses(ObjectKind.SESSION_PAGE, page -> page[16 + 16] ^= 1);
        refuses(ObjectKind.SEGMENT_PAGE, page -> Le.putInt(page, 4, 126));
        refuses(ObjectKind.SEGMENT_PAGE, page -> page[16 + 16] = 6);
        refuses(ObjectKind.SEGMENT_PAGE, page -> Le.putInt(page, 16 + 20, 17));
        refuses(ObjectKind.SEGMENT_PAGE, page -> Le.putLong(page, 16, Le.getLong(page, 16 + 32)));
        refuses(ObjectKind.MANIFEST_PAGE, page -> Le.putInt(page, 0, -1));
        refuses(ObjectKind.MANIFEST_PAGE, page -> Le.putLong(page, 16, 1000));
        refuses(ObjectKind.MANIFEST_PAGE, page -> Le.putLong(page, 16 + 16, 1000));
    }

    private static void refuses(final int kind, final Consumer<byte[]> change) {
        final TestVolume volume = new TestVolume(40, SEED);
        volume.manifest.add(new ManifestEntry(volume.nextTableId++, 0, 1, 1));
        volume.tamper = (sealed, plain) -> {
            if (sealed == kind) {
                change.accept(plain);
            }
        };
        volume.startSession();
        final StorageException thrown = assertThrows(StorageException.class, volume::recover);
        assertEquals(Category.INTEGRITY, thrown.category());
        assertTrue(thrown.getMessage().contains("makes no sense") || thrown.getMessage().contains("contradicts itself")
            || thrown.getMessage().contains("belongs"), thrown::getMessage);
    }

    private static void assertSamePlaces(final PageDirectory expected, final PageDirectory actual) {
        assertEquals(expected.root(), actual.root());
        assertEquals(expected.directories(), actual.directories());
        assertEquals(expected.sessionPages(), actual.sessionPages());
        assertEquals(expected.segmentPages(), actual.segmentPages());
        assertEquals(expected.manifestPages(), actual.manifestPages());
    }
}

package io.ringvault.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class SegmentTableTest {
    private static final Map<String, Consumer<SegmentTable>> ACTIONS = new LinkedHashMap<>();
    private static final Map<Integer, Set<String>> LEGAL = new HashMap<>();

    static {
        ACTIONS.put("announce", t -> t.announce(3, 77, 5, SegmentPurpose.RELOCATION));
        ACTIONS.put("open", t -> t.open(3));
        ACTIONS.put("advance", t -> t.advance(3, 4, 9));
        ACTIONS.put("close", t -> t.close(3));
        ACTIONS.put("victim", t -> t.victim(3));
        ACTIONS.put("unvictim", t -> t.unvictim(3));
        ACTIONS.put("empty", t -> t.empty(3, 11, 12));
        ACTIONS.put("free", t -> t.free(3));
        ACTIONS.put("bad", t -> t.bad(3));
        ACTIONS.put("quarantine", t -> t.quarantine(3));
        LEGAL.put(SegmentState.FREE, Set.of("announce", "quarantine", "bad"));
        LEGAL.put(SegmentState.ANNOUNCED, Set.of("open", "close", "quarantine"));
        LEGAL.put(SegmentState.OPEN, Set.of("advance", "close"));
        LEGAL.put(SegmentState.CLOSED, Set.of("victim", "empty"));
        LEGAL.put(SegmentState.VICTIM, Set.of("unvictim", "empty"));
        LEGAL.put(SegmentState.EMPTY, Set.of("free", "bad"));
        LEGAL.put(SegmentState.QUARANTINED, Set.of("free", "bad"));
        LEGAL.put(SegmentState.BAD, Set.of());
    }

    @Test
    void shouldThrowAndChangeNothingWhenATransitionIsIllegal() {
        for (int state = 0; state < SegmentState.count(); state++) {
            for (final Map.Entry<String, Consumer<SegmentTable>> action : ACTIONS.entrySet()) {
                final SegmentTable table = inState(state);
                if (LEGAL.get(state).contains(action.getKey())) {
                    action.getValue().accept(table);
                    assertEquals(1, table.dirtyPages(), action.getKey());
                } else {
                    final int from = state;
                    assertThrows(IllegalStateException.class, () -> action.getValue().accept(table),
                        () -> action.getKey() + " from " + SegmentState.name(from));
                    assertEquals(state, table.state(3));
                    assertEquals(0, table.dirtyPages());
                }
            }
        }
    }

    @Test
    void shouldKeepCountsOfStatesWhenSegmentsMove() {
        final SegmentTable table = inState(SegmentState.EMPTY);
        assertEquals(9, table.count(SegmentState.FREE));
        assertEquals(1, table.count(SegmentState.EMPTY));
        assertEquals(11, table.emptyAt(3));
        assertEquals(12, table.emptyReadSerial(3));
        table.free(3);
        assertEquals(10, table.count(SegmentState.FREE));
        assertEquals(0, table.generation(3));
        assertEquals(-1, table.segmentOf(77));
        assertEquals(0, table.endSlot(3));
        assertEquals(0, table.lastSequence(3));
    }

    @Test
    void shouldRefuseAGenerationTwiceOrOutOfRange() {
        final SegmentTable table = inState(SegmentState.CLOSED);
        assertThrows(IllegalStateException.class, () -> table.announce(4, 77, 5, 0));
        assertThrows(IllegalStateException.class, () -> table.announce(4, 0, 5, 0));
        assertThrows(IllegalStateException.class, () -> table.announce(4, SegmentTable.MAX_GENERATION + 1, 5, 0));
        assertThrows(IllegalStateException.class, () -> table.announce(4, 78, 5, 3));
        assertEquals(SegmentState.FREE, table.state(4));
        table.announce(4, SegmentTable.MAX_GENERATION, 5, 0);
        assertEquals(4, table.segmentOf(SegmentTable.MAX_GENERATION));
    }

    @Test
    void shouldRefuseToAdvanceBackwards() {
        final SegmentTable table = inState(SegmentState.OPEN);
        table.advance(3, 5, 9);
        assertThrows(IllegalStateException.class, () -> table.advance(3, 4, 10));
        assertThrows(IllegalStateException.class, () -> table.advance(3, 6, 8));
        assertThrows(IllegalStateException.class, () -> table.advance(3, 65537, 10));
        assertEquals(5, table.endSlot(3));
        assertEquals(9, table.lastSequence(3));
    }

    @Test
    void shouldThrowWhenReferencesWouldFallBelowZero() {
        final SegmentTable table = inState(SegmentState.CLOSED);
        table.addTableRefs(3, 2);
        table.addMemRefs(3, 3);
        assertThrows(IllegalStateException.class, () -> table.addTableRefs(3, -3));
        assertThrows(IllegalStateException.class, () -> table.addMemRefs(3, -4));
        assertThrows(IllegalStateException.class, () -> table.addTableRefs(3, Integer.MAX_VALUE));
        table.addTableRefs(3, -2);
        assertEquals(0, table.tableRefs(3));
        assertEquals(3, table.memRefs(3));
    }

    @Test
    void shouldTrackDirtyPagesWhenEntriesChange() {
        final SegmentTable table = new SegmentTable(127 * 70 + 1);
        assertEquals(71, table.pages());
        assertEquals(-1, table.nextDirtyPage(0));
        table.announce(126, 1, 1, 0);
        table.announce(127 * 64, 2, 1, 0);
        table.announce(127 * 70, 3, 1, 0);
        assertEquals(3, table.dirtyPages());
        assertEquals(0, table.nextDirtyPage(0));
        assertEquals(64, table.nextDirtyPage(1));
        assertEquals(70, table.nextDirtyPage(65));
        table.clearDirty(70);
        assertEquals(-1, table.nextDirtyPage(65));
        table.addMemRefs(127 * 70, 1);
        assertEquals(-1, table.nextDirtyPage(65), "memtable counts are not part of a page");
        table.addTableRefs(127 * 70, 1);
        assertEquals(70, table.nextDirtyPage(65));
        table.markAllDirty();
        assertEquals(71, table.dirtyPages());
    }

    /** What the cleaner proved empty stays proved for who recovers: he needs its segments to open the volume at all. */
    @Test
    void shouldStoreAnEmptySegmentWithoutReferencesWhenNothingOfItIsReplayed() {
        final SegmentTable table = new SegmentTable(3);
        for (int segment = 0; segment < 3; segment++) {
            table.announce(segment, 10 + segment, 1, SegmentPurpose.USER);
            table.open(segment);
            table.advance(segment, 16, 100 + segment);
            table.addTableRefs(segment, 7);
            table.close(segment);
        }
        table.empty(0, 1, 1);
        table.empty(1, 1, 1);
        final byte[] page = new byte[Geometry.SEALED_BYTES];
        table.encodePage(0, page, 101);
        assertEquals(0, SegmentPageCodec.tableRefs(page, 0));
        assertEquals(7, SegmentPageCodec.tableRefs(page, 1), "its chunk is replayed");
        assertEquals(7, SegmentPageCodec.tableRefs(page, 2), "in use");
        table.clearDirty(0);
        table.markEmptyPages();
        assertEquals(1, table.dirtyPages());
    }

    @Test
    void shouldRoundTripAPageWhenEncoded() {
        final SegmentTable table = new SegmentTable(200);
        for (int segment = 127; segment < 200; segment++) {
            table.announce(segment, 1000 + segment, segment & 3, segment % 3);
            if ((segment & 1) == 0) {
                table.open(segment);
                table.advance(segment, segment, segment);
                table.addTableRefs(segment, 3 * segment);
            }
        }
        table.close(128);
        table.victim(128);
        table.close(130);
        table.empty(130, 1, 1);
        table.close(132);
        final byte[] page = new byte[4080];
        page[4079] = 1;
        table.encodePage(1, page, 1);
        assertEquals(0, page[4079]);
        assertEquals(127, SegmentPageCodec.first(page));
        assertEquals(73, SegmentPageCodec.count(page));
        final SegmentTable copy = new SegmentTable(200);
        for (int i = 0; i < 73; i++) {
            assertTrue(SegmentPageCodec.reservedIsZero(page, i));
            assertTrue(copy.restore(127 + i, SegmentPageCodec.state(page, i), SegmentPageCodec.generation(page, i),
                SegmentPageCodec.session(page, i), SegmentPageCodec.purpose(page, i), SegmentPageCodec.endSlot(page, i),
                SegmentPageCodec.tableRefs(page, i)));
        }
        assertEquals(3, copy.count(SegmentState.CLOSED), "victim and empty segments are stored as closed");
        assertEquals(0, copy.dirtyPages());
        for (int segment = 127; segment < 200; segment++) {
            assertEquals(segment, copy.segmentOf(1000 + segment));
            assertEquals(table.session(segment), copy.session(segment));
            assertEquals(table.purpose(segment), copy.purpose(segment));
            assertEquals(table.endSlot(segment), copy.endSlot(segment));
            assertEquals(table.tableRefs(segment), copy.tableRefs(segment));
        }
    }

    @Test
    void shouldRefuseToRestoreWhatContradictsItself() {
        final SegmentTable table = new SegmentTable(10);
        assertTrue(table.restore(0, SegmentState.CLOSED, 5, 1, 0, 3, 0));
        assertFalse(table.restore(0, SegmentState.CLOSED, 6, 1, 0, 3, 0), "a segment twice");
        assertFalse(table.restore(1, SegmentState.CLOSED, 5, 1, 0, 3, 0), "a generation twice");
        assertFalse(table.restore(1, SegmentState.CLOSED, 0, 1, 0, 3, 0));
        assertFalse(table.restore(1, SegmentState.CLOSED, 1L << 40, 1, 0, 3, 0));
        assertFalse(table.restore(1, SegmentState.FREE, 7, 1, 0, 3, 0), "a free segment has no generation");
        assertFalse(table.restore(1, SegmentState.VICTIM, 7, 1, 0, 3, 0));
        assertFalse(table.restore(1, SegmentState.CLOSED, 7, 1, 3, 3, 0));
        assertFalse(table.restore(1, SegmentState.CLOSED, 7, 1, 0, -1, 0));
        assertFalse(table.restore(1, SegmentState.CLOSED, 7, 1, 0, 65537, 0));
        assertFalse(table.restore(1, SegmentState.CLOSED, 7, 1, 0, 3, -1));
        assertEquals(9, table.count(SegmentState.FREE));
    }

    @Test
    void shouldFindFreeSegmentsRoundRobin() {
        final SegmentTable table = new SegmentTable(4);
        assertEquals(0, table.nextFree());
        assertEquals(1, table.nextFree());
        table.announce(2, 1, 1, 0);
        assertEquals(3, table.nextFree());
        assertEquals(0, table.nextFree());
        for (final int segment : new int[] {0, 1, 3}) {
            table.quarantine(segment);
        }
        assertEquals(-1, table.nextFree());
        table.free(1);
        assertEquals(1, table.nextFree());
    }

    /** Against a hash map, with generations that rise as in life: some segments live long, most are reused soon. */
    @Test
    void shouldMapGenerationsAsAHashMapDoesWhenSegmentsComeAndGo() {
        final long seed = Long.getLong("seed", System.nanoTime());
        final Random random = new Random(seed);
        final SegmentTable table = new SegmentTable(97);
        final Map<Long, Integer> model = new HashMap<>();
        long generation = 1;
        for (int step = 0; step < 20_000; step++) {
            final int segment = random.nextInt(97) % (random.nextInt(97) + 1);
            if (table.state(segment) == SegmentState.FREE) {
                generation += 1 + (random.nextInt(50) == 0 ? random.nextInt(1 << 20) : 0);
                table.announce(segment, generation, 1, 0);
                model.put(generation, segment);
            } else {
                table.close(segment);
                table.empty(segment, 0, 0);
                model.remove(table.generation(segment));
                table.free(segment);
            }
            if (step % 16 == 0) {
                for (final Map.Entry<Long, Integer> entry : model.entrySet()) {
                    assertEquals(entry.getValue(), table.segmentOf(entry.getKey()), () -> "-Dseed=" + seed);
                }
                for (long g = generation - 200; g < generation + 5; g++) {
                    assertEquals(model.getOrDefault(g, -1), table.segmentOf(g), () -> "-Dseed=" + seed);
                }
            }
        }
    }

    private static SegmentTable inState(final int state) {
        final SegmentTable table = new SegmentTable(10);
        if (state == SegmentState.BAD) {
            table.bad(3);
        } else if (state == SegmentState.QUARANTINED) {
            table.quarantine(3);
        } else if (state != SegmentState.FREE) {
            table.announce(3, 77, 5, SegmentPurpose.RELOCATION);
        }
        if (state == SegmentState.OPEN || state == SegmentState.CLOSED || state == SegmentState.VICTIM
                || state == SegmentState.EMPTY) {
            table.open(3);
        }
        if (state == SegmentState.CLOSED || state == SegmentState.VICTIM || state == SegmentState.EMPTY) {
            table.close(3);
        }
        if (state == SegmentState.VICTIM || state == SegmentState.EMPTY) {
            table.victim(3);
        }
        if (state == SegmentState.EMPTY) {
            table.empty(3, 11, 12);
        }
        assertEquals(state, table.state(3));
        table.clearDirty(0);
        return table;
    }

    @Test
    void shouldCallItDamageWhenReferencesNameAGenerationThatIsUnknown() {
        final SegmentTable table = new SegmentTable(4);
        for (final Executable change : new Executable[] {() -> table.addTableRefs(table.segmentOf(99), 1),
            () -> table.addMemRefs(table.segmentOf(99), 1)}) {
            assertEquals(StorageException.Category.INTEGRITY, assertThrows(StorageException.class, change).category());
        }
    }
}

package io.ringvault.lsm;

import org.junit.jupiter.api.Test;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class FlushJobTest {
    private final Tables tables = new Tables();

    @Test
    void shouldDeltaEqualWhatTheMemtableReferredTo() {
        final GenerationCounts held = new GenerationCounts();
        final IndexEdit edit = tables.flush(100, new long[0], memtable -> {
            for (int i = 0; i < 900; i++) {
                memtable.put(i * 7 % 800, i / 100, i % 100, 1, 1);
            }
            memtable.trim(0, 100);
            memtable.countRecords(held, -1);
        });
        held.addAll(edit.delta(), 1);
        assertTrue(held.isZero(), held.toString());
        assertEquals(1, edit.added().size());
        assertEquals(0, edit.added().getFirst().level());
    }

    @Test
    void shouldWriteNothingWhenTheMemtableIsEmpty() {
        final IndexEdit edit = tables.flush(100, new long[0], memtable -> { });
        assertTrue(edit.isEmpty());
        assertEquals(List.of(), edit.added());
        assertEquals(0, tables.store.appended);
    }

    @Test
    void shouldRefuseAMemtableThatMayStillChange() {
        try (Memtable memtable = new Memtable(2, 2, generation -> { })) {
            assertThrows(IllegalArgumentException.class, () -> new FlushJob(memtable, () -> 1, 10, new long[0]));
        }
    }
}

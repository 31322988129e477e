package io.ringvault.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OpStatusTest {

    @Test
    void shouldDescribeEveryStatusDifferently() {
        final Set<String> texts = new HashSet<>();
        for (int status = OpStatus.OK; status <= OpStatus.INVALID; status++) {
            assertTrue(texts.add(OpStatus.describe(status)), OpStatus.describe(status));
            assertFalse(OpStatus.describe(status).startsWith("status"));
        }
        assertEquals("status 99", OpStatus.describe(99));
    }

    @Test
    void shouldMapErrorsToCategories() {
        final StorageException thrown = OpStatus.toException(OpStatus.INTEGRITY, "read of 4096 bytes at 8192");
        assertEquals(Category.INTEGRITY, thrown.category());
        assertTrue(thrown.getMessage().startsWith("read of 4096 bytes at 8192: the stored data"), thrown.getMessage());
        assertEquals(Category.OUT_OF_SPACE, OpStatus.category(OpStatus.OUT_OF_SPACE));
        assertEquals(Category.FRESHNESS, OpStatus.category(OpStatus.ANCHOR_FAILED));
        assertEquals(Category.IO, OpStatus.category(OpStatus.POISONED));
        assertEquals(Category.CONFIGURATION, OpStatus.category(OpStatus.READ_ONLY));
        assertThrows(IllegalArgumentException.class, () -> OpStatus.toException(OpStatus.OK, "x"));
    }

    @Test
    void shouldKnowOpcodesAndFlags() {
        assertTrue(OpCode.isKnown(OpCode.WRITE_ZEROES));
        assertFalse(OpCode.isKnown(0));
        assertFalse(OpCode.isKnown(6));
        assertTrue(OpCode.hasBuffer(OpCode.READ));
        assertFalse(OpCode.hasBuffer(OpCode.TRIM));
        assertTrue(OpCode.changes(OpCode.TRIM));
        assertFalse(OpCode.changes(OpCode.SYNC));
        assertEquals("write-zeroes", OpCode.name(OpCode.WRITE_ZEROES));
        assertTrue(OpFlags.isFua(OpFlags.FUA));
        assertFalse(OpFlags.isKnown(2));
    }
}

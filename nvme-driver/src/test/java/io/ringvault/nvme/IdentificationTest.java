package io.ringvault.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a controller is asked about itself, against the model. */
class IdentificationTest {
    private static final int SIZE = 1 << 20;

    @TempDir
    private Path directory;

    private ModelRig rig(final String parameters) {
        return ModelRig.create(directory.resolve("image"), "mode=inline&" + parameters, SIZE, 1);
    }

    private static Identification of(final ModelRig rig) {
        return new Identification("u", rig.device.controller().admin());
    }

    private static void assertSays(final StorageException.Category category, final String part, final Runnable call) {
        final StorageException thrown = assertThrows(StorageException.class, call::run);
        assertEquals(category, thrown.category());
        assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
    }

    @Test
    void shouldFindTheFirstNamespaceOrTheOneThatIsNamed() {
        try (ModelRig rig = rig("namespaces=3,7")) {
            final NamespaceFacts first = of(rig).namespace(0, 7);
            final NamespaceFacts last = of(rig).namespace(7, 7);
            assertEquals(3, first.id());
            assertEquals(7, last.id());
            assertNotEquals(first.uniqueId(), last.uniqueId());
        }
    }

    @Test
    void shouldSayWhyANamespaceCannotBeUsed() {
        try (ModelRig rig = rig("namespaces=3,7")) {
            for (final int id : new int[] {1, 4, 8}) {
                assertSays(StorageException.Category.CONFIGURATION, "namespace " + id + " is not active",
                    () -> of(rig).namespace(id, 7));
            }
            assertSays(StorageException.Category.IO, "lists namespace 7, but its highest is 6",
                () -> of(rig).namespace(7, 6));
            rig.model.detachNamespaces(false);
            assertSays(StorageException.Category.CONFIGURATION, "no active namespace", () -> of(rig).namespace(0, 7));
        }
    }

    @Test
    void shouldAskAboutTheGuardOnlyWhereMetadataMoves() {
        try (ModelRig rig = rig("ms=64&pi=1")) {
            assertEquals(1, of(rig).namespace(0, 1).protectionType());
        }
    }

    @Test
    void shouldGiveAPrivateCopyThatLaterAnswersDoNotChange() {
        try (ModelRig rig = rig("")) {
            final MemorySegment controller = of(rig).ask("Identify Controller", 1, 0);
            final MemorySegment before = MemorySegment.ofArray(controller.toArray(
                java.lang.foreign.ValueLayout.JAVA_BYTE));
            of(rig).ask("Identify Namespace", 0, 1);
            assertEquals(-1, controller.mismatch(before));
            assertSays(StorageException.Category.IO, "Identify nothing failed: ",
                () -> of(rig).ask("Identify nothing", 0xFF, 0));
        }
    }
}

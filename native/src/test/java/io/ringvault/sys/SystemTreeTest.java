package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemTreeTest {
    @TempDir
    private Path root;
    private SystemTree tree;

    @BeforeEach
    void build() throws IOException {
        tree = new FakeTree(root).file("sys/a/number", "0x10").file("sys/a/text", " two\nlines ")
            .link("sys/a/driver", "../../bus/pci/drivers/nvme").link("sys/b", "a").tree();
    }

    @Test
    void shouldReadWhatIsThere() {
        assertEquals(Optional.of(16L), tree.number("sys/a/number"));
        assertEquals(List.of("two", "lines"), tree.lines("sys/a/text"));
        assertEquals(List.of("driver", "number", "text"), tree.names("sys/a"));
        assertEquals(Optional.of("nvme"), tree.linkName("sys/a/driver"));
        assertEquals(Optional.of("sys/a/text"), tree.resolved("sys/b/text"));
        assertTrue(tree.exists("sys/a/driver"), "a link counts without its target");
        assertTrue(tree.writable("sys/a/text"));
        assertEquals("/sys/a", SystemTree.shown("sys/a"));
        assertEquals(Path.of("/sys"), SystemTree.machine().path("sys"));
    }

    @Test
    void shouldBeEmptyWhenThereIsNothing() {
        assertEquals(Optional.empty(), tree.text("sys/none"));
        assertEquals(Optional.empty(), tree.text("sys/a"));
        assertEquals(Optional.empty(), tree.number("sys/a/text"));
        assertEquals(List.of(), tree.lines("sys/none"));
        assertEquals(List.of(), tree.names("sys/none"));
        assertEquals(Optional.empty(), tree.linkName("sys/a/text"));
        assertEquals(Optional.empty(), tree.resolved("sys/none"));
        assertFalse(tree.exists("sys/none"));
        assertFalse(tree.writable("sys/none"));
    }

    @Test
    void shouldWriteIntoFilesThatExistOnly() throws IOException {
        tree.write("sys/a/number", "7");
        assertEquals("7", tree.text("sys/a/number").orElseThrow().substring(0, 1));
        assertThrows(IOException.class, () -> tree.write("sys/a/new", "7"));
    }
}

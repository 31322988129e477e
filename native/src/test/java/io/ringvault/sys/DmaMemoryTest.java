package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DmaMemoryTest {
    @TempDir
    private Path root;

    /** The contract of a heap, kept by a memfd: no machine of ours has a heap of shared memory. */
    private static final class FakeHeap implements DmaHeap {
        private final List<Long> lengths = new ArrayList<>();
        private final List<Long> syncs = new ArrayList<>();
        private NativeMemory backing;

        @Override
        public int allocate(final long lengthBytes) throws IOException {
            lengths.add(lengthBytes);
            backing = NativeMemory.memfd("fake-heap", lengthBytes, NativeMemory.Pages.BASE);
            return backing.descriptor();
        }

        @Override
        public void sync(final int descriptor, final long flags) {
            assertEquals(backing.descriptor(), descriptor);
            syncs.add(flags);
        }
    }

    private static String flagsOf(final long address) throws IOException {
        boolean inside = false;
        for (final String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                final String[] range = line.substring(0, line.indexOf(' ')).split("-");
                inside = Long.parseUnsignedLong(range[0], 16) <= address
                    && address < Long.parseUnsignedLong(range[1], 16);
            } else if (inside && line.startsWith("VmFlags:")) {
                return line + " ";
            }
        }
        return "";
    }

    private static void assertKeptApart(final DmaMemory memory) throws IOException {
        final String flags = flagsOf(memory.address());
        assertTrue(flags.contains(" dc "), "not inherited by children: " + flags);
        assertTrue(flags.contains(" dd "), "not dumped: " + flags);
    }

    @Test
    void shouldKeepMemoryOutOfForksAndDumpsWhereverItComesFrom() throws IOException {
        for (final DmaMemory.Peer peer : DmaMemory.Peer.values()) {
            for (final long length : new long[] {4096, DmaMemory.HUGE_FROM_BYTES}) {
                try (DmaMemory memory = DmaMemory.allocate("test", length, peer)) {
                    assertKeptApart(memory);
                    assertEquals(length, memory.lengthBytes());
                    assertEquals(0, memory.segment().get(ValueLayout.JAVA_BYTE, length - 1));
                    assertEquals(peer == DmaMemory.Peer.PROCESS, memory.descriptor() >= 0);
                    assertTrue(memory.mappedBytes() % memory.pages().bytes() == 0);
                }
            }
        }
    }

    @Test
    void shouldSayWhichPagesWereObtainedAndWhatWasShort() throws IOException {
        final SystemTree none = new FakeTree(root)
            .file("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "1")
            .file("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "3").tree();
        try (DmaMemory memory = DmaMemory.allocate("test", 4 << 20, DmaMemory.Peer.DEVICE, none, new FakeHeap())) {
            if (memory.pages() == NativeMemory.Pages.BASE) {
                assertTrue(memory.description().contains("anonymous, 4 KiB pages"), memory.description());
                assertTrue(memory.description().contains("1 of 3 are free"), memory.description());
            } else {
                assertEquals("anonymous, 2 MiB pages", memory.description());
            }
            assertEquals(memory.locked(), !memory.description().contains("RLIMIT_MEMLOCK"));
        }
    }

    @Test
    void shouldTakeSharedMemoryForADeviceWhenTheGuestIsConfidential() throws IOException {
        final SystemTree guest = new FakeTree(root).file("dev/tdx_guest", "").tree();
        final FakeHeap heap = new FakeHeap();
        try (DmaMemory memory = DmaMemory.allocate("test", 5000, DmaMemory.Peer.DEVICE, guest, heap)) {
            assertEquals(DmaMemory.Source.SHARED_HEAP, memory.source());
            assertEquals(List.of(8192L), heap.lengths, "whole pages");
            memory.beginAccess(true);
            memory.segment().set(ValueLayout.JAVA_LONG, 4096 / 2, 42);
            memory.endAccess(true);
            memory.beginAccess(false);
            memory.endAccess(false);
            assertEquals(List.of(3L, 7L, 1L, 5L), heap.syncs);
            assertEquals(42, heap.backing.segment().get(ValueLayout.JAVA_LONG, 4096 / 2), "one memory, two views");
            assertKeptApart(memory);
            assertTrue(memory.description().startsWith("dma-buf of system_cc_shared"), memory.description());
        }
    }

    @Test
    void shouldTakeAnOrdinaryMemfdForAProcessWhenTheGuestIsConfidential() throws IOException {
        final SystemTree guest = new FakeTree(root).file("dev/sev-guest", "").tree();
        final FakeHeap heap = new FakeHeap();
        try (DmaMemory memory = DmaMemory.allocate("test", 4096, DmaMemory.Peer.PROCESS, guest, heap)) {
            assertEquals(DmaMemory.Source.MEMFD, memory.source());
            memory.beginAccess(true);
            assertEquals(List.of(), heap.syncs);
        }
    }

    @Test
    void shouldNameTheMissingHeapWhenAConfidentialGuestHasNone() throws IOException {
        final SystemTree guest = new FakeTree(root).file("dev/tdx_guest", "").tree();
        final NativeIoException refused = assertThrows(NativeIoException.class, () -> DmaMemory.allocate("test", 4096,
            DmaMemory.Peer.DEVICE, guest, DmaHeap.kernel(root.resolve("dev/dma_heap/system_cc_shared"))));
        assertTrue(refused.getMessage().contains("system_cc_shared"), refused.getMessage());
        assertEquals(Errno.ENOENT, refused.errno());
    }

    @Test
    void shouldReportTheErrorWhenAFileIsNoHeap() throws IOException {
        new FakeTree(root).file("dev/dma_heap/system_cc_shared", "");
        final NativeIoException refused = assertThrows(NativeIoException.class,
            () -> DmaHeap.kernel(root.resolve("dev/dma_heap/system_cc_shared")).allocate(4096));
        assertEquals("ENOTTY", refused.errnoName());
    }
}

package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class NativeMemoryTest {

    @Test
    void shouldMapZeroedPageAlignedMemoryThatAllThreadsCanUse() throws Exception {
        try (NativeMemory memory = NativeMemory.anonymous(10_000)) {
            final MemorySegment segment = memory.segment();
            assertEquals(10_000, segment.byteSize());
            assertEquals(0, memory.address() % NativeMemory.basePageBytes());
            assertEquals(0, memory.mappedBytes() % NativeMemory.basePageBytes());
            assertEquals(0, segment.get(ValueLayout.JAVA_BYTE, 9_999));
            final Thread thread = new Thread(() -> segment.set(ValueLayout.JAVA_BYTE, 9_999, (byte) 7));
            thread.start();
            thread.join();
            assertEquals(7, segment.get(ValueLayout.JAVA_BYTE, 9_999));
            assertThrows(IndexOutOfBoundsException.class, () -> segment.get(ValueLayout.JAVA_BYTE, 10_000));
        }
    }

    @Test
    void shouldReportThePagesObtainedWhenHugeOnesAreWanted() throws IOException {
        for (final NativeMemory.Pages wanted : NativeMemory.Pages.values()) {
            try (NativeMemory memory = NativeMemory.anonymous(4096, wanted)) {
                assertTrue(memory.pages() == wanted || memory.pages() == NativeMemory.Pages.BASE);
                assertEquals(memory.pages().bytes(), memory.mappedBytes());
                memory.segment().fill((byte) 1);
            }
        }
    }

    @Test
    void shouldShareMemoryBehindItsDescriptor() throws IOException {
        try (NativeMemory memory = NativeMemory.memfd("ringvault-test", 8192, NativeMemory.Pages.HUGE_2M)) {
            memory.segment().set(ValueLayout.JAVA_LONG, 4096, 0x1122334455667788L);
            assertTrue(memory.descriptor() >= 0);
            final Path proc = Path.of("/proc/self/fd/" + memory.descriptor());
            assertTrue(Files.readSymbolicLink(proc).toString().contains("ringvault-test"));
            if (memory.pages() == NativeMemory.Pages.BASE) {
                assertEquals((byte) 0x88, Files.readAllBytes(proc)[4096]);
            }
        }
    }

    @Test
    void shouldExcludeFromDumpAndForkInTheKernelsView() throws IOException {
        try (NativeMemory memory = NativeMemory.anonymous(8 * 4096)) {
            memory.excludeFromDump();
            memory.excludeFromFork();
            final String flags = vmFlags(memory.address());
            assertTrue(flags.contains(" dd"), flags);
            assertTrue(flags.contains(" dc"), flags);
            if (memory.lock()) {
                assertTrue(vmFlags(memory.address()).contains(" lo"));
            }
        }
    }

    private static String vmFlags(final long address) throws IOException {
        boolean inside = false;
        for (final String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                final String[] range = line.split("[ -]");
                inside = Long.parseUnsignedLong(range[0], 16) <= address && address < Long.parseUnsignedLong(range[1],
                    16);
            } else if (inside && line.startsWith("VmFlags:")) {
                return line;
            }
        }
        throw new AssertionError("no mapping at " + Long.toHexString(address));
    }

    @Test
    void shouldRefuseAccessWhenClosed() throws IOException {
        final NativeMemory memory = NativeMemory.anonymous(4096);
        final long address = memory.address();
        assertNotEquals(0, address);
        memory.close();
        memory.close();
        assertThrows(IllegalStateException.class, () -> memory.segment().get(ValueLayout.JAVA_BYTE, 0));
        assertThrows(IllegalStateException.class, memory::lock);
    }

    @Test
    void shouldRefuseNonsenseAndImpossibleLengths() {
        assertThrows(IllegalArgumentException.class, () -> NativeMemory.anonymous(0));
        final NativeIoException failed =
            assertThrows(NativeIoException.class, () -> NativeMemory.anonymous(1L << 60));
        assertEquals("ENOMEM", failed.errnoName());
    }
}

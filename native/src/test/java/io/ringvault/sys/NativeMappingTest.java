package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeMappingTest {
    @TempDir
    private Path folder;

    private static int refusal(final NativeDescriptor file, final long offset, final long length) {
        return assertThrows(NativeIoException.class, () -> NativeMapping.map(file, offset, length, true)).errno();
    }

    @Test
    void shouldRefuseRangesThatAreNotInsideTheFile() throws IOException {
        try (NativeMemory memory = NativeMemory.memfd("small", 8192, NativeMemory.Pages.BASE);
            NativeDescriptor file = NativeDescriptor.duplicate(memory.descriptor())) {
            assertEquals(Errno.EINVAL, refusal(file, 0, 12288));
            assertEquals(Errno.EINVAL, refusal(file, 8192, 4096));
            assertEquals(Errno.EINVAL, refusal(file, 4096, 8192));
            assertEquals(Errno.EINVAL, refusal(file, 512, 4096));
            assertEquals(Errno.EINVAL, refusal(file, 0, 100));
            assertEquals(Errno.EINVAL, refusal(file, -4096, 4096));
            assertEquals(Errno.EINVAL, refusal(file, 0, 0));
            assertEquals(Errno.EINVAL, refusal(file, Long.MAX_VALUE & -4096, 8192));
            NativeMapping.map(file, 4096, 4096, true).close();
        }
    }

    @Test
    void shouldOnlyReadWhenMappedSo() throws IOException {
        try (NativeMemory memory = NativeMemory.memfd("readonly", 4096, NativeMemory.Pages.BASE);
            NativeDescriptor file = NativeDescriptor.duplicate(memory.descriptor());
            NativeMapping mapping = NativeMapping.map(file, 0, 4096, false)) {
            memory.segment().set(ValueLayout.JAVA_INT, 0, 5);
            assertEquals(5, mapping.segment().get(ValueLayout.JAVA_INT, 0));
            assertTrue(mapping.segment().isReadOnly());
        }
    }

    @Test
    void shouldThrowWhenUsedAfterClose() throws IOException {
        try (NativeMemory memory = NativeMemory.memfd("closed", 4096, NativeMemory.Pages.BASE);
            NativeDescriptor file = NativeDescriptor.duplicate(memory.descriptor())) {
            final NativeMapping mapping = NativeMapping.map(file, 0, 4096, true);
            final MemorySegment segment = mapping.segment();
            mapping.close();
            mapping.close();
            assertThrows(IllegalStateException.class, () -> segment.get(ValueLayout.JAVA_INT, 0));
        }
    }

    /** What the class promises about a file that shrinks: an error in the thread, and the JVM lives. */
    @Test
    void shouldThrowAnErrorAndNotEndTheJvmWhenTheFileIsShrunk() throws IOException {
        final Path path = folder.resolve("file");
        Files.write(path, new byte[8192]);
        try (NativeFile shrinking = NativeFile.open(path, NativeFile.Option.READ_WRITE);
            NativeDescriptor file = openedAgain(path);
            NativeMapping mapping = NativeMapping.map(file, 0, 8192, true)) {
            shrinking.truncate(0);
            assertThrows(InternalError.class, () -> {
                mapping.segment().set(ValueLayout.JAVA_INT, 4096, 1);
                Thread.onSpinWait();
            });
            assertEquals(0, file.sizeBytes());
        }
    }

    /** Sealed memory cannot be shrunk, not even by whoever holds its descriptor. */
    @Test
    void shouldKeepItsSizeWhenMemoryWasMadeToBeShared() throws IOException {
        try (NativeMemory memory = NativeMemory.memfd("sealed", 8192, NativeMemory.Pages.BASE)) {
            final Path other = Path.of("/proc/self/fd/" + memory.descriptor());
            assertThrows(IOException.class, () -> Files.newByteChannel(other, java.nio.file.StandardOpenOption.WRITE)
                .truncate(0));
            memory.segment().set(ValueLayout.JAVA_INT, 4096, 1);
        }
    }

    private static NativeDescriptor openedAgain(final Path path) throws IOException {
        // The class opens no files by path; the kernel's view of this process has a descriptor for each open stream.
        try (java.io.RandomAccessFile file = new java.io.RandomAccessFile(path.toFile(), "rw");
            var all = Files.list(Path.of("/proc/self/fd"))) {
            for (final Path each : all.toList()) {
                if (Files.isSymbolicLink(each) && Files.readSymbolicLink(each).equals(path.toRealPath())) {
                    final int number = Integer.parseInt(each.getFileName().toString());
                    final NativeDescriptor copy = NativeDescriptor.duplicate(number);
                    file.length();
                    return copy;
                }
            }
        }
        throw new AssertionError("no descriptor of " + path);
    }
}

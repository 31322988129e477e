package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeFileTest {
    @TempDir
    private Path directory;

    private NativeFile create(final String name) throws IOException {
        return NativeFile.open(directory.resolve(name), NativeFile.Option.READ_WRITE, NativeFile.Option.CREATE);
    }

    @Test
    void shouldReadBackWhatWasWrittenWhenTransfersAreLarge() throws IOException {
        final byte[] content = new byte[3 << 20];
        new Random(1).nextBytes(content);
        try (NativeFile file = create("a"); Arena arena = Arena.ofConfined()) {
            final MemorySegment out = arena.allocate(content.length + 7);
            MemorySegment.copy(content, 0, out, ValueLayout.JAVA_BYTE, 7, content.length);
            file.write(4096, out, 7, content.length);
            file.dataSync();
            file.sync();
            final MemorySegment in = arena.allocate(content.length + 3);
            file.readFully(4096, in, 3, content.length);
            assertArrayEquals(content, in.asSlice(3).toArray(ValueLayout.JAVA_BYTE));
            assertEquals(4096 + content.length, file.sizeBytes());
            assertFalse(file.isBlockDevice());
            assertEquals(512, file.logicalBlockBytes());
        }
        assertEquals(4096L + content.length, Files.size(directory.resolve("a")));
    }

    @Test
    void shouldReportEndOfFileWhenReadingBeyondIt() throws IOException {
        try (NativeFile file = create("short"); Arena arena = Arena.ofConfined()) {
            file.truncate(1000);
            final MemorySegment buffer = arena.allocate(4096);
            assertEquals(1000, file.read(0, buffer, 0, 4096));
            final NativeIoException failed =
                assertThrows(NativeIoException.class, () -> file.readFully(0, buffer, 0, 4096));
            assertEquals("EOF", failed.errnoName());
            assertTrue(failed.getMessage().contains("1000 of 4096"), failed.getMessage());
        }
    }

    @Test
    void shouldRefuseARangeOutsideTheSegment() throws IOException {
        try (NativeFile file = create("bounds"); Arena arena = Arena.ofConfined()) {
            final MemorySegment buffer = arena.allocate(16);
            assertThrows(IndexOutOfBoundsException.class, () -> file.write(0, buffer, 8, 9));
            assertThrows(IndexOutOfBoundsException.class, () -> file.read(0, buffer, -1, 1));
            assertEquals(0, file.sizeBytes());
        }
    }

    @Test
    void shouldSayInUseWhenAnotherDescriptorHoldsTheLock() throws IOException {
        try (NativeFile first = create("lock"); NativeFile second = create("lock")) {
            assertEquals(NativeFile.LockResult.ACQUIRED, first.tryLock(true));
            assertEquals(NativeFile.LockResult.IN_USE, second.tryLock(true));
            assertEquals(NativeFile.LockResult.IN_USE, second.tryLock(false));
            first.unlock();
            assertEquals(NativeFile.LockResult.ACQUIRED, second.tryLock(false));
            assertEquals(NativeFile.LockResult.ACQUIRED, first.tryLock(false));
            assertEquals(NativeFile.LockResult.IN_USE, first.tryLock(true));
            second.close();
            assertEquals(NativeFile.LockResult.ACQUIRED, first.tryLock(true));
        }
    }

    @Test
    void shouldCarryErrnoOperationAndPathWhenACallFails() {
        final Path missing = directory.resolve("missing");
        final NativeIoException failed = assertThrows(NativeIoException.class, () -> NativeFile.open(missing));
        assertEquals(Errno.ENOENT, failed.errno());
        assertEquals("ENOENT", failed.errnoName());
        assertEquals("open", failed.operation());
        assertEquals(missing.toString(), failed.path());
        assertEquals("open " + missing + ": ENOENT, no such file", failed.getMessage());
    }

    @Test
    void shouldRefuseWritesWhenOpenedReadOnly() throws IOException {
        create("ro").close();
        try (NativeFile file = NativeFile.open(directory.resolve("ro")); Arena arena = Arena.ofConfined()) {
            assertFalse(file.writable());
            final NativeIoException failed =
                assertThrows(NativeIoException.class, () -> file.write(0, arena.allocate(8), 0, 8));
            assertEquals("EBADF", failed.errnoName());
        }
        assertThrows(IllegalArgumentException.class,
            () -> NativeFile.open(directory.resolve("x"), NativeFile.Option.CREATE));
    }

    @Test
    void shouldHonourExclusiveCreationAndNoFollow() throws IOException {
        create("one").close();
        final NativeIoException exists = assertThrows(NativeIoException.class, () ->
            NativeFile.open(directory.resolve("one"),
            NativeFile.Option.READ_WRITE, NativeFile.Option.CREATE, NativeFile.Option.EXCLUSIVE));
        assertEquals("EEXIST", exists.errnoName());
        final Path link = Files.createSymbolicLink(directory.resolve("link"), directory.resolve("one"));
        final NativeIoException loop =
            assertThrows(NativeIoException.class, () -> NativeFile.open(link, NativeFile.Option.NO_FOLLOW));
        assertEquals("ELOOP", loop.errnoName());
        NativeFile.open(link).close();
    }

    @Test
    void shouldZeroWhatIsPunchedWhenTheFileSystemCan() throws IOException {
        try (NativeFile file = create("hole"); Arena arena = Arena.ofConfined()) {
            final MemorySegment buffer = arena.allocate(16384);
            buffer.fill((byte) 0x5a);
            file.write(0, buffer, 0, 16384);
            final boolean punched = file.punchHole(4096, 4096);
            final boolean zeroed = file.zeroRange(8192, 4096);
            file.readFully(0, buffer, 0, 16384);
            assertEquals(0x5a, buffer.get(ValueLayout.JAVA_BYTE, 4095));
            assertEquals(punched ? 0 : 0x5a, buffer.get(ValueLayout.JAVA_BYTE, 4096));
            assertEquals(zeroed ? 0 : 0x5a, buffer.get(ValueLayout.JAVA_BYTE, 12287));
            assertEquals(0x5a, buffer.get(ValueLayout.JAVA_BYTE, 12288));
            assertEquals(16384, file.sizeBytes());
            if (file.allocate(0, 65536)) {
                assertEquals(65536, file.sizeBytes());
            }
        }
    }

    @Test
    void shouldWriteThroughWhenOpenedWithDsync() throws IOException {
        final Path path = directory.resolve("dsync");
        try (NativeFile file = NativeFile.open(path, NativeFile.Option.READ_WRITE, NativeFile.Option.CREATE,
            NativeFile.Option.DSYNC); Arena arena = Arena.ofConfined()) {
            file.write(0, arena.allocateFrom("durable"), 0, 7);
            final String flags = Files.readString(Path.of("/proc/self/fdinfo/" + file.descriptor()));
            final int octal = Integer.parseInt(flags.lines().filter(l -> l.startsWith("flags:")).findFirst()
                .orElseThrow()
                .substring(6).trim(), 8);
            assertEquals(0x1000, octal & 0x1000);
        }
        NativeFile.syncDirectory(directory);
        assertEquals("durable", Files.readString(path));
    }

    @Test
    void shouldThrowClearlyWhenUsedAfterClose() throws IOException {
        final NativeFile file = create("closed");
        file.close();
        file.close();
        final IllegalStateException thrown = assertThrows(IllegalStateException.class, file::sizeBytes);
        assertTrue(thrown.getMessage().endsWith("closed is closed"), thrown.getMessage());
        assertThrows(IllegalStateException.class, file::descriptor);
    }
}

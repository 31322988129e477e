package io.ringvault.sys;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibcCallsTest {
    private static final int PAGE = 4096;

    private final SystemCalls calls = SystemCalls.real();
    @TempDir
    private Path folder;

    @Test
    void shouldReadWriteAndMapTheSameBytes() throws Exception {
        final Path file = Files.write(folder.resolve("file"), new byte[2 * PAGE]);
        final int descriptor = calls.open(file, true);
        try (Arena arena = Arena.ofConfined(); Mapping mapping = calls.map(descriptor, PAGE, PAGE)) {
            final MemorySegment bytes = arena.allocate(JAVA_LONG);
            bytes.set(JAVA_LONG, 0, 0x1122_3344_5566_7788L);
            calls.write(descriptor, PAGE + 16, bytes);
            assertEquals(0x1122_3344_5566_7788L, mapping.segment().get(JAVA_LONG, 16));
            mapping.segment().set(JAVA_LONG, 0, 42);
            calls.read(descriptor, PAGE, bytes);
            assertEquals(42, bytes.get(JAVA_LONG, 0));
            final NativeIoException end = assertThrows(NativeIoException.class, () ->
                calls.read(descriptor, 2 * PAGE, bytes));
            assertEquals(0, end.errno());
            mapping.close();
            assertThrows(IllegalStateException.class, () -> mapping.segment().get(JAVA_LONG, 0));
        } finally {
            calls.close(descriptor);
        }
    }

    @Test
    void shouldTellTheErrnoWhenTheKernelRefuses() throws Exception {
        assertEquals(Errno.ENOENT, assertThrows(NativeIoException.class, () ->
            calls.open(folder.resolve("absent"), false)).errno());
        final int descriptor = calls.open(Files.createFile(folder.resolve("empty")), false);
        try {
            final NativeIoException wrong = assertThrows(NativeIoException.class, () ->
                calls.ioctl("VFIO_GET_API_VERSION", descriptor, LinuxVfio.VFIO_GET_API_VERSION, 0));
            assertEquals(Errno.ENOTTY, wrong.errno());
            assertEquals("VFIO_GET_API_VERSION", wrong.operation());
            assertThrows(NativeIoException.class, () -> calls.map(descriptor, 0, PAGE));
        } finally {
            calls.close(descriptor);
        }
    }

    @Test
    void shouldSeeAnEventOnlyAfterItWasRaised() throws Exception {
        final int event = calls.eventDescriptor();
        try (Arena arena = Arena.ofConfined()) {
            assertFalse(calls.readable(event));
            final MemorySegment one = arena.allocate(JAVA_LONG);
            one.set(JAVA_LONG, 0, 1);
            // An event counter has no offsets: pwrite, which the module has, is refused.
            final Linker linker = Linker.nativeLinker();
            final MethodHandle write = linker.downcallHandle(linker.defaultLookup().findOrThrow("write"),
                FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
            assertEquals(8, (long) write.invokeExact(event, one, 8L));
            assertTrue(calls.readable(event));
        } catch (final Throwable thrown) {
            throw new AssertionError(thrown);
        } finally {
            calls.close(event);
        }
    }
}

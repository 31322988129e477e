package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import jnr.ffi.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every call of {@link Libc} made twice with the same random arguments, good and bad: through our handles and through
 * jnr-ffi, on two files that start equal. Result, errno, data and the files must stay equal. A wrong type, a wrong
 * argument order, a missing sign extension or an errno read too late shows here. {@code -Dseed=} repeats a run.
 */
class LibcDifferentialTest {
    private static final int STEPS = 3000;
    private static final int BUFFER_BYTES = 1 << 14;
    private static final int NAMES = 3;

    /** What is compared of one call. */
    private record Outcome(long result, int errno) {
        static Outcome of(final long result, final int errno) {
            return new Outcome(result, result == -1 ? errno : 0);
        }
    }

    /** One binding with its own files, descriptors and buffer. */
    private interface Side {
        long call(Operation operation, long[] arguments, String path) throws Throwable;

        int errno();

        byte[] buffer();

        void fill(byte[] bytes);
    }

    private enum Operation {
        OPEN, CLOSE, FLOCK, PREAD, PWRITE, FSYNC, FDATASYNC, FTRUNCATE, FALLOCATE, LSEEK, IOCTL, MMAP_BAD, MADVISE_BAD,
        MUNMAP_BAD, MLOCK_BAD, MEMFD, GETPAGESIZE, GETAFFINITY, SETAFFINITY_NONE, GETRANDOM_BAD
    }

    private static final class Ours implements Side {
        private final MemorySegment capture = Libc.capture();
        private final MemorySegment memory;
        private final Arena arena;

        Ours(final Arena arena) {
            this.arena = arena;
            this.memory = arena.allocate(BUFFER_BYTES, 4096);
        }

        @Override
        public long call(final Operation operation, final long[] a, final String path) throws Throwable {
            final int fd = (int) a[0];
            return switch (operation) {
                case OPEN -> (int) Libc.OPEN.invokeExact(capture, arena.allocateFrom(path), (int) a[1], (int) a[2]);
                case CLOSE -> (int) Libc.CLOSE.invokeExact(capture, fd);
                case FLOCK -> (int) Libc.FLOCK.invokeExact(capture, fd, (int) a[1]);
                case PREAD -> (long) Libc.PREAD.invokeExact(capture, fd, memory, a[1], a[2]);
                case PWRITE -> (long) Libc.PWRITE.invokeExact(capture, fd, memory, a[1], a[2]);
                case FSYNC -> (int) Libc.FSYNC.invokeExact(capture, fd);
                case FDATASYNC -> (int) Libc.FDATASYNC.invokeExact(capture, fd);
                case FTRUNCATE -> (int) Libc.FTRUNCATE.invokeExact(capture, fd, a[1]);
                case FALLOCATE -> (int) Libc.FALLOCATE.invokeExact(capture, fd, (int) a[3], a[1], a[2]);
                case LSEEK -> (long) Libc.LSEEK.invokeExact(capture, fd, a[1], (int) a[2]);
                case IOCTL -> (int) Libc.IOCTL.invokeExact(capture, fd, a[1], memory);
                case MMAP_BAD -> (long) Libc.MMAP.invokeExact(capture, MemorySegment.NULL, a[1], (int) a[2],
                    (int) a[3], fd, a[4]);
                case MADVISE_BAD -> (int) Libc.MADVISE.invokeExact(capture, MemorySegment.ofAddress(a[1]), a[2],
                    (int) a[3]);
                case MUNMAP_BAD -> (int) Libc.MUNMAP.invokeExact(capture, MemorySegment.ofAddress(a[1]), a[2]);
                case MLOCK_BAD -> (int) Libc.MLOCK.invokeExact(capture, MemorySegment.ofAddress(a[1]), a[2]);
                case MEMFD -> (int) Libc.MEMFD_CREATE.invokeExact(capture, arena.allocateFrom(path), (int) a[1]);
                case GETPAGESIZE -> (int) Libc.GETPAGESIZE.invokeExact(capture);
                case GETAFFINITY -> (int) Libc.SCHED_GETAFFINITY.invokeExact(capture, (int) a[1], a[2], memory);
                case SETAFFINITY_NONE -> (int) Libc.SCHED_SETAFFINITY.invokeExact(capture, (int) a[1], a[2], memory);
                case GETRANDOM_BAD -> (long) Libc.GETRANDOM.invokeExact(capture, memory, a[1], (int) a[2]);
            };
        }

        @Override
        public int errno() {
            return Libc.errno(capture);
        }

        @Override
        public byte[] buffer() {
            return memory.toArray(ValueLayout.JAVA_BYTE);
        }

        @Override
        public void fill(final byte[] bytes) {
            MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
        }
    }

    private static final class Jnr implements Side {
        private final JnrLibc libc = JnrLibc.LIBC;
        private final Pointer memory = JnrLibc.RUNTIME.getMemoryManager().allocateDirect(BUFFER_BYTES, true);

        @Override
        public long call(final Operation operation, final long[] a, final String path) {
            final int fd = (int) a[0];
            return switch (operation) {
                case OPEN -> libc.open(path, (int) a[1], (int) a[2]);
                case CLOSE -> libc.close(fd);
                case FLOCK -> libc.flock(fd, (int) a[1]);
                case PREAD -> libc.pread(fd, memory, a[1], a[2]);
                case PWRITE -> libc.pwrite(fd, memory, a[1], a[2]);
                case FSYNC -> libc.fsync(fd);
                case FDATASYNC -> libc.fdatasync(fd);
                case FTRUNCATE -> libc.ftruncate(fd, a[1]);
                case FALLOCATE -> libc.fallocate(fd, (int) a[3], a[1], a[2]);
                case LSEEK -> libc.lseek(fd, a[1], (int) a[2]);
                case IOCTL -> libc.ioctl(fd, a[1], memory);
                case MMAP_BAD -> libc.mmap(null, a[1], (int) a[2], (int) a[3], fd, a[4]);
                case MADVISE_BAD -> libc.madvise(a[1], a[2], (int) a[3]);
                case MUNMAP_BAD -> libc.munmap(a[1], a[2]);
                case MLOCK_BAD -> libc.mlock(a[1], a[2]);
                case MEMFD -> libc.memfd_create(path, (int) a[1]);
                case GETPAGESIZE -> libc.getpagesize();
                case GETAFFINITY -> libc.sched_getaffinity((int) a[1], a[2], memory);
                case SETAFFINITY_NONE -> libc.sched_setaffinity((int) a[1], a[2], memory);
                case GETRANDOM_BAD -> libc.getrandom(memory, a[1], (int) a[2]);
            };
        }

        @Override
        public int errno() {
            return JnrLibc.RUNTIME.getLastError();
        }

        @Override
        public byte[] buffer() {
            final byte[] bytes = new byte[BUFFER_BYTES];
            memory.get(0, bytes, 0, bytes.length);
            return bytes;
        }

        @Override
        public void fill(final byte[] bytes) {
            memory.put(0, bytes, 0, bytes.length);
        }
    }

    @TempDir
    private Path folder;
    private final long seed = Long.getLong("seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final Map<Operation, List<Integer>> errnos = new EnumMap<>(Operation.class);

    @Test
    void shouldAgreeWithAnIndependentBindingOnResultErrnoAndData() throws Throwable {
        final Path ourFolder = Files.createDirectory(folder.resolve("a"));
        final Path theirFolder = Files.createDirectory(folder.resolve("b"));
        final List<int[]> open = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            final Side ours = new Ours(arena);
            final Side theirs = new Jnr();
            for (int step = 0; step < STEPS; step++) {
                step(step, ours, theirs, ourFolder.toString(), theirFolder.toString(), open);
            }
            for (final int[] pair : open) {
                ours.call(Operation.CLOSE, new long[] {pair[0]}, "");
                theirs.call(Operation.CLOSE, new long[] {pair[1]}, "");
            }
        }
        for (int i = 0; i < NAMES; i++) {
            assertEqualFiles(ourFolder.resolve("f" + i), theirFolder.resolve("f" + i));
        }
        assertTrue(errnos.size() == Operation.values().length, () -> "every call was made: " + errnos.keySet());
        assertTrue(errnos.values().stream().flatMap(List::stream).distinct().count() > 5,
            () -> "failures were seen too, seed " + seed + ": " + errnos);
    }

    private void step(final int step, final Side ours, final Side theirs, final String ourFolder,
        final String theirFolder, final List<int[]> open) throws Throwable {
        final Operation operation = Operation.values()[random.nextInt(Operation.values().length)];
        final long[] arguments = arguments(operation);
        final int[] pair = open.isEmpty() || random.nextInt(8) == 0 ? new int[] {-1 - random.nextInt(2), 0}
            : open.get(random.nextInt(open.size()));
        if (operation == Operation.CLOSE) {
            open.remove(pair);
        }
        final String name = "/" + (random.nextInt(6) == 0 ? "none/x" : "f" + random.nextInt(NAMES));
        if (operation == Operation.PWRITE || operation == Operation.SETAFFINITY_NONE) {
            final byte[] bytes = new byte[BUFFER_BYTES];
            if (operation == Operation.PWRITE) {
                random.nextBytes(bytes);
            }
            ours.fill(bytes);
            theirs.fill(bytes);
        }
        final boolean memfd = operation == Operation.MEMFD;
        arguments[0] = pair[0];
        final Outcome our = outcome(ours, operation, arguments, memfd ? "differential" : ourFolder + name);
        arguments[0] = pair[0] < 0 ? pair[0] : pair[1];
        final Outcome their = outcome(theirs, operation, arguments, memfd ? "differential" : theirFolder + name);
        final String what = "seed " + seed + ", step " + step + ": " + operation + java.util.Arrays.toString(arguments);
        errnos.computeIfAbsent(operation, each -> new ArrayList<>()).add(our.errno);
        if ((operation == Operation.OPEN || memfd) && our.result >= 0 && their.result >= 0) {
            open.add(new int[] {(int) our.result, (int) their.result});
            if (open.size() > 64) {
                final int[] oldest = open.removeFirst();
                ours.call(Operation.CLOSE, new long[] {oldest[0]}, "");
                theirs.call(Operation.CLOSE, new long[] {oldest[1]}, "");
            }
        } else {
            assertEquals(our, their, what);
        }
        if (operation == Operation.PREAD || operation == Operation.GETAFFINITY) {
            assertArrayEquals(prefix(ours, our.result), prefix(theirs, their.result), what);
        }
    }

    private static Outcome outcome(final Side side, final Operation operation, final long[] arguments,
        final String path) throws Throwable {
        final long result = side.call(operation, arguments, path);
        return Outcome.of(result, side.errno());
    }

    private static byte[] prefix(final Side side, final long length) {
        return java.util.Arrays.copyOf(side.buffer(), (int) Math.max(0, length));
    }

    private long[] arguments(final Operation operation) {
        final long[] a = new long[5];
        switch (operation) {
            case OPEN -> {
                a[1] = pick(Libc.O_RDONLY, Libc.O_RDWR, Libc.O_RDWR | Libc.O_CREAT, Libc.O_RDWR | Libc.O_CREAT,
                    Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL, Libc.O_RDONLY | Libc.O_DIRECTORY,
                    Libc.O_RDWR | Libc.O_DSYNC) | Libc.O_CLOEXEC;
                a[2] = 0600;
            }
            case FLOCK -> a[1] = pick(Libc.LOCK_SH, Libc.LOCK_EX, Libc.LOCK_UN, 77) | Libc.LOCK_NB;
            case PREAD, PWRITE -> {
                a[1] = random.nextInt(BUFFER_BYTES + 1);
                a[2] = random.nextInt(8) == 0 ? pick(-1, Long.MIN_VALUE, Long.MAX_VALUE) : random.nextInt(1 << 16);
            }
            case FTRUNCATE -> a[1] = random.nextInt(6) == 0 ? -1 : random.nextInt(1 << 16);
            case FALLOCATE -> {
                a[1] = random.nextInt(6) == 0 ? -5 : random.nextInt(1 << 16);
                a[2] = random.nextInt(1 << 14);
                a[3] = pick(0, Libc.FALLOC_FL_KEEP_SIZE, Libc.FALLOC_FL_PUNCH_HOLE,
                    Libc.FALLOC_FL_PUNCH_HOLE | Libc.FALLOC_FL_KEEP_SIZE, Libc.FALLOC_FL_ZERO_RANGE, 1 << 30);
            }
            case LSEEK -> {
                a[1] = random.nextInt(1 << 16) - 1000L;
                a[2] = random.nextBoolean() ? Libc.SEEK_END : random.nextInt(8);
            }
            case IOCTL -> a[1] = pick(Libc.BLKGETSIZE64, Libc.BLKSSZGET, 0x5401L, 0xFFFF_FFFFL);
            case MMAP_BAD -> {
                a[1] = pick(0, -1, 4096);
                a[2] = Libc.PROT_READ;
                a[3] = a[1] == 4096 ? 0 : Libc.MAP_PRIVATE;
                a[4] = a[1] == 4096 ? 0 : 1;
            }
            case MADVISE_BAD -> {
                a[1] = pick(1, 4096);
                a[2] = 4096;
                a[3] = pick(Libc.MADV_DONTFORK, Libc.MADV_DONTDUMP, 4711);
            }
            case MUNMAP_BAD -> {
                a[1] = pick(1, 4097);
                a[2] = pick(0, 4096);
            }
            case MLOCK_BAD -> {
                a[1] = 4096;
                a[2] = 4096;
            }
            case MEMFD -> a[1] = pick(Libc.MFD_CLOEXEC, 0x4000_0000);
            case GETAFFINITY, SETAFFINITY_NONE -> {
                a[1] = pick(0, 0, -1, Integer.MAX_VALUE);
                a[2] = operation == Operation.GETAFFINITY ? pick(128, 1024, 3, 0) : 128;
            }
            case GETRANDOM_BAD -> {
                a[1] = pick(0, 16);
                a[2] = a[1] == 0 ? 0 : 1 << 20;
            }
            default -> {
                // No arguments beyond the descriptor.
            }
        }
        return a;
    }

    private long pick(final long... values) {
        return values[random.nextInt(values.length)];
    }

    private void assertEqualFiles(final Path ours, final Path theirs) throws Exception {
        assertEquals(Files.exists(ours), Files.exists(theirs), "seed " + seed);
        if (Files.exists(ours)) {
            assertArrayEquals(Files.readAllBytes(ours), Files.readAllBytes(theirs), "seed " + seed);
        }
    }
}

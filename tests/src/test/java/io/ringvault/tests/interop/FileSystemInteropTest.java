package io.ringvault.tests.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/**
 * An ext4 file system with a real tree of at least 300 MB: in through qemu-img, compared, restarted, read back,
 * checked, mounted.
 */
class FileSystemInteropTest {
    private static final long TREE_BYTES = 300L * 1000 * 1000;
    @TempDir
    private Path folder;

    @Test
    void shouldCarryARealExt4TreeAcrossARestart() throws Exception {
        Tools.require("mkfs.ext4", "e2fsck", "qemu-img", "nbdcopy");
        final String image = folder.resolve("ext4.raw").toString();
        makeImage(image);
        try (InteropFixture fixture = new InteropFixture(folder, String.valueOf(Files.size(Path.of(image))))) {
            Processes.run(120, "qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", image, fixture.uri()).expect(0);
            compare(image, fixture);
            fixture.restart();
            compare(image, fixture);
            final Path back = folder.resolve("back.raw");
            Processes.run(120, "nbdcopy", fixture.uri(), back.toString()).expect(0);
            Processes.run(120, Tools.find("e2fsck"), "-fn", back.toString()).expect(0);
            Files.delete(back);
            fixture.stop();
            fixture.verify();
        }
    }

    private static void compare(final String image, final InteropFixture fixture) throws Exception {
        final Processes.Result result = Processes.run(120, "qemu-img", "compare", "-f", "raw", "-F", "raw", image,
            fixture.uri());
        assertTrue(result.expect(0).out().contains("identical"), result.out());
    }

    private void makeImage(final String image) throws Exception {
        final Path tree = tree();
        try (var file = new java.io.RandomAccessFile(image, "rw")) {
            file.setLength(448L << 20);
        }
        final Processes.Result made = Processes.run(120, Tools.find("mkfs.ext4"), "-q", "-F", "-d", tree.toString(),
            image);
        made.expect(0);
    }

    /** The JDK itself, or the parts of /usr/lib, whichever first is large enough and fits. */
    private Path tree() throws IOException {
        final long jdk = sizeOf(Path.of(System.getProperty("java.home")));
        if (jdk >= TREE_BYTES) {
            return Path.of(System.getProperty("java.home"));
        }
        final Path own = Files.createDirectories(folder.resolve("tree"));
        long size = 0;
        try (Stream<Path> all = Files.walk(Path.of("/usr/lib"))) {
            final var files = all.filter(path -> Files.isRegularFile(path) && !Files.isSymbolicLink(path)
                && Files.isReadable(path)).iterator();
            int number = 0;
            while (size < TREE_BYTES + (5 << 20) && files.hasNext()) {
                final Path file = files.next();
                final Path into = Files.createDirectories(own.resolve("d" + number++ / 100));
                Files.copy(file, into.resolve(number + "-" + file.getFileName()));
                size += Files.size(file);
            }
        }
        if (size < TREE_BYTES) {
            throw new IOException("no tree of 300 MB found on this machine: " + size);
        }
        return own;
    }

    private static long sizeOf(final Path tree) throws IOException {
        try (Stream<Path> all = Files.walk(tree)) {
            return all.filter(Files::isRegularFile).mapToLong(path -> path.toFile().length()).sum();
        }
    }

    @Test
    void shouldBeMountedThroughNbdfuseAndALoopDevice() throws Exception {
        Tools.require("nbdfuse", "mkfs.ext4", "e2fsck", "mount", "losetup", "nbdcopy");
        Tools.require(Files.isWritable(Path.of("/dev/fuse")), "/dev/fuse");
        Tools.require(Files.isWritable(Path.of("/dev/loop-control")), "/dev/loop-control, writable (root)");
        final Path file = Files.createFile(folder.resolve("disk"));
        final Path mountPoint = Files.createDirectories(folder.resolve("mnt"));
        final byte[] written = new byte[3_000_001];
        new Random(77).nextBytes(written);
        try (InteropFixture fixture = new InteropFixture(folder, "64M")) {
            mounted(fixture, file, mountPoint, true, () -> {
                Files.write(mountPoint.resolve("one"), written);
                Files.createDirectories(mountPoint.resolve("a/b"));
                Files.write(mountPoint.resolve("a/b/two"), written);
                Files.delete(mountPoint.resolve("one"));
                Processes.run(60, "sync", "-f", mountPoint.toString()).expect(0);
            });
            fixture.restart();
            mounted(fixture, file, mountPoint, false, () -> {
                assertArrayEquals(written, Files.readAllBytes(mountPoint.resolve("a/b/two")));
                assertFalse(Files.exists(mountPoint.resolve("one")));
            });
            final Path back = folder.resolve("mounted.raw");
            Processes.run(120, "nbdcopy", fixture.uri(), back.toString()).expect(0);
            Processes.run(120, Tools.find("e2fsck"), "-fn", back.toString()).expect(0);
            fixture.stop();
            fixture.verify();
        }
    }

    private void mounted(final InteropFixture fixture, final Path file, final Path mountPoint, final boolean make,
        final Executable work) throws Exception {
        final Process fuse = new ProcessBuilder("nbdfuse", file.toString(), fixture.uri()).redirectErrorStream(true)
            .redirectOutput(folder.resolve("nbdfuse.log").toFile()).start();
        try {
            for (int i = 0; i < 400 && Files.size(file) == 0 && fuse.isAlive(); i++) {
                Thread.sleep(25);
            }
            Tools.require(Files.size(file) > 0, "nbdfuse that works: "
                + Files.readString(folder.resolve("nbdfuse.log")));
            if (make) {
                Processes.run(60, Tools.find("mkfs.ext4"), "-q", "-F", file.toString()).expect(0);
            }
            final Processes.Result mount = Processes.run(60, "mount", "-o", "loop", file.toString(),
                mountPoint.toString());
            Tools.require(mount.exit() == 0, "a loop mount that works: " + mount.err());
            try {
                work.execute();
            } catch (final Throwable failed) {
                throw new AssertionError("in the mounted file system: " + failed, failed);
            } finally {
                Processes.run(60, "umount", mountPoint.toString()).expect(0);
            }
        } finally {
            final String unmount = Tools.find("fusermount3") != null ? "fusermount3" : "fusermount";
            for (int i = 0; i < 40 && fuse.isAlive(); i++) {
                Processes.run(30, unmount, "-u", file.toString());
                fuse.waitFor(250, TimeUnit.MILLISECONDS);
            }
            fuse.destroyForcibly().waitFor();
        }
    }
}

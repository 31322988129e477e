package io.ringvault.sys;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The system's own files, {@code /proc}, {@code /sys} and {@code /dev}, below a root that tests replace by a folder of
 * their own. What is missing or unreadable is empty, never an exception: whoever asks decides what absence means.
 *
 * <p>Control plane, any thread. Reads only, but for {@link #write}.
 */
public final class SystemTree {
    private static final int LARGEST_FILE_BYTES = 1 << 20;

    private final Path root;

    private SystemTree(final Path root) {
        this.root = root;
    }

    /** The machine that this process runs on. */
    public static SystemTree machine() {
        return new SystemTree(Path.of("/"));
    }

    /** A tree below {@code root}, for tests and for containers that mount the host's elsewhere. */
    public static SystemTree below(final Path root) {
        return new SystemTree(root);
    }

    /** The path of a file of the tree; {@code path} without a leading slash, for example {@code proc/cpuinfo}. */
    public Path path(final String path) {
        return root.resolve(path);
    }

    /** What the machine itself calls the file: the path with a leading slash, for messages and commands. */
    public static String shown(final String path) {
        return "/" + path;
    }

    /** Whether the file, folder or link exists. A link counts although its target may be missing. */
    public boolean exists(final String path) {
        return Files.exists(root.resolve(path), LinkOption.NOFOLLOW_LINKS);
    }

    /** Whether this process may read and write the file. */
    public boolean writable(final String path) {
        final Path file = root.resolve(path);
        return Files.isReadable(file) && Files.isWritable(file);
    }

    /** The text of a file without white space around it; at most 1 MiB is read. */
    public Optional<String> text(final String path) {
        try (var in = Files.newInputStream(root.resolve(path))) {
            return Optional.of(new String(in.readNBytes(LARGEST_FILE_BYTES), StandardCharsets.UTF_8).strip());
        } catch (final IOException absent) {
            return Optional.empty();
        }
    }

    /** The lines of a file; none when it is missing. */
    public List<String> lines(final String path) {
        return text(path).map(text -> text.lines().toList()).orElse(List.of());
    }

    /** The number in a file: decimal, or hexadecimal after {@code 0x}. */
    public Optional<Long> number(final String path) {
        return text(path).flatMap(text -> {
            try {
                return Optional.of(Long.decode(text));
            } catch (final NumberFormatException other) {
                return Optional.empty();
            }
        });
    }

    /** The names in a folder, sorted; none when it is missing. */
    public List<String> names(final String path) {
        try (Stream<Path> entries = Files.list(root.resolve(path))) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        } catch (final IOException absent) {
            return List.of();
        }
    }

    /** The last part of what a symbolic link points to: how sysfs names a driver, a group, a parent. */
    public Optional<String> linkName(final String path) {
        try {
            return Optional.of(Files.readSymbolicLink(root.resolve(path)).getFileName().toString());
        } catch (final IOException | UnsupportedOperationException absent) {
            return Optional.empty();
        }
    }

    /** The file with all links followed, as a path of this tree without a leading slash. */
    public Optional<String> resolved(final String path) {
        try {
            return Optional.of(root.toRealPath().relativize(root.resolve(path).toRealPath()).toString());
        } catch (final IOException absent) {
            return Optional.empty();
        }
    }

    /** Writes a text into a file that exists, as {@code echo} does: how sysfs is told what to do. */
    public void write(final String path, final String text) throws IOException {
        Files.writeString(root.resolve(path), text, java.nio.file.StandardOpenOption.WRITE);
    }
}

package io.ringvault.device;

import io.ringvault.block.StorageException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An open file with its lock. On Linux a process loses all its record locks on a file when it closes <em>any</em>
 * descriptor of
 * that file; therefore this class looks in its own table before it opens anything, and closes the descriptors of one
 * file all
 * together when its last user goes. Control plane, any thread.
 */
final class FileHold {
    private static final Map<Object, Holders> HELD = new HashMap<>();

    private static final class Holders {
        private final boolean exclusive;
        private final List<FileChannel> channels = new ArrayList<>();
        private int users;

        private Holders(final boolean exclusive) {
            this.exclusive = exclusive;
        }
    }

    private final Object key;
    private final FileChannel channel;
    private boolean released;

    private FileHold(final Object key, final FileChannel channel) {
        this.key = key;
        this.channel = channel;
    }

    /** Opens and locks an existing file; {@link StorageException} CONFIGURATION when it is in use or absent. */
    static FileHold take(final Path path, final boolean exclusive, final String what) {
        synchronized (HELD) {
            try {
                final Object key = keyOf(path);
                Holders holders = HELD.get(key);
                if (holders != null && (exclusive || holders.exclusive)) {
                    throw inUse(what);
                }
                final FileChannel channel = FileChannel.open(path, options(exclusive));
                if (holders == null) {
                    holders = new Holders(exclusive);
                    lock(channel, exclusive, what);
                    HELD.put(key, holders);
                }
                holders.channels.add(channel);
                holders.users++;
                return new FileHold(key, channel);
            } catch (final java.nio.file.NoSuchFileException absent) {
                throw new StorageException(StorageException.Category.CONFIGURATION,
                    what + " does not exist; create it first, for example by formatting it with a size", absent);
            } catch (final IOException failed) {
                throw new StorageException(StorageException.Category.IO, what + " cannot be opened: " + failed, failed);
            }
        }
    }

    private static Object keyOf(final Path path) throws IOException {
        final Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        return key == null ? path.toRealPath() : key;
    }

    private static Set<OpenOption> options(final boolean exclusive) {
        return exclusive ? Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE) : Set.of(StandardOpenOption.READ);
    }

    private static void lock(final FileChannel channel, final boolean exclusive, final String what) throws IOException {
        boolean locked = false;
        try {
            locked = channel.tryLock(0, Long.MAX_VALUE, !exclusive) != null;
        } catch (final OverlappingFileLockException held) {
            throw inUse(what);
        } finally {
            if (!locked) {
                channel.close();
            }
        }
        if (!locked) {
            throw inUse(what);
        }
    }

    private static StorageException inUse(final String what) {
        return StorageException.configuration(what + " is in use; close it there first");
    }

    FileChannel channel() {
        return channel;
    }

    /** Gives the file up. Idempotent. */
    void release() throws IOException {
        synchronized (HELD) {
            if (released) {
                return;
            }
            released = true;
            final Holders holders = HELD.get(key);
            if (--holders.users == 0) {
                HELD.remove(key);
                for (final FileChannel open : holders.channels) {
                    open.close();
                }
            }
        }
    }
}

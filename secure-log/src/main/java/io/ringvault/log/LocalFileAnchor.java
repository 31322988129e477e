package io.ringvault.log;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.VolumeKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/**
 * An anchor in a small local file ({@code docs/format.md}, section 9): two slots, of which the older is overwritten
 * with one {@code O_DSYNC} write per advance. One thread at a time; blocks on the disk.
 *
 * <p>Security: detects that the device's image alone was replaced by an older one. Whoever replaces both is not
 * detected. Crash: a torn slot leaves the other one, with the value before; the volume's chain then leads on from
 * there.
 *
 * <p>The file is opened by its name for every operation: a file that was deleted or replaced meanwhile is noticed
 * before a sync is acknowledged, never silently written to.
 */
public final class LocalFileAnchor implements Anchor {
    /** Serialises the operations of this process: closing any descriptor of a file drops the process's lock on it. */
    private static final Object PROCESS = new Object();

    private static final long LOCK_WAIT_NS = 5_000_000_000L;

    private final Path path;
    private final LocalFileAnchorCodec codec;
    private final byte[] id;

    private LocalFileAnchor(final Path path, final LocalFileAnchorCodec codec, final byte[] id) {
        this.path = path;
        this.codec = codec;
        this.id = id;
    }

    /**
     * Creates the file, with an empty value, durable before this returns.
     *
     * @throws StorageException CONFIGURATION when it exists, IO when it cannot be written
     */
    public static LocalFileAnchor create(final Path path, final VolumeKey key, final byte[] volumeId,
        final RandomSource random) {
        final byte[] id = random.bytes(Superblock.ANCHOR_ID_BYTES);
        final LocalFileAnchorCodec codec = new LocalFileAnchorCodec(key, volumeId);
        final ByteBuffer image = ByteBuffer.allocate(LocalFileAnchorCodec.FILE_BYTES);
        image.put(codec.encode(id, 0, new AnchorValue(0, 0, 0, 0)))
            .put(codec.encode(id, 1, new AnchorValue(0, 0, 0, 0))).flip();
        final Path file = path.toAbsolutePath();
        synchronized (PROCESS) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE)) {
                writeFully(channel, image, 0);
                channel.force(true);
            } catch (final FileAlreadyExistsException exists) {
                codec.destroy();
                throw new StorageException(StorageException.Category.CONFIGURATION, "anchor file " + file
                    + " exists and may belong "
                    + "to another volume; choose another path, or delete it if no volume needs it", exists);
            } catch (final IOException failed) {
                codec.destroy();
                throw io("cannot create anchor file " + file, failed);
            }
            try (FileChannel directory = FileChannel.open(file.getParent(), StandardOpenOption.READ)) {
                directory.force(true);
            } catch (final IOException failed) {
                codec.destroy();
                throw io("cannot make the entry of anchor file " + file + " durable", failed);
            }
        }
        return new LocalFileAnchor(file, codec, id);
    }

    /**
     * Opens an existing file and checks it.
     *
     * @param requiredId the id that the volume requires
     * @throws StorageException FRESHNESS when it is missing, damaged, of another volume or another anchor; IO when
     *         unreadable
     */
    public static LocalFileAnchor open(final Path path, final VolumeKey key, final byte[] volumeId,
        final byte[] requiredId) {
        final LocalFileAnchor anchor = new LocalFileAnchor(path.toAbsolutePath(),
            new LocalFileAnchorCodec(key, volumeId), requiredId.clone());
        try {
            anchor.read();
        } catch (final StorageException refused) {
            anchor.close();
            throw refused;
        }
        return anchor;
    }

    @Override
    public int kind() {
        return KIND_LOCAL_FILE;
    }

    @Override
    public byte[] id() {
        return id.clone();
    }

    @Override
    public String spec() {
        return "file:" + path;
    }

    @Override
    public AnchorValue read() {
        synchronized (PROCESS) {
            checkRegular();
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
                 FileLock lock = lock(channel, true)) {
                final AnchorValue value = load(channel, lock).value();
                channel.force(false); // A process that died in its advance left what only the page cache holds.
                return value;
            } catch (final NoSuchFileException missing) {
                throw missing(missing);
            } catch (final IOException failed) {
                throw io("cannot read anchor file " + path, failed);
            }
        }
    }

    @Override
    public boolean advance(final AnchorValue expected, final AnchorValue next) {
        synchronized (PROCESS) {
            checkRegular();
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE,
                StandardOpenOption.DSYNC); FileLock lock = lock(channel, false)) {
                final AnchorRecords.Entry now = load(channel, lock);
                if (!now.value().equals(expected)) {
                    return false;
                }
                final long serial = now.serial() + 1;
                final long position = (serial & 1) * LocalFileAnchorCodec.SLOT_BYTES;
                writeFully(channel, ByteBuffer.wrap(codec.encode(id, serial, next)), position);
                return true;
            } catch (final NoSuchFileException missing) {
                throw missing(missing);
            } catch (final IOException failed) {
                throw io("cannot advance anchor file " + path, failed);
            }
        }
    }

    @Override
    public void rekey(final VolumeKey key) {
        synchronized (PROCESS) {
            codec.rekey(key);
        }
    }

    /** A named pipe would let the open wait for ever; a device would be overwritten. */
    private void checkRegular() {
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw StorageException.freshness("damaged anchor: " + path + " is no regular file" + advice());
        }
    }

    /** Waits for another process's operation, which takes milliseconds, but not for one that never ends. */
    private static FileLock lock(final FileChannel channel, final boolean shared) throws IOException {
        final long deadline = System.nanoTime() + LOCK_WAIT_NS;
        while (true) {
            final FileLock lock = channel.tryLock(0, Long.MAX_VALUE, shared);
            if (lock != null) {
                return lock;
            }
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("another process has held the file's lock for "
                    + LOCK_WAIT_NS / 1_000_000_000L + " s");
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** The valid slot with the higher serial; the lock is named to show that it is held. */
    private AnchorRecords.Entry load(final FileChannel channel, final FileLock held) throws IOException {
        final ByteBuffer image = ByteBuffer.allocate(LocalFileAnchorCodec.FILE_BYTES + 1);
        while (held.isValid() && image.hasRemaining() && channel.read(image, image.position()) > 0) {
            continue;
        }
        final byte[] bytes = image.array();
        if (image.position() != LocalFileAnchorCodec.FILE_BYTES) {
            throw StorageException.freshness("damaged anchor: file " + path + " has "
                + (image.hasRemaining() ? "" : "more than ")
                + Math.min(image.position(), LocalFileAnchorCodec.FILE_BYTES) + " bytes instead of "
                + LocalFileAnchorCodec.FILE_BYTES + advice());
        }
        final AnchorRecords.Entry a = codec.decode(bytes, 0);
        final AnchorRecords.Entry b = codec.decode(bytes, 1);
        if (a == null && b == null) {
            throw StorageException.freshness(codec.claimsOtherVolume(bytes)
                ? "anchor file " + path + " belongs to another volume" + advice()
                : "damaged anchor: neither slot of file " + path + " verifies" + advice());
        }
        final AnchorRecords.Entry current = b == null || a != null && a.serial() > b.serial() ? a : b;
        if (!Arrays.equals(current.id(), id)) {
            throw StorageException.freshness("anchor file " + path
                + " is an anchor of this volume, but not the one that the volume " + "requires now" + advice());
        }
        return current;
    }

    private static String advice() {
        return ": whether the volume is the newest cannot be told. Give the right file with --anchor, or restore it;"
            + " 'ringvault adopt' gives up what cannot be told";
    }

    private StorageException missing(final IOException cause) {
        return new StorageException(StorageException.Category.FRESHNESS,
            "missing anchor: the volume requires one and file " + path + " does not exist" + advice(), cause);
    }

    private static StorageException io(final String what, final IOException cause) {
        return new StorageException(StorageException.Category.IO, what + ": " + cause, cause);
    }

    private static void writeFully(final FileChannel channel, final ByteBuffer bytes, final long position)
        throws IOException {
        final int start = bytes.position();
        while (bytes.hasRemaining()) {
            channel.write(bytes, position + bytes.position() - start);
        }
    }

    /** Zeroes the MAC key. The file stays. Idempotent. */
    @Override
    public void close() {
        codec.destroy();
    }
}

package io.ringvault.disk;

import io.ringvault.block.StorageException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Copies a volume to another device under a new identity: new volume id, new volume key, new anchor. It reads the
 * plaintext of the last commit and writes it through an ordinary volume, so the copy shares nothing with the original:
 * no key, no salt, no ciphertext, and neither can be taken for the other. (A raw copy of an image shares its anchor,
 * and is refused or forks.) Zeros are left out. Blocking; any thread.
 */
public final class VolumeClone {
    private static final int PIECE_BYTES = 1 << 20;
    private static final long SYNC_BYTES = 256L << 20;

    private VolumeClone() {
    }

    /** What is being done. */
    public enum Step {
        COPYING, VERIFYING
    }

    /**
     * How far it is.
     *
     * @param step  now
     * @param bytes done in this step
     * @param total of this step
     */
    public record Progress(Step step, long bytes, long total) {
    }

    /**
     * What was made.
     *
     * @param volume       the copy
     * @param bytesCopied  blocks that are not zero
     * @param bytesChecked compared with the original afterwards
     */
    public record Result(FormatResult volume, long bytesCopied, long bytesChecked) {
    }

    /**
     * Formats {@code target}, copies, and compares the whole of both.
     *
     * @param source   opened for reading only
     * @param target   its size is the source's unless it names a larger one
     * @param opened   how to open the target after it was formatted
     * @param progress told now and then
     * @throws StorageException when a block of the source cannot be read (nothing is left out), or as format and open
     */
    public static Result copy(final SecureDiskContext source, final FormatContext target,
        final SecureDiskContext opened, final Consumer<Progress> progress) {
        try (SecureDisk from = SecureDisk.open(source.readOnly(true))) {
            if (target.sizeBytes == 0) {
                target.sizeBytes(from.sizeBytes());
            }
            if (target.sizeBytes < from.sizeBytes()) {
                throw StorageException.configuration("the copy would have " + target.sizeBytes + " bytes, the original"
                    + " has " + from.sizeBytes());
            }
            final FormatResult made = Volumes.format(target);
            final long copied;
            try (SecureDisk to = SecureDisk.open(opened)) {
                copied = copy(from, to, progress);
            }
            try (SecureDisk to = SecureDisk.open(opened.readOnly(true))) {
                compare(from, to, progress);
            }
            return new Result(made, copied, from.sizeBytes());
        }
    }

    private static long copy(final SecureDisk from, final SecureDisk to, final Consumer<Progress> progress) {
        final byte[] piece = new byte[PIECE_BYTES];
        final MemorySegment memory = MemorySegment.ofArray(piece);
        final long total = from.sizeBytes();
        long copied = 0;
        long synced = 0;
        try {
            for (long at = 0; at < total; at += PIECE_BYTES) {
                final int length = (int) Math.min(PIECE_BYTES, total - at);
                from.read(at, memory, 0, length);
                if (!zero(piece, length)) {
                    to.write(at, memory, 0, length);
                    copied += length;
                }
                if (copied - synced >= SYNC_BYTES) {
                    to.sync();
                    synced = copied;
                }
                progress.accept(new Progress(Step.COPYING, at + length, total));
            }
            to.sync();
            return copied;
        } finally {
            Arrays.fill(piece, (byte) 0);
        }
    }

    private static boolean zero(final byte[] piece, final int length) {
        for (int i = 0; i < length; i++) {
            if (piece[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private static void compare(final SecureDisk from, final SecureDisk to, final Consumer<Progress> progress) {
        final byte[] left = new byte[PIECE_BYTES];
        final byte[] right = new byte[PIECE_BYTES];
        try {
            for (long at = 0; at < from.sizeBytes(); at += PIECE_BYTES) {
                final int length = (int) Math.min(PIECE_BYTES, from.sizeBytes() - at);
                from.read(at, MemorySegment.ofArray(left), 0, length);
                to.read(at, MemorySegment.ofArray(right), 0, length);
                final int differs = Arrays.mismatch(left, 0, length, right, 0, length);
                if (differs >= 0) {
                    throw StorageException.integrity("the copy differs from the original at byte " + (at + differs)
                        + ": do not use it");
                }
                progress.accept(new Progress(Step.VERIFYING, at + length, from.sizeBytes()));
            }
        } finally {
            Arrays.fill(left, (byte) 0);
            Arrays.fill(right, (byte) 0);
        }
    }
}

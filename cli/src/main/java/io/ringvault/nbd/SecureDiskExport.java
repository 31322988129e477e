package io.ringvault.nbd;

import io.ringvault.disk.DiskClient;
import io.ringvault.disk.DiskCompletionHandler;
import io.ringvault.disk.SecureDisk;
import io.ringvault.ring.OpStatus;
import java.lang.foreign.MemorySegment;

/** A {@link SecureDisk} as an export; each connection gets a {@link DiskClient} of its own. Does not own the disk. */
public final class SecureDiskExport implements NbdExport {
    private final SecureDisk disk;
    private final String description;

    public SecureDiskExport(final SecureDisk disk, final String description) {
        this.disk = disk;
        this.description = description;
    }

    @Override
    public long sizeBytes() {
        return disk.sizeBytes();
    }

    @Override
    public boolean readOnly() {
        return disk.readOnly();
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public Client openClient(final int depth) {
        return new DiskConnection(disk.newClient(depth));
    }

    /** The NBD error for a status of the disk. */
    static int errorOf(final int status) {
        return switch (status) {
            case OpStatus.OK -> NbdError.OK;
            case OpStatus.OUT_OF_SPACE, OpStatus.EPOCH_TOO_LARGE -> NbdError.ENOSPC;
            case OpStatus.READ_ONLY -> NbdError.EPERM;
            case OpStatus.INVALID -> NbdError.EINVAL;
            case OpStatus.CLOSED -> NbdError.ESHUTDOWN;
            default -> NbdError.EIO;
        };
    }

    private static int resultOf(final int result) {
        return switch (result) {
            case DiskClient.ACCEPTED -> Client.ACCEPTED;
            case DiskClient.BACK_PRESSURED -> Client.BACK_PRESSURED;
            default -> Client.CLOSED;
        };
    }

    private static final class DiskConnection implements Client {
        private final DiskClient client;
        private final DiskCompletionHandler handler = this::onCompletion;
        private Completion completion;

        DiskConnection(final DiskClient client) {
            this.client = client;
        }

        private void onCompletion(final long token, final int status) {
            completion.onCompletion(token, errorOf(status));
        }

        @Override
        public int submitRead(final long token, final long offset, final MemorySegment target, final long targetOffset,
                final int length) {
            return resultOf(client.submitRead(token, offset, target, targetOffset, length));
        }

        @Override
        public int submitWrite(final long token, final long offset, final MemorySegment source, final long sourceOffset,
                final int length, final boolean fua) {
            return resultOf(client.submitWrite(token, offset, source, sourceOffset, length, fua));
        }

        @Override
        public int submitFlush(final long token) {
            return resultOf(client.submitSync(token));
        }

        @Override
        public int submitTrim(final long token, final long offset, final long length) {
            return resultOf(client.submitTrim(token, offset, length));
        }

        @Override
        public int submitWriteZeroes(final long token, final long offset, final long length, final boolean fua) {
            return resultOf(client.submitWriteZeroes(token, offset, length, fua));
        }

        @Override
        public int poll(final Completion to, final int limit) {
            completion = to;
            return client.poll(handler, limit);
        }

        @Override
        public void close() {
            client.close();
        }
    }
}

package io.ringvault.nvme;

import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.Opcode;
import io.ringvault.nvme.spec.StatusField;
import io.ringvault.nvme.spec.StatusText;
import io.ringvault.sys.NvmePassthrough;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * Who carries admin commands: our own driver, or the kernel's. One command at a time; control plane, calls block.
 */
interface AdminChannel extends AutoCloseable {

    /**
     * Runs a command that writes at most 4096 bytes of data.
     *
     * @return a private copy of 4096 bytes; what the device did not write is zero
     * @throws StorageException IO with the status in words, or when no answer comes in time
     */
    MemorySegment read(String what, int opcode, int nsid, long cdw10and11);

    /** Runs a command without data, with a time-out of its own. */
    void command(String what, int opcode, int nsid, long cdw10and11, long timeoutMs);

    @Override
    void close();

    /** Over a controller that this process owns. */
    record Driver(NvmeController controller) implements AdminChannel {

        @Override
        public MemorySegment read(final String what, final int opcode, final int nsid, final long cdw10and11) {
            final AdminQueue admin = controller.admin();
            synchronized (controller) {
                admin.clearData();
                admin.execute(what, opcode, nsid, admin.dataAddress(), cdw10and11, 0);
                final MemorySegment copy = MemorySegment.ofArray(new long[PrpList.PAGE_BYTES / Long.BYTES]);
                return copy.copyFrom(MemorySegment.ofArray(admin.copyOfData()));
            }
        }

        @Override
        public void command(final String what, final int opcode, final int nsid, final long cdw10and11,
            final long timeoutMs) {
            synchronized (controller) {
                controller.admin().execute(what, opcode, nsid, 0, cdw10and11, 0, timeoutMs);
            }
        }

        @Override
        public void close() {
            controller.close();
        }
    }

    /** Through a character device of the kernel's driver. */
    record Kernel(String uri, NvmePassthrough device) implements AdminChannel {
        private static final int TIMEOUT_MS = 10_000;

        static Kernel open(final String path) {
            try {
                return new Kernel(path, NvmePassthrough.open(Path.of(path)));
            } catch (final IOException failed) {
                throw new StorageException(StorageException.Category.CONFIGURATION, failed.getMessage()
                    + "; admin commands through the kernel need root and an nvme driver that has the device", failed);
            }
        }

        @Override
        public MemorySegment read(final String what, final int opcode, final int nsid, final long cdw10and11) {
            try (Arena arena = Arena.ofConfined()) {
                final MemorySegment data = arena.allocate(lengthBytes(opcode, cdw10and11), PrpList.PAGE_BYTES);
                run(what, opcode, nsid, data, cdw10and11, TIMEOUT_MS);
                final MemorySegment copy = MemorySegment.ofArray(new long[PrpList.PAGE_BYTES / Long.BYTES]);
                MemorySegment.copy(data, ValueLayout.JAVA_BYTE, 0, copy, ValueLayout.JAVA_BYTE, 0, data.byteSize());
                return copy;
            }
        }

        /** The kernel wants the exact length: Get Log Page says it, Identify is one page. */
        private static int lengthBytes(final int opcode, final long cdw10and11) {
            return opcode == Opcode.GET_LOG_PAGE
                ? ((int) (cdw10and11 >>> 16 & 0xFFFF) + 1) * Integer.BYTES : PrpList.PAGE_BYTES;
        }

        @Override
        public void command(final String what, final int opcode, final int nsid, final long cdw10and11,
            final long timeoutMs) {
            run(what, opcode, nsid, MemorySegment.NULL, cdw10and11, (int) Math.min(Integer.MAX_VALUE, timeoutMs));
        }

        private void run(final String what, final int opcode, final int nsid, final MemorySegment data,
            final long cdw10and11, final int timeoutMs) {
            try {
                final int status = device.execute(opcode, nsid, data, cdw10and11, 0, timeoutMs);
                if (!StatusField.isSuccess(status)) {
                    throw StorageException.io("device '" + uri + "': " + what + " failed: "
                        + StatusText.describe(status));
                }
            } catch (final IOException failed) {
                throw new StorageException(StorageException.Category.IO, "device '" + uri + "': " + what + ": "
                    + failed.getMessage(), failed);
            }
        }

        @Override
        public void close() {
            try {
                device.close();
            } catch (final IOException failed) {
                throw new StorageException(StorageException.Category.IO, failed.getMessage(), failed);
            }
        }
    }
}

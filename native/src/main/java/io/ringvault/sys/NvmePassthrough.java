package io.ringvault.sys;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * Admin commands through the kernel's own driver: {@code /dev/nvmeN} and {@code NVME_IOCTL_ADMIN_CMD} of
 * linux/nvme_ioctl.h. For looking at controllers that this process does not own. Needs CAP_SYS_ADMIN. Control plane,
 * any thread; calls block up to the time-out.
 *
 * <pre>
 *  struct nvme_passthru_cmd, 72 bytes
 *  00h opcode 7:0, flags 15:8    04h nsid       08h cdw2, cdw3     10h metadata (64)   18h addr (64)
 *  20h metadata_len              24h data_len   28h cdw10 .. cdw15
 *  40h timeout_ms                44h result
 * </pre>
 */
public final class NvmePassthrough implements AutoCloseable {
    static final int COMMAND_LENGTH = 72;
    static final int OPCODE_OFFSET = 0;
    static final int NSID_OFFSET = 4;
    static final int ADDR_OFFSET = 24;
    static final int DATA_LEN_OFFSET = 36;
    static final int CDW10_OFFSET = 40;
    static final int TIMEOUT_OFFSET = 64;
    static final int RESULT_OFFSET = 68;
    /** {@code _IOWR('N', 0x41, struct nvme_admin_cmd)}. */
    static final long IOCTL_ADMIN_CMD = 0xC0484E41L;

    private final NativeFile file;

    private NvmePassthrough(final NativeFile file) {
        this.file = file;
    }

    /** Opens a controller's character device. */
    public static NvmePassthrough open(final Path path) throws IOException {
        return new NvmePassthrough(NativeFile.open(path));
    }

    /**
     * Runs one admin command.
     *
     * @param data         off-heap memory for the data phase, either way; empty for none
     * @param cdw10and11   command dwords 10 (low half) and 11
     * @param cdw12        command dword 12
     * @param timeoutMs    after which the kernel gives up, and resets the controller
     * @return the NVMe status, 15 bits; 0 is success
     * @throws NativeIoException when the kernel refuses the call itself
     */
    public int execute(final int opcode, final int nsid, final MemorySegment data, final long cdw10and11,
        final int cdw12, final int timeoutMs) throws IOException {
        final MemorySegment capture = Libc.capture();
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment command = arena.allocate(COMMAND_LENGTH, 8);
            command.set(ValueLayout.JAVA_BYTE, OPCODE_OFFSET, (byte) opcode);
            command.set(ValueLayout.JAVA_INT, NSID_OFFSET, nsid);
            command.set(ValueLayout.JAVA_LONG, ADDR_OFFSET, data.byteSize() == 0 ? 0 : data.address());
            command.set(ValueLayout.JAVA_INT, DATA_LEN_OFFSET, (int) data.byteSize());
            command.set(ValueLayout.JAVA_LONG, CDW10_OFFSET, cdw10and11);
            command.set(ValueLayout.JAVA_INT, CDW10_OFFSET + 8, cdw12);
            command.set(ValueLayout.JAVA_INT, TIMEOUT_OFFSET, timeoutMs);
            final int result = (int) Libc.IOCTL.invokeExact(capture, file.descriptor(), IOCTL_ADMIN_CMD, command);
            if (result < 0) {
                throw new NativeIoException("ioctl", file.path().toString(), Libc.errno(capture),
                    "NVME_IOCTL_ADMIN_CMD, opcode 0x" + Integer.toHexString(opcode));
            }
            return result & 0x7FFF;
        } catch (final IOException failed) {
            throw failed;
        } catch (final Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}

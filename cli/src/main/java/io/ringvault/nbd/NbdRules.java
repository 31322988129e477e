package io.ringvault.nbd;

import static io.ringvault.nbd.NbdProtocol.CMD_FLAG_DF;
import static io.ringvault.nbd.NbdProtocol.CMD_FLAG_FAST_ZERO;
import static io.ringvault.nbd.NbdProtocol.CMD_FLAG_FUA;
import static io.ringvault.nbd.NbdProtocol.CMD_FLAG_NO_HOLE;
import static io.ringvault.nbd.NbdProtocol.CMD_FLUSH;
import static io.ringvault.nbd.NbdProtocol.CMD_READ;
import static io.ringvault.nbd.NbdProtocol.CMD_TRIM;
import static io.ringvault.nbd.NbdProtocol.CMD_WRITE;
import static io.ringvault.nbd.NbdProtocol.CMD_WRITE_ZEROES;
import static io.ringvault.nbd.NbdProtocol.MAX_REQUEST_BYTES;

/** What may be asked of an export (doc/proto.md, "Request types" and "Error values"). Pure. */
final class NbdRules {

    private NbdRules() {
    }

    /**
     * Whether a request may be carried out: {@link NbdError#OK} or the error to answer.
     *
     * @param length as an unsigned 32-bit value
     */
    static int check(final int type, final int flags, final long offset, final long length, final NbdExport export) {
        if ((flags & ~allowedFlags(type)) != 0) {
            return type == CMD_WRITE_ZEROES && (flags & CMD_FLAG_FAST_ZERO) != 0 ? NbdError.ENOTSUP : NbdError.EINVAL;
        }
        return switch (type) {
            case CMD_READ -> length > MAX_REQUEST_BYTES || outside(offset, length, export) ? NbdError.EINVAL
                : NbdError.OK;
            case CMD_WRITE -> checkChange(offset, length, export, NbdError.ENOSPC, MAX_REQUEST_BYTES);
            case CMD_WRITE_ZEROES -> checkChange(offset, length, export, NbdError.ENOSPC, Long.MAX_VALUE);
            case CMD_TRIM -> checkChange(offset, length, export, NbdError.EINVAL, Long.MAX_VALUE);
            case CMD_FLUSH -> offset != 0 || length != 0 ? NbdError.EINVAL : NbdError.OK;
            default -> NbdError.EINVAL;
        };
    }

    private static int checkChange(final long offset, final long length, final NbdExport export, final int outside,
            final long longest) {
        if (export.readOnly()) {
            return NbdError.EPERM;
        }
        if (length > longest) {
            return NbdError.EINVAL;
        }
        return outside(offset, length, export) ? outside : NbdError.OK;
    }

    private static boolean outside(final long offset, final long length, final NbdExport export) {
        final long size = export.sizeBytes();
        return offset < 0 || offset > size || length > size - offset;
    }

    private static int allowedFlags(final int type) {
        return switch (type) {
            case CMD_READ -> CMD_FLAG_FUA | CMD_FLAG_DF;
            case CMD_WRITE_ZEROES -> CMD_FLAG_FUA | CMD_FLAG_NO_HOLE;
            default -> CMD_FLAG_FUA;
        };
    }
}

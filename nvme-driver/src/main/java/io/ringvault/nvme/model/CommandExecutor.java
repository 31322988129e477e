package io.ringvault.nvme.model;

import io.ringvault.sys.Errno;
import io.ringvault.sys.NativeIoException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/**
 * Executes I/O commands on the medium. One for each worker. Data moves straight between the medium and the host's
 * memory, one call for each contiguous run.
 */
final class CommandExecutor {
    private static final int FLUSH = 0;
    private static final int WRITE = 1;
    private static final int READ = 2;
    private static final int WRITE_ZEROES = 8;
    private static final int DATASET_MANAGEMENT = 9;
    private static final int ALL_NAMESPACES = -1;
    private static final int BLOCK_COUNT_MASK = 0xFFFF;
    private static final int FUA_BIT = 30;
    private static final int DEALLOCATE_ATTRIBUTE = 4;
    private static final int EDQUOT = 122;

    private final ModelOptions options;
    private final Medium medium;
    private final long blocks;
    private final DeviceMemory memory;
    private final PrpWalker prps;
    private final ModelFormat format;
    private final int strideBytes;
    private final FormattedTransfer formatted;
    private final Supplier<NamespaceChange> change;
    private long base;

    CommandExecutor(final ModelOptions options, final Medium medium, final DeviceMemory memory) {
        this(options, medium, memory, () -> null);
    }

    /** @param change how the namespaces have changed; null while they have not */
    CommandExecutor(final ModelOptions options, final Medium medium, final DeviceMemory memory,
                    final Supplier<NamespaceChange> change) {
        this.change = change;
        this.options = options;
        this.medium = medium;
        this.memory = memory;
        this.format = options.format();
        this.strideBytes = format.strideBytes(options.blockBytes());
        this.blocks = format.blocks(medium.sizeBytes(), options.blockBytes());
        this.prps = new PrpWalker(memory, options.transferBytes());
        this.formatted = format.metadataBytes() == 0 ? null : new FormattedTransfer(options, medium, memory, prps);
    }

    /** Executes the command last fetched; returns a {@link ModelStatus}. */
    int execute(final SubmissionRing command) {
        if (command.reservedFlags() != 0) {
            return ModelStatus.INVALID_FIELD;
        }
        final int opcode = command.opcode();
        final int namespace = format.ordinal(command.namespace());
        if (namespace < 0 && !(opcode == FLUSH && command.namespace() == ALL_NAMESPACES)) {
            return ModelStatus.INVALID_NAMESPACE;
        }
        base = namespace * blocks * strideBytes;
        if (opcode != READ && opcode != FLUSH && (medium.readOnly() || format.writeProtected())) {
            return ModelStatus.WRITE_PROTECTED;
        }
        final NamespaceChange changed = change.get();
        if (changed != null && opcode != FLUSH) {
            final boolean counted = opcode != DATASET_MANAGEMENT;
            final int status = changed.statusOf(counted ? command.dwords10and11() : 0,
                counted ? (command.dword(12) & BLOCK_COUNT_MASK) + 1 : 0, options.blockBytes());
            if (status != ModelStatus.OK) {
                return status;
            }
        }
        try {
            return switch (opcode) {
                case FLUSH -> flush();
                case READ -> transfer(command, false);
                case WRITE -> transfer(command, true);
                case WRITE_ZEROES -> options.zeroes() ? zero(command) : ModelStatus.INVALID_OPCODE;
                case DATASET_MANAGEMENT -> options.deallocates() ? manage(command) : ModelStatus.INVALID_OPCODE;
                default -> ModelStatus.INVALID_OPCODE;
            };
        } catch (final IOException failed) {
            return statusOf(failed, opcode);
        }
    }

    private int flush() throws IOException {
        medium.flush();
        return ModelStatus.OK;
    }

    private int transfer(final SubmissionRing command, final boolean write) throws IOException {
        final long start = command.dwords10and11();
        final int count = (command.dword(12) & BLOCK_COUNT_MASK) + 1;
        if (!inside(start, count)) {
            return ModelStatus.LBA_OUT_OF_RANGE;
        }
        final boolean fua = write && (command.dword(12) >>> FUA_BIT & 1) != 0;
        if (formatted != null) {
            return formatted.execute(command, base + start * strideBytes, write, fua);
        }
        final long total = (long) count * options.blockBytes();
        if (total > options.transferBytes()) {
            return ModelStatus.INVALID_FIELD;
        }
        final int walked = prps.walk(command.prp1(), command.prp2(), (int) total);
        if (walked != ModelStatus.OK) {
            return walked;
        }
        if (prps.runs() == 1 || !splitsBlocks()) {
            moveRuns(base + start * strideBytes, write, fua);
            return ModelStatus.OK;
        }
        return ModelStatus.DATA_TRANSFER_ERROR;
    }

    /** Runs that end inside a block would need gathering; drivers that send page-aligned buffers never cause them. */
    private boolean splitsBlocks() {
        for (int run = 0; run < prps.runs(); run++) {
            if (prps.length(run) % options.blockBytes() != 0) {
                return true;
            }
        }
        return false;
    }

    private void moveRuns(final long offset, final boolean write, final boolean durable) throws IOException {
        long at = offset;
        for (int run = 0; run < prps.runs(); run++) {
            final int length = prps.length(run);
            if (write) {
                medium.write(at, prps.segment(run), prps.offset(run), length, durable);
            } else {
                medium.read(at, prps.segment(run), prps.offset(run), length);
            }
            at += length;
        }
    }

    private int zero(final SubmissionRing command) throws IOException {
        final long start = command.dwords10and11();
        final int count = (command.dword(12) & BLOCK_COUNT_MASK) + 1;
        if (!inside(start, count)) {
            return ModelStatus.LBA_OUT_OF_RANGE;
        }
        if (format.protection() != 0 && (command.dword(12) >>> 26 & 7) != 0) {
            return ModelStatus.INVALID_PROTECTION;
        }
        medium.zero(base + start * strideBytes, (long) count * strideBytes);
        if ((command.dword(12) >>> FUA_BIT & 1) != 0) {
            medium.flush();
        }
        return ModelStatus.OK;
    }

    private int manage(final SubmissionRing command) throws IOException {
        if ((command.dword(11) & DEALLOCATE_ATTRIBUTE) == 0) {
            return ModelStatus.OK;
        }
        final int ranges = (command.dword(10) & 0xFF) + 1;
        final MemorySegment list = memory.slice(command.prp1(), 16L * ranges);
        if (list == null) {
            return ModelStatus.DATA_TRANSFER_ERROR;
        }
        for (int i = 0; i < ranges; i++) {
            final long second = list.get(Words.QWORD, 16L * i);
            final long count = second >>> 32;
            final long start = list.get(Words.QWORD, 16L * i + 8);
            if (!inside(start, count)) {
                return ModelStatus.LBA_OUT_OF_RANGE;
            }
            if (count > 0) {
                medium.deallocate(base + start * strideBytes, count * strideBytes);
            }
        }
        return ModelStatus.OK;
    }

    private boolean inside(final long start, final long count) {
        return start >= 0 && start <= blocks - count;
    }

    private static int statusOf(final IOException failed, final int opcode) {
        final int errno = failed instanceof NativeIoException known ? known.errno() : 0;
        if (errno == Errno.ENOSPC || errno == EDQUOT) {
            return ModelStatus.CAPACITY_EXCEEDED;
        }
        if (errno == Errno.EROFS || errno == Errno.EPERM) {
            return ModelStatus.WRITE_PROTECTED;
        }
        return switch (opcode) {
            case READ -> ModelStatus.UNRECOVERED_READ;
            case FLUSH -> ModelStatus.WRITE_FAULT_FINAL;
            default -> ModelStatus.WRITE_FAULT;
        };
    }
}

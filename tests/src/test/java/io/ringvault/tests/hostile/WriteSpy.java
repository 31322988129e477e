package io.ringvault.tests.hostile;

import io.ringvault.block.DmaBuffer;
import io.ringvault.log.Geometry;
import io.ringvault.nvme.NvmeTransport;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Reads every I/O command as the controller is about to fetch it and holds what is written against what was written
 * before: within one life of a segment (a preface begins the next one) a block has one content, however often a reset
 * has it written. Driven by one thread.
 */
final class WriteSpy extends ForwardingTransport {
    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int WRITE = 1;

    private final HostView host;
    private final Geometry geometry;
    private final int blockBytes;
    private final Map<Long, byte[]> written = new HashMap<>();
    private long identical;
    private String violation;
    private long commandsLeft = Long.MAX_VALUE;
    private Runnable then = () -> { };

    /** @param blockBytes of the controller's format */
    WriteSpy(final NvmeTransport inner, final Geometry geometry, final int blockBytes) {
        super(inner);
        this.host = new HostView(inner.doorbells());
        this.geometry = geometry;
        this.blockBytes = blockBytes;
    }

    /** Blocks that were written once more with what they held. */
    long identical() {
        return identical;
    }

    /** What was written that should not have been, or null. */
    String violation() {
        return violation;
    }

    /** After so many more commands something happens, before the next one is fetched. */
    void after(final long commands, final Runnable action) {
        commandsLeft = commands;
        then = action;
    }

    private void look() {
        host.newCommands(this::command);
        if (commandsLeft <= 0) {
            commandsLeft = Long.MAX_VALUE;
            then.run();
        }
    }

    private void command(final MemorySegment command) {
        commandsLeft--;
        if ((command.get(HostView.DWORD, 0) & 0xFF) != WRITE) {
            return;
        }
        final long offset = command.get(HostView.QWORD, 40) * blockBytes;
        final long length = ((command.get(HostView.DWORD, 48) & 0xFFFF) + 1L) * blockBytes;
        final MemorySegment data = host.data(command);
        if (violation == null && (data == null || data.byteSize() < length)) {
            violation = "a write of " + length + " bytes at " + offset + " from memory that is not there";
        }
        for (long at = 0; violation == null && at + BLOCK <= length; at += BLOCK) {
            block((offset + at) / BLOCK, data.asSlice(at, BLOCK).toArray(ValueLayout.JAVA_BYTE));
        }
    }

    private void block(final long block, final byte[] content) {
        final long inSegments = block - Geometry.FIRST_SEGMENT_BLOCK;
        if (inSegments < 0 || inSegments >= (long) geometry.segmentBlocks() * geometry.segmentCount()) {
            return;
        }
        final byte[] before = written.put(block, content);
        if (Arrays.equals(before, content)) {
            identical++;
        } else if (inSegments % geometry.segmentBlocks() == 0) {
            for (int slot = 1; slot < geometry.segmentBlocks(); slot++) {
                written.remove(block + slot);
            }
        } else if (before != null) {
            violation = "block " + block + " was written twice in one life of its segment, with different contents";
        }
    }

    @Override
    public DmaBuffer allocate(final long lengthBytes) {
        final DmaBuffer buffer = super.allocate(lengthBytes);
        host.allocated(buffer);
        return buffer;
    }

    @Override
    public int read32(final int offset) {
        look();
        return super.read32(offset);
    }

    @Override
    public long read64(final int offset) {
        final long value = super.read64(offset);
        if (offset == 0) {
            host.capabilities(value);
        }
        return value;
    }

    @Override
    public void write32(final int offset, final int value) {
        look();
        super.write32(offset, value);
    }

    @Override
    public void write64(final int offset, final long value) {
        super.write64(offset, value);
        host.register(offset, value);
    }

    @Override
    public Runnable onPoll() {
        final Runnable inner = super.onPoll();
        return () -> {
            look();
            inner.run();
        };
    }
}

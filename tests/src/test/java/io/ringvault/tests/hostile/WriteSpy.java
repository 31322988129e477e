package io.ringvault.tests.hostile;

import io.ringvault.block.DmaBuffer;
import io.ringvault.log.Geometry;
import io.ringvault.nvme.NvmeTransport;
import io.ringvault.tests.nonce.NonceOracle;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Reads every I/O command as the controller is about to fetch it and judges what is written into segments: a preface at
 * slot 0, blocks that were sealed elsewhere, and never an older block over a newer one. Since no place of one life of a
 * segment is sealed twice, what a reset has written again is then the same bytes. Driven by one thread.
 */
final class WriteSpy extends ForwardingTransport {
    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int WRITE = 1;

    private final HostView host;
    private final Geometry geometry;
    private final int blockBytes;
    private final NonceOracle seals;
    private final Map<Long, byte[]> written = new HashMap<>();
    private final Map<Long, Set<Integer>> older = new HashMap<>();
    private long identical;
    private String violation;
    private long commandsLeft = Long.MAX_VALUE;
    private Runnable then = () -> { };

    /** @param blockBytes of the controller's format */
    WriteSpy(final NvmeTransport inner, final NonceOracle seals, final Geometry geometry, final int blockBytes) {
        super(inner);
        this.seals = seals;
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
        } else if (!older.computeIfAbsent(block, at -> new HashSet<>()).add(Arrays.hashCode(content))) {
            violation = "block " + block + " was written with what it held before it held something else";
        } else if (inSegments % geometry.segmentBlocks() != 0 && !seals.wasSealed(content, 0)) {
            violation = "block " + block + " was written with what nobody has sealed";
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
        doorbells().fill((byte) 0); // the controller is disabled: what was rung before means nothing
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

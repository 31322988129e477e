package io.ringvault.tests.sim;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeOptions;
import io.ringvault.nvme.NvmeTransport;
import io.ringvault.nvme.model.ModelTransport;
import io.ringvault.nvme.model.NvmeModelProvider;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.SimRig.Keep;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.LongConsumer;

/**
 * The driver over the controller model, both in the caller's thread: registers, queues and doorbells are the real
 * ones, and what the controller's volatile cache held is lost with the power. A process that dies leaves the controller
 * as it is; the next one resets it. One thread.
 */
final class NvmeMachine implements Machine {
    private final Path image;
    private final DeviceUri uri;
    private ModelTransport transport;
    private LongConsumer digest = value -> { };

    NvmeMachine(final Path image, final long sizeBytes) {
        this.image = image;
        uri = DeviceUri.parse("nvme+model:" + image + "?mode=inline&cache=64m&queues=4&mqes=64");
        new NvmeModelProvider().create(uri, sizeBytes);
    }

    @Override
    public BlockDevice open() {
        if (transport == null) {
            transport = ModelTransport.open(uri, OpenMode.READ_WRITE);
        }
        return NvmeBlockDevice.open("nvme+model:simulation", new Surviving(transport), OpenMode.READ_WRITE,
            NvmeOptions.parse(uri));
    }

    @Override
    public void crash(final Keep keep, final long seed, final Runnable abandon) {
        final Random dice = new Random(seed);
        if (keep != Keep.PROCESS_DEATH) {
            final int kept = keep == Keep.NONE ? 0 : keep == Keep.ALL ? 100 : dice.nextInt(101);
            final long salt = dice.nextLong();
            transport.model().losePower(block -> new Random(salt ^ block * 0x9E37_79B9_7F4A_7C15L).nextInt(100) < kept);
        }
        abandon.run();
        if (keep != Keep.PROCESS_DEATH) {
            close();
            digest.accept(content());
        }
    }

    private long content() {
        try {
            return Arrays.hashCode(Files.readAllBytes(image));
        } catch (final IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    @Override
    public void trace(final LongConsumer each) {
        digest = each;
    }

    @Override
    public SimRig rig() {
        return null;
    }

    @Override
    public void become(final SimRig other) {
        throw new UnsupportedOperationException("no copies of a controller");
    }

    @Override
    public void close() {
        if (transport != null) {
            transport.close();
            transport = null;
        }
    }

    /** The controller outlives the process that drives it. */
    private record Surviving(ModelTransport below) implements NvmeTransport {
        @Override
        public int read32(final int offset) {
            return below.read32(offset);
        }

        @Override
        public long read64(final int offset) {
            return below.read64(offset);
        }

        @Override
        public void write32(final int offset, final int value) {
            below.write32(offset, value);
        }

        @Override
        public void write64(final int offset, final long value) {
            below.write64(offset, value);
        }

        @Override
        public MemorySegment doorbells() {
            return below.doorbells();
        }

        @Override
        public DmaBuffer allocate(final long lengthBytes) {
            return below.allocate(lengthBytes);
        }

        @Override
        public Runnable onPoll() {
            return below.onPoll();
        }

        @Override
        public long nanoTime() {
            return below.nanoTime();
        }

        @Override
        public void pause(final long durationNs) {
            below.pause(durationNs);
        }

        @Override
        public String isolation() {
            return below.isolation();
        }

        @Override
        public boolean inline() {
            return true;
        }

        @Override
        public void close() {
            // The controller stays.
        }
    }
}

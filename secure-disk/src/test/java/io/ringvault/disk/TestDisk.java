package io.ringvault.disk;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.crypto.RandomSource;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.log.Anchor;
import io.ringvault.poller.ThreadingMode;
import io.ringvault.poller.VirtualClock;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** A volume with tiny capacities on a simulated device, stepped by the test, with one polled client. */
public final class TestDisk {
    public static final byte[] KEY = "0123456789abcdef0123456789abcdef".getBytes();
    public static final int STEPS_MAX = 20_000;

    public final SimulatedDevice device;
    public final SecureDisk disk;
    private final VirtualClock clock;
    private final DiskClient client;
    private final Map<Long, Integer> done = new HashMap<>();
    private long tokens;

    private TestDisk(final SimulatedDevice device, final SecureDisk disk, final VirtualClock clock) {
        this.device = device;
        this.disk = disk;
        this.clock = clock;
        this.client = disk.newClient(64);
    }

    /** Capacities that a few dozen operations exceed. */
    public static void tiny(final EngineConfig config) {
        config.chunkDataBlocks = 6;
        config.chunkBuffers = 24;
        config.readSlots = 2;
        config.readSlotBlocks = 2;
        config.readJobs = 4;
        config.memtableRecords = 66;
        config.maxRanges = 16;
        config.blockCacheBlocks = 1;
        config.checkpointChunks = 24;
        config.checkpointBytes = 1 << 20;
        config.windowBytes = 256 << 10;
        config.inFlightCommits = 2;
        config.tableBlocks = 4;
        config.l0Trigger = 2;
        config.fanOut = 2;
        config.queueDepth = 16;
        config.maxClients = 4;
        config.objectStagingBlocks = 32;
        config.indexBudgetRecords = 16;
    }

    public static SimulatedDevice format(final int blocks, final long deviceBytes, final Anchor anchor) {
        final SimulatedDevice device = new SimulatedDevice(SimulatedDevice.Settings.of(deviceBytes), 7);
        final FormatContext context = new FormatContext().blockDevice(device).key(KEY).sizeBytes(blocks * 4096L)
            .segmentBlocks(16).configure(TestDisk::tiny);
        if (anchor != null) {
            context.anchorInstance(anchor);
        }
        Volumes.format(context);
        return device;
    }

    public static SecureDiskContext context(final SimulatedDevice device, final Anchor anchor) {
        final SecureDiskContext context = new SecureDiskContext().blockDevice(device).key(KEY)
            .threadingMode(ThreadingMode.INVOKER).configure(TestDisk::tiny);
        return anchor == null ? context : context.anchorInstance(anchor);
    }

    public static TestDisk open(final SimulatedDevice device) {
        return open(device, null, config -> { });
    }

    /** With whatever else a context says, and no commits of an idle disk. */
    static TestDisk open(final SimulatedDevice device, final UnaryOperator<SecureDiskContext> further) {
        final VirtualClock clock = new VirtualClock();
        final RandomSource random = new Random(3)::nextBytes;
        return new TestDisk(device, SecureDisk.open(further.apply(context(device, null).clock(clock).random(random)
            .configure(config -> config.idleMarkNs = Long.MAX_VALUE))), clock);
    }

    public static TestDisk open(final SimulatedDevice device, final Anchor anchor,
        final Consumer<EngineConfig> change) {
        final VirtualClock clock = new VirtualClock();
        final RandomSource random = new Random(3)::nextBytes;
        return new TestDisk(device, SecureDisk.open(context(device, anchor).clock(clock).random(random)
            .configure(change)), clock);
    }

    /** One duty cycle and a moment of time. */
    public void step() {
        clock.advanceNs(1_000_000);
        disk.doWork();
        client.poll((token, status) -> done.put(token, status), 64);
    }

    public void steps(final int count) {
        for (int i = 0; i < count; i++) {
            step();
        }
    }

    public long write(final long offset, final MemorySegment data) {
        return accepted(client.submitWrite(++tokens, offset, data, 0, (int) data.byteSize(), false));
    }

    public long writeFua(final long offset, final MemorySegment data) {
        return accepted(client.submitWrite(++tokens, offset, data, 0, (int) data.byteSize(), true));
    }

    public long read(final long offset, final MemorySegment target) {
        return accepted(client.submitRead(++tokens, offset, target, 0, (int) target.byteSize()));
    }

    public long sync() {
        return accepted(client.submitSync(++tokens));
    }

    public long trim(final long offset, final long length) {
        return accepted(client.submitTrim(++tokens, offset, length));
    }

    public long zero(final long offset, final long length) {
        return accepted(client.submitWriteZeroes(++tokens, offset, length, false));
    }

    private long accepted(final int result) {
        if (result != DiskClient.ACCEPTED) {
            throw new AssertionError("not accepted: " + result);
        }
        return tokens;
    }

    /** The status of a request, or null while it is under way. */
    public Integer status(final long token) {
        return done.get(token);
    }

    /** Steps until the request has ended; fails when that takes too long. */
    public int await(final long token) {
        for (int i = 0; i < STEPS_MAX; i++) {
            final Integer status = done.get(token);
            if (status != null) {
                return status;
            }
            step();
        }
        throw new AssertionError("request " + token + " hangs: " + disk.counters());
    }

    public static MemorySegment filled(final int length, final int value) {
        final byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return MemorySegment.ofArray(bytes);
    }

    /** Reads and waits; the bytes. */
    public byte[] bytes(final long offset, final int length) {
        final byte[] target = new byte[length];
        final int status = await(read(offset, MemorySegment.ofArray(target)));
        if (status != 0) {
            throw new AssertionError("read of " + length + " at " + offset + ": status " + status);
        }
        return target;
    }
}

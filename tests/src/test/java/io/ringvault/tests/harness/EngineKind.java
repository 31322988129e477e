package io.ringvault.tests.harness;

import io.ringvault.block.BlockDevice;
import io.ringvault.crypto.AeadProvider;
import io.ringvault.crypto.RandomSource;
import io.ringvault.disk.AdoptContext;
import io.ringvault.disk.AdoptResult;
import io.ringvault.disk.FormatContext;
import io.ringvault.disk.RescueReport;
import io.ringvault.disk.SecureDisk;
import io.ringvault.disk.SecureDiskContext;
import io.ringvault.disk.Volumes;
import io.ringvault.disk.engine.AnchorPolicy;
import io.ringvault.disk.engine.CommitObserver;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.disk.volume.VolumeFormatter;
import io.ringvault.log.Geometry;
import io.ringvault.poller.ThreadingMode;
import io.ringvault.tests.nonce.NonceOracle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Secure disks of one shape. The tiny shape has capacities so small that a hundred operations cross every boundary:
 * chunks, segments,
 * memtables, tables, levels, checkpoints, epochs. All disks of one kind share a nonce oracle and a seeded source of
 * randomness, so
 * that clones draw different salts. One thread.
 */
public final class EngineKind implements DiskKind {
    /** Blocks that the user of a tiny disk sees. */
    public static final int TINY_BLOCKS = 96;
    /** Point records of a tiny memtable. */
    public static final int TINY_MEMTABLE = 66;
    /** The largest request of a tiny disk, in blocks. */
    public static final int TINY_REQUEST_BLOCKS = 40;

    private final NonceOracle seals;
    private final Random random;
    private final byte[] key;
    private final int segmentBlocks;
    private final long userBytes;
    private final long deviceBytes;
    private final int memtableRecords;
    private final Consumer<EngineConfig> capacities;

    private EngineKind(final NonceOracle seals, final Random random, final byte[] key, final int segmentBlocks,
        final long userBytes, final long deviceBytes, final int memtableRecords,
        final Consumer<EngineConfig> capacities) {
        this.seals = seals;
        this.random = random;
        this.key = key;
        this.segmentBlocks = segmentBlocks;
        this.userBytes = userBytes;
        this.deviceBytes = deviceBytes;
        this.memtableRecords = memtableRecords;
        this.capacities = capacities;
    }

    /** A tiny disk. */
    public static EngineKind tiny(final long seed) {
        return tiny(seed, new NonceOracle());
    }

    /** A tiny disk whose seals are watched by an oracle of the caller's. */
    public static EngineKind tiny(final long seed, final NonceOracle seals) {
        return tiny(seed, seals, TINY_BLOCKS);
    }

    /** A disk of tiny capacities that shows its user so many blocks. */
    public static EngineKind tiny(final long seed, final int blocks) {
        return tiny(seed, new NonceOracle(), blocks);
    }

    private static EngineKind tiny(final long seed, final NonceOracle seals, final int blocks) {
        final int segmentBlocks = Geometry.MIN_SEGMENT_BLOCKS;
        final EngineConfig config = new EngineConfig();
        tinyCapacities(config);
        return new EngineKind(seals, new Random(seed), key("the key of a tiny volume"), segmentBlocks,
            blocks * 4096L, VolumeFormatter.deviceBytesFor(blocks, segmentBlocks, config), TINY_MEMTABLE,
            EngineKind::tinyCapacities);
    }

    /** The capacities of a tiny disk. */
    public static void tinyCapacities(final EngineConfig config) {
        config.memtableRecords = TINY_MEMTABLE;
        config.maxRanges = 6;
        config.chunkDataBlocks = 5;
        config.chunkBuffers = 40;
        config.readSlots = 4;
        config.readSlotBlocks = 3;
        config.readJobs = 16;
        config.blockCacheBlocks = 8;
        config.checkpointChunks = 12;
        config.checkpointBytes = 256 << 10;
        config.epochBytes = 64 << 12;
        config.windowBytes = 48 << 12;
        config.inFlightCommits = 2;
        config.tableBlocks = 4;
        config.l0Trigger = 2;
        config.fanOut = 2;
        config.queueDepth = 16;
        config.maxClients = 12;
        config.objectStagingBlocks = 16;
        config.indexBudgetRecords = 16;
        config.idleMarkNs = 2_000_000;
        config.anchorPatienceNs = 3_000_000;
    }

    /** A disk of the engine's own capacities and a usual size. */
    public static EngineKind ofUserBytes(final long userBytes, final long seed) {
        return new EngineKind(new NonceOracle(), new Random(seed), key("the key of a larger volume"), 0, userBytes, 0,
            0,
            config -> { });
    }

    /** The same with another key. */
    public EngineKind withKey(final byte[] other) {
        return new EngineKind(seals, random, other, segmentBlocks, userBytes, deviceBytes, memtableRecords, capacities);
    }

    /** The same with so many blocks of index cache. */
    public EngineKind withBlockCache(final int blocks) {
        return with(config -> config.blockCacheBlocks = blocks);
    }

    /** The same with so many blocks for the user and other capacities, on a device that is as large as they need. */
    public EngineKind with(final int blocks, final Consumer<EngineConfig> others) {
        final Consumer<EngineConfig> all = capacities.andThen(others);
        final EngineConfig config = new EngineConfig();
        all.accept(config);
        return new EngineKind(seals, random, key, segmentBlocks, blocks * (long) Geometry.BLOCK_BYTES,
            VolumeFormatter.deviceBytesFor(blocks, segmentBlocks, config), config.memtableRecords, all);
    }

    /** The same with another anchor policy. */
    public EngineKind withAnchorPolicy(final AnchorPolicy policy) {
        return with(config -> config.anchorPolicy = policy);
    }

    /** The same with strict epochs of at most so many blocks. */
    public EngineKind withStrictEpochs(final int blocks) {
        return with(config -> {
            config.strictEpochs = true;
            config.epochBytes = blocks * 4096L;
        });
    }

    /** The same with other capacities. */
    public EngineKind with(final Consumer<EngineConfig> change) {
        return new EngineKind(seals, random, key, segmentBlocks, userBytes, deviceBytes, memtableRecords,
            capacities.andThen(change));
    }

    /**
     * Adopts the volume on a device, and closes that.
     *
     * @param present the anchor that it requires, or what is there instead; null: none
     * @param next    the anchor to be required from now on; null: the present one
     */
    public AdoptResult adopt(final BlockDevice device, final SimAnchor present, final SimAnchor next,
        final boolean accept) {
        final SecureDiskContext volume = new SecureDiskContext().blockDevice(device).key(key.clone())
            .aeadProvider(seals).random(source()).configure(capacities);
        if (present == null) {
            volume.anchor("none");
        } else {
            volume.anchorInstance(present);
        }
        try {
            return Volumes.adopt(new AdoptContext(volume).newAnchorInstance(next).acceptLostWrites(accept));
        } finally {
            device.close();
        }
    }

    /** Watches everything that disks of this kind seal. */
    public NonceOracle seals() {
        return seals;
    }

    /** The key file of all disks of this kind; the caller's copy. */
    public byte[] keyBytes() {
        return key.clone();
    }

    /** Bytes that may lie behind the durable mark. */
    public long windowBytes() {
        final EngineConfig config = new EngineConfig();
        capacities.accept(config);
        return config.windowBytes;
    }

    /** Blocks of a segment. */
    public int segmentBlocks() {
        return segmentBlocks;
    }

    /** Records of one memtable. */
    public int memtableRecords() {
        return memtableRecords;
    }

    /** Where things lie. */
    public Geometry geometry() {
        return Geometry.forDevice(deviceBytes, segmentBlocks, userBytes / Geometry.BLOCK_BYTES);
    }

    @Override
    public void format(final BlockDevice device, final SimAnchor anchor) {
        final FormatContext context = new FormatContext().blockDevice(device).key(key.clone()).sizeBytes(userBytes)
            .random(source()).aeadProvider(seals).configure(capacities);
        if (segmentBlocks > 0) {
            context.segmentBlocks(segmentBlocks);
        }
        if (anchor == null) {
            context.anchor("none");
        } else {
            context.anchorInstance(anchor);
        }
        Volumes.format(context);
        device.close();
    }

    /** Formats a device that is made as large as the volume needs; its size in bytes. */
    public long formatUri(final String uri) {
        return Volumes.format(new FormatContext().device(uri).key(key.clone()).sizeBytes(userBytes).random(source())
            .aeadProvider(seals).configure(capacities).anchor("none")).deviceBytes();
    }

    @Override
    public EngineDisk open(final BlockDevice device, final SimAnchor anchor, final CommitSink sink) {
        return open(device, anchor, sink, false);
    }

    /** Opens for reading only. */
    public EngineDisk openReadOnly(final BlockDevice device, final SimAnchor anchor) {
        return open(device, anchor, Recorder.opening(), true);
    }

    /** Opens with another cipher implementation than the watched one. */
    public EngineDisk openThrough(final AeadProvider aead, final BlockDevice device, final SimAnchor anchor,
        final boolean readOnly) {
        return open(aead, device, anchor, Recorder.opening(), readOnly);
    }

    private EngineDisk open(final BlockDevice device, final SimAnchor anchor, final CommitSink sink,
        final boolean readOnly) {
        return open(seals, device, anchor, sink, readOnly);
    }

    private EngineDisk open(final AeadProvider aead, final BlockDevice device, final SimAnchor anchor,
        final CommitSink sink, final boolean readOnly) {
        final SteppedClock clock = new SteppedClock();
        final SecureDiskContext context = new SecureDiskContext().blockDevice(device).key(key.clone())
            .readOnly(readOnly).threadingMode(ThreadingMode.INVOKER).clock(clock).aeadProvider(aead).random(source())
            .commitListener(new Listener(sink)).configure(capacities);
        if (anchor == null) {
            context.anchor("none");
        } else {
            context.anchorInstance(anchor);
        }
        return new EngineDisk(SecureDisk.open(context), device, clock, key);
    }

    /** Exports what a volume that does not open any more still holds. */
    public RescueReport rescue(final BlockDevice device, final Path output, final boolean force) {
        return Volumes.rescue(new SecureDiskContext().blockDevice(device).key(key.clone()).aeadProvider(seals)
            .anchor("none").configure(capacities), output, force);
    }

    @Override
    public long deviceBytes() {
        return deviceBytes;
    }

    @Override
    public boolean strictEpochs() {
        final EngineConfig config = new EngineConfig();
        capacities.accept(config);
        return config.strictEpochs;
    }

    @Override
    public long userBytes() {
        return userBytes;
    }

    private RandomSource source() {
        return random::nextBytes;
    }

    private static byte[] key(final String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private record Listener(CommitSink sink) implements CommitObserver {
        @Override
        public void commitSealed(final long epoch, final long sequence, final boolean engineStarted) {
            sink.sealed(epoch, engineStarted);
        }

        @Override
        public void commitDurable(final long epoch) {
            sink.durable(epoch);
        }
    }
}

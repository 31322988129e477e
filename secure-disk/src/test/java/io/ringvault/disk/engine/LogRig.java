package io.ringvault.disk.engine;

import io.ringvault.block.BlockQueue;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.CommitId;
import io.ringvault.log.Geometry;
import io.ringvault.log.Le;
import io.ringvault.log.ObjectKind;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;
import io.ringvault.log.SessionTable;
import io.ringvault.log.SummaryCodec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The writing half of a data agent (allocator, chunk writer, window) over a simulated device, stepped by a test. */
final class LogRig {
    static final long SESSION = 1;

    final EngineConfig config;
    final SimulatedDevice device;
    final List<SimulatedDevice.Operation> operations = new ArrayList<>();
    final Geometry geometry;
    final SegmentTable table;
    final EngineState state;
    final BlockQueue queue;
    final SegmentAllocator allocator;
    final DurableWindow window;
    final ChunkWriter chunks;
    final BlockSealer sealer = new BlockSealer(new SunJceProvider().create());
    final SessionKeys keys;
    final SessionIdentity session = new SessionIdentity(SESSION, filled(32, 7), filled(16, 9));
    final List<Long> durable = new ArrayList<>();
    /** Where the newest block of each LBA is. */
    final Map<Long, Long> newest = new HashMap<>();
    final byte[] plain = new byte[Geometry.BLOCK_BYTES];

    /** A summary as it lies on the device. */
    record Chunk(long sequence, long epoch, boolean commit, int segment, int slot, byte[] summary) {
    }

    LogRig(final EngineConfig config, final int segmentBlocks, final int segments, final SpaceReserves reserves) {
        this(config, SimulatedDevice.Settings.of((32L + (long) segmentBlocks * segments) * 4096), 5, segmentBlocks,
            segments, reserves);
    }

    LogRig(final EngineConfig config, final SimulatedDevice.Settings settings, final long seed,
           final int segmentBlocks, final int segments, final SpaceReserves reserves) {
        this.config = config;
        this.device = new SimulatedDevice(settings, seed);
        device.observe(new SimulatedDevice.Observer() {
            @Override
            public void beforeOperation(final SimulatedDevice of, final SimulatedDevice.Operation operation) {
                operations.add(operation);
            }
        });
        geometry = new Geometry(segmentBlocks, segments, 32L + (long) segmentBlocks * segments, 64);
        table = new SegmentTable(segments);
        state = new EngineState(config, false);
        queue = device.openQueue(config.queueDepth);
        final VolumeKey volumeKey = new VolumeKey(1, filled(32, 3));
        keys = new SessionKeys(volumeKey, session.volumeId(), sealer.aead(),
            SessionTable.EMPTY.with(SESSION, 1, session.salt()));
        for (int i = 0; i < 4; i++) {
            table.announce(table.nextFree(), i + 1, SESSION, i / 2 == 0 ? SegmentPurpose.USER
                : SegmentPurpose.RELOCATION);
        }
        allocator = new SegmentAllocator(table, reserves, SESSION, 5, 1, new BitSet(), false);
        window = new DurableWindow(device, queue, geometry, state, 0);
        chunks = new ChunkWriter(state, geometry, table, allocator, window, sealer, session, keys.key(SESSION),
            new CommitId(0, 0, 0, 0));
        chunks.stream(0).start(0, 1, 1, 2);
        chunks.stream(1).start(2, 3, 3, 4);
        chunks.connect(new ChunkWriter.Records() {
            @Override
            public void placed(final long lba, final int segment, final long generation, final int slot,
                               final long tag0, final long tag1) {
                newest.put(lba, generation << 16 | slot);
            }

            @Override
            public boolean isNewest(final long lba, final long generation, final int slot) {
                return newest.get(lba) == (generation << 16 | slot);
            }
        });
    }

    static EngineConfig tiny() {
        final EngineConfig config = new EngineConfig();
        config.chunkDataBlocks = 3;
        config.chunkBuffers = 16;
        config.windowBytes = 1 << 20;
        config.queueDepth = 64;
        config.inFlightCommits = 2;
        config.memtableRecords = 300;
        return config;
    }

    static byte[] filled(final int length, final int value) {
        final byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    void place(final int stream, final long lba) {
        Arrays.fill(plain, (byte) lba);
        chunks.placeBlock(stream, lba, plain);
    }

    /** Submits, lets the device work, delivers, and moves the durable mark; the durable sequences go to the list. */
    int step() {
        int work = window.step();
        queue.submit();
        work += poll();
        for (ChunkBuffer chunk = window.nextDurable(); chunk != null; chunk = window.nextDurable()) {
            durable.add(chunk.sequence);
            window.release(chunk);
            work++;
        }
        return work;
    }

    int poll() {
        return queue.poll((token, status) -> {
            if (Tokens.owner(token) == Tokens.CHUNK) {
                window.onChunkCompletion((int) Tokens.number(token), status);
            } else {
                window.onFlushCompletion(Tokens.number(token), status);
            }
        }, 128);
    }

    void drain() {
        int idle = 0;
        while (idle < 16) {
            idle = step() == 0 ? idle + 1 : 0;
        }
    }

    long count(final SimulatedDevice.Kind kind) {
        return operations.stream().filter(each -> each.kind() == kind).count();
    }

    /** Follows the chain on the device from the session's first places, by tags and listed places alone. */
    List<Chunk> walk() {
        final List<Chunk> found = new ArrayList<>();
        List<long[]> places = new ArrayList<>(List.of(new long[] {1, 0, 1}, new long[] {2, 1, 1}, new long[] {3, 2, 1},
            new long[] {4, 3, 1}));
        long tag0 = 0;
        long tag1 = 0;
        while (true) {
            Chunk next = null;
            for (final long[] place : places) {
                final byte[] sealed = device.content(geometry.blockOf((int) place[1], (int) place[2]) * 4096, 4096);
                final byte[] summary = new byte[Geometry.SEALED_BYTES];
                if (next == null && sealer.openBlock(keys.key(SESSION), ObjectKind.SUMMARY, 0, 0, place[0],
                    (int) place[2], sealed, summary) && SummaryCodec.sequence(summary) == found.size() + 1
                    && SummaryCodec.previousTag0(summary) == tag0 && SummaryCodec.previousTag1(summary) == tag1) {
                    next = new Chunk(SummaryCodec.sequence(summary), SummaryCodec.epoch(summary),
                        SummaryCodec.isCommit(summary), (int) place[1], (int) place[2], summary);
                    tag0 = Le.getLong(sealed, Geometry.SEALED_BYTES);
                    tag1 = Le.getLong(sealed, Geometry.SEALED_BYTES + 8);
                    break;
                }
            }
            if (next == null) {
                return found;
            }
            found.add(next);
            places = new ArrayList<>();
            for (int i = 0; i < SummaryCodec.nextCount(next.summary()); i++) {
                places.add(new long[] {SummaryCodec.nextGeneration(next.summary(), i),
                    SummaryCodec.nextSegment(next.summary(), i), SummaryCodec.nextSlot(next.summary(), i)});
            }
        }
    }
}

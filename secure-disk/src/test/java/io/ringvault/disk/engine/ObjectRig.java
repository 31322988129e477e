package io.ringvault.disk.engine;

import io.ringvault.block.BlockQueue;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceFault;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.Geometry;
import io.ringvault.log.Superblock;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;
import io.ringvault.log.SessionTable;
import io.ringvault.log.SlotCodec;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;

/** What the index agent owns, without the agent: writer, fetcher and slot writer over a simulated device. */
final class ObjectRig {
    static final int FETCH_SEGMENT = 3;
    static final long FETCH_GENERATION = 9;

    final SimulatedDevice device = new SimulatedDevice(SimulatedDevice.Settings.of((32 + 16 * 20) * 4096), 5);
    final Geometry geometry = new Geometry(16, 20, 32 + 16 * 20, 64);
    final EngineConfig config = LogRig.tiny();
    final EngineCounters counters = new EngineCounters();
    final BlockSealer sealer = new BlockSealer(new SunJceProvider().create());
    final SessionIdentity session = new SessionIdentity(1, LogRig.filled(32, 7), LogRig.filled(16, 9));
    final VolumeKey volumeKey = new VolumeKey(1, LogRig.filled(32, 3));
    final SessionKeys keys = new SessionKeys(volumeKey, session.volumeId(), sealer.aead(),
        SessionTable.EMPTY.with(1, 1, session.salt()));
    final BlockQueue queue = device.openQueue(64);
    final ObjectWriter writer;
    final ObjectFetcher fetcher;
    final SlotWriter slots;

    ObjectRig(final int stagingBlocks) {
        config.objectStagingBlocks = stagingBlocks;
        writer = new ObjectWriter(device, queue, geometry, sealer, keys.key(1), session, config, counters);
        final SegmentTable table = new SegmentTable(20);
        table.announce(FETCH_SEGMENT, FETCH_GENERATION, 1, SegmentPurpose.OBJECT);
        table.open(FETCH_SEGMENT);
        fetcher = new ObjectFetcher(device, queue, geometry, sealer, keys, new ObjectSegments(table), counters);
        slots = new SlotWriter(device, queue, geometry, volumeKey, session.volumeId(), new Random(4)::nextBytes,
            new byte[4096], new byte[4096]);
    }

    static DeviceFault fault(final SimulatedDevice.Kind kind, final boolean retryable) {
        return DeviceFault.fail(kind, 1, BlockStatus.error(BlockStatus.ORIGIN_NVME, 2, 0x81, retryable));
    }

    byte[] plain(final int value) {
        return LogRig.filled(Geometry.SEALED_BYTES, value);
    }

    /** Puts a sealed block on the device. */
    void put(final int kind, final long objectId, final int ordinal, final int slot, final byte[] plain) {
        final byte[] sealed = new byte[4096];
        sealer.sealBlock(keys.key(1), kind, objectId, ordinal, FETCH_GENERATION, slot, plain, sealed);
        device.edit(geometry.blockOf(FETCH_SEGMENT, slot) * 4096, sealed);
    }

    byte[] open(final int kind, final long objectId, final int ordinal, final int segment, final int slot,
        final long generation) {
        final byte[] plain = new byte[Geometry.SEALED_BYTES];
        if (!sealer.openBlock(keys.key(1), kind, objectId, ordinal, generation, slot,
            device.content(geometry.blockOf(segment, slot) * 4096, 4096), plain)) {
            throw new AssertionError("segment " + segment + " slot " + slot + " does not verify");
        }
        return plain;
    }

    Superblock superblock(final long serial) {
        return new Superblock.Builder(geometry).serial(serial).session(1, session.salt())
            .replayFrom(1, 0, 0, List.of(new io.ringvault.log.Place(1, 0, 1))).build();
    }

    Superblock slot(final int which) {
        return SlotCodec.decode(device.content(geometry.slotBlock(which) * 4096, 4096), which, volumeKey,
            session.volumeId());
    }

    void step() {
        writer.step();
        fetcher.step();
        slots.step();
        queue.submit();
        queue.poll((token, status) -> {
            final long number = Tokens.number(token);
            final long owner = Tokens.owner(token);
            if (owner == Tokens.OBJECT_WRITE) {
                writer.onWriteCompletion(number, status);
            } else if (owner == Tokens.OBJECT_FLUSH) {
                writer.onFlushCompletion(status);
            } else if (owner == Tokens.OBJECT_READ) {
                fetcher.onCompletion((int) number, status);
            } else if (owner == Tokens.SLOT_READ) {
                slots.onReadCompletion(status);
            } else {
                slots.onWriteCompletion(status);
            }
        }, 64);
    }

    void until(final BooleanSupplier reached) {
        for (int i = 0; i < 1000; i++) {
            if (reached.getAsBoolean()) {
                return;
            }
            step();
        }
        throw new AssertionError("not reached in 1000 steps");
    }
}

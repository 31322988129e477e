package io.ringvault.tests.planted;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.SimulatedDevice.Kind;
import io.ringvault.block.SimulatedDevice.Operation;
import io.ringvault.log.Geometry;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.torture.History;
import io.ringvault.torture.HistoryChecker;
import java.util.Random;

/**
 * A process dies with a write in flight. The next one recovers and writes; only then does the write of the dead one
 * land, at any moment before its heir's second checkpoint (protocol S14). It may hit what nobody uses yet, nothing
 * else. The write is the first one after a sync, since where that goes was announced by chunks that are durable;
 * others are kept away by the device's lock or reset.
 */
final class LateWrites {
    private static final int ROUNDS = 25;
    /** What is quarantined must outlast the checkpoint of the open and the heir's first one. */
    private static final int QUARANTINE_CHECKPOINTS = 2;

    private final EngineKind kind;
    private final Random random;
    /** On a disk that is hardly used the heir has time before its checkpoints, on a full one it is in need of space. */
    private final int blocks;
    private SimulatedDevice device;
    private History history;
    /** Slot after the last commit. */
    private int position;
    private Operation late;
    private SimulatedDevice landed;
    private EngineDisk heir;
    private int untilLanding;

    private LateWrites(final long seed) {
        kind = EngineKind.tiny(seed);
        random = new Random(seed);
        blocks = EngineKind.TINY_BLOCKS / (seed % 2 == 0 ? 1 : 4);
        device = new SimulatedDevice(SimulatedDevice.Settings.of(kind.deviceBytes()).withMaxDelayPolls(40), seed);
        history = new History((int) (kind.userBytes() / Script.GRANULE_BYTES), seed | 1);
        kind.format(device, null);
    }

    static void check(final long seed) {
        final LateWrites life = new LateWrites(seed);
        for (int round = 0; round < ROUNDS; round++) {
            life.die(round % 3);
            life.inherit();
        }
    }

    /** @param segmentEnds the write in flight begins the segment behind so many ends; 0: it goes on with one */
    private void die(final int segmentEnds) {
        device = device.processDeath(random.nextLong());
        device.observe(watch());
        final Recorder recorder = new Recorder(history);
        final EngineDisk disk = kind.open(device, null, recorder);
        recorder.attach(disk);
        work(recorder, 10 + random.nextInt(60));
        recorder.sync();
        disk.idle(600);
        for (int ends = 0, i = 0; i == 0 || ends < segmentEnds; i++) {
            recorder.write((long) random.nextInt(blocks) * Script.BLOCK_GRANULES, Script.BLOCK_GRANULES);
            recorder.sync();
            ends += position >= kind.segmentBlocks() - 2 ? 1 : 0;
        }
        late = null;
        recorder.write((long) random.nextInt(blocks - 5) * Script.BLOCK_GRANULES, 5 * Script.BLOCK_GRANULES);
        disk.idle(random.nextInt(4));
        landed = device.crash(CrashPolicy.ALL, 1);
        device = device.processDeath(random.nextLong());
        disk.abandon();
        history = recorder.history();
    }

    private void inherit() {
        heir = null;
        untilLanding = random.nextInt(25);
        device.observe(new SimulatedDevice.Observer() {
            @Override
            public void afterCompletion(final SimulatedDevice source, final Operation operation, final int status) {
                if (operation.kind() == Kind.WRITE && untilLanding-- == 0) {
                    land();
                }
            }
        });
        final Recorder next = Recorder.opening();
        heir = kind.open(device, null, next);
        final int state = HistoryChecker.check(history, Recorder.readAll(heir), Script.GRANULE_BYTES,
            history.admissible());
        next.start(history.continueFrom(state), heir);
        for (int i = 0; i < 40 && untilLanding >= 0; i++) {
            work(next, 1);
        }
        next.sync();
        next.checkNewest();
        next.close();
        history = next.history();
    }

    private void land() {
        final boolean soon = heir == null || heir.engine().counters().checkpoints() < QUARANTINE_CHECKPOINTS;
        if (soon && late != null && segmentBlock(late) >= 0) {
            device.edit(late.offsetBytes(), landed.content(late.offsetBytes(), (int) late.lengthBytes()));
        }
    }

    /** The block in the segments at which the write begins, or -1. */
    private long segmentBlock(final Operation write) {
        final long block = write.offsetBytes() / Geometry.BLOCK_BYTES - Geometry.FIRST_SEGMENT_BLOCK;
        return block < (long) kind.geometry().segmentCount() * kind.segmentBlocks() ? block : -1;
    }

    private SimulatedDevice.Observer watch() {
        return new SimulatedDevice.Observer() {
            @Override
            public void afterSubmission(final SimulatedDevice source, final Operation operation) {
                if (operation.kind() == Kind.WRITE && late == null) {
                    late = operation;
                }
            }

            @Override
            public void afterCompletion(final SimulatedDevice source, final Operation operation, final int status) {
                if (operation.fua() && segmentBlock(operation) >= 0) {
                    position = (int) (segmentBlock(operation) % kind.segmentBlocks()
                        + operation.lengthBytes() / Geometry.BLOCK_BYTES);
                }
            }
        };
    }

    private void work(final Recorder recorder, final int writes) {
        for (int i = 0; i < writes; i++) {
            recorder.write((long) random.nextInt(blocks - 4) * Script.BLOCK_GRANULES,
                (1 + random.nextInt(4)) * Script.BLOCK_GRANULES);
            if (random.nextInt(6) == 0) {
                recorder.sync();
            }
        }
    }
}

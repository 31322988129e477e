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
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/**
 * A process dies with a write in flight. The next one recovers and writes; only then does the write of the dead one
 * land (protocol S14). It may hit what nobody uses yet, nothing else. The write is the first one after a sync and
 * a rest, since where that goes was announced by chunks that are durable; others are kept away by the device's lock or
 * reset.
 */
final class LateWrites {
    private static final int ROUNDS = 25;

    private LateWrites() {
    }

    static void check(final long seed) {
        final Random random = new Random(seed);
        final EngineKind kind = EngineKind.tiny(seed);
        SimulatedDevice device = new SimulatedDevice(
            SimulatedDevice.Settings.of(kind.deviceBytes()).withMaxDelayPolls(40), seed);
        kind.format(device, null);
        History history = new History((int) (kind.userBytes() / Script.GRANULE_BYTES), seed | 1);
        for (int round = 0; round < ROUNDS; round++) {
            device = device.processDeath(random.nextLong());
            final Recorder recorder = new Recorder(history);
            final EngineDisk disk = kind.open(device, null, recorder);
            recorder.attach(disk);
            work(recorder, random, 10 + random.nextInt(60));
            recorder.sync();
            disk.idle(600);
            recorder.sync();
            final Map<Long, Operation> inFlight = new LinkedHashMap<>();
            watch(device, inFlight);
            recorder.write((long) random.nextInt(EngineKind.TINY_BLOCKS - 5) * Script.BLOCK_GRANULES,
                5 * Script.BLOCK_GRANULES);
            disk.idle(random.nextInt(4));
            final SimulatedDevice landed = device.crash(CrashPolicy.ALL, 1);
            device = device.processDeath(random.nextLong());
            disk.abandon();
            history = recorder.history();
            final Recorder next = Recorder.opening();
            final EngineDisk heir = kind.open(device, null, next);
            final int state = HistoryChecker.check(history, Recorder.readAll(heir), Script.GRANULE_BYTES,
                history.admissible());
            next.start(history.continueFrom(state), heir);
            for (int i = random.nextInt(16); i > 0 && heir.engine().counters().checkpoints() == 0; i--) {
                work(next, random, 1);
            }
            for (final Operation late : inFlight.values()) {
                if (late.offsetBytes() / Geometry.BLOCK_BYTES >= Geometry.FIRST_SEGMENT_BLOCK
                    && !isSlot(kind, late)) {
                    device.edit(late.offsetBytes(), landed.content(late.offsetBytes(), (int) late.lengthBytes()));
                }
            }
            next.sync();
            next.checkNewest();
            next.close();
            history = next.history();
        }
    }

    private static boolean isSlot(final EngineKind kind, final Operation late) {
        final long block = late.offsetBytes() / Geometry.BLOCK_BYTES;
        return block == kind.geometry().slotBlock(0) || block == kind.geometry().slotBlock(1);
    }

    private static void watch(final SimulatedDevice device, final Map<Long, Operation> inFlight) {
        device.observe(new SimulatedDevice.Observer() {
            private boolean begun;

            @Override
            public void afterSubmission(final SimulatedDevice source, final Operation operation) {
                if (operation.kind() == Kind.WRITE && !begun) {
                    begun = true;
                    inFlight.put(operation.index(), operation);
                }
            }

            @Override
            public void afterCompletion(final SimulatedDevice source, final Operation operation, final int status) {
                inFlight.remove(operation.index());
            }
        });
    }

    private static void work(final Recorder recorder, final Random random, final int writes) {
        for (int i = 0; i < writes; i++) {
            final int first = random.nextInt(EngineKind.TINY_BLOCKS - 4);
            recorder.write((long) first * Script.BLOCK_GRANULES, (1 + random.nextInt(4)) * Script.BLOCK_GRANULES);
            if (random.nextInt(6) == 0) {
                recorder.sync();
            }
        }
    }
}

package io.ringvault.tests.oracle;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.disk.volume.VolumeProbe;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.SimRig.Keep;
import io.ringvault.torture.History;
import io.ringvault.torture.HistoryChecker;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * One tiny volume crashes and is opened again hundreds of times: content, metadata and space hold all the way, and in
 * the end the whole disk can still be overwritten. Now and then the running engine is compared with its replayed log.
 */
class ManyCrashesTest {
    private static final int CYCLES = Integer.getInteger("ringvault.cycles", 300);
    private static final int GRANULES = EngineKind.TINY_BLOCKS * Script.BLOCK_GRANULES;

    private final long seed = Long.getLong("seed", 4);
    private final Random random = new Random(seed);
    private final EngineKind kind = EngineKind.tiny(seed);
    private SimAnchor anchor = new SimAnchor(1);
    private SimRig rig = SimRig.create(kind.deviceBytes(), seed);
    private Recorder recorder = new Recorder(new History(GRANULES, seed | 1));
    private int compared;
    private int mostIdle;

    @Test
    void shouldNeitherLeakSpaceNorContradictItselfOverManyCrashes() {
        kind.format(rig.open(), anchor);
        recorder.attach(kind.open(rig.open(), anchor, recorder));
        for (int cycle = 0; cycle < CYCLES; cycle++) {
            try {
                work(cycle);
                crash();
            } catch (final AssertionError | RuntimeException failed) {
                throw new AssertionError("seed " + seed + ", cycle " + cycle + ": " + failed.getMessage(), failed);
            }
        }
        for (int round = 0; round < 3; round++) {
            for (int block = 0; block < EngineKind.TINY_BLOCKS; block += 16) {
                recorder.write(block * (long) Script.BLOCK_GRANULES, 16 * Script.BLOCK_GRANULES);
            }
            recorder.sync();
        }
        recorder.checkNewest();
        recorder.close();
        final VolumeView view = view();
        PlaceOracle.check(view);
        final int idle = SpaceOracle.check(view);
        kind.seals().check();
        System.out.printf("many crashes, seed %d: %d cycles, %d comparisons of engine and log, at most %d of %d"
            + " segments wait to be free after a crash, %d at the end%n", seed, CYCLES, compared, mostIdle,
            view.state.length,
                idle);
        assertTrue(compared >= CYCLES / 20, compared + " comparisons");
    }

    private void work(final int cycle) {
        final Script script = Script.random(random, GRANULES, 1 + random.nextInt(25));
        for (final Script.Step step : script.steps()) {
            if (step.type() != 'r' && step.type() != 'k') {
                recorder.perform(step);
            }
        }
        if (cycle % 7 == 0 && MetadataOracle.check(kind, rig, anchor, (EngineDisk) recorder.disk(),
            recorder::sync)) {
            compared++;
        }
    }

    private void crash() {
        final Keep keep = Keep.values()[random.nextInt(Keep.values().length)];
        final SimRig after = rig.crash(keep, random.nextLong());
        final SimAnchor anchorAfter = anchor.copy();
        final History past = recorder.history();
        recorder.disk().abandon();
        rig = after;
        anchor = anchorAfter;
        final VolumeView view = view();
        PlaceOracle.check(view);
        mostIdle = Math.max(mostIdle, SpaceOracle.check(view));
        final Recorder next = Recorder.opening();
        final EngineDisk disk = kind.open(rig.open(), anchor, next);
        final int state = HistoryChecker.check(past, Recorder.readAll(disk), Script.GRANULE_BYTES,
            past.admissible());
        next.start(past.continueFrom(state), disk);
        recorder = next;
    }

    private VolumeView view() {
        return VolumeProbe.replayed(rig.copy().open(), kind.keyBytes(), anchor.copy(), kind.seals(),
            kind.windowBytes(), false);
    }
}

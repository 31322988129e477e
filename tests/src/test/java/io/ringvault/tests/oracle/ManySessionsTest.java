package io.ringvault.tests.oracle;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.disk.engine.EngineProbe;
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
 * Many short sessions in a row, each ended by a crash: every one leaves blocks behind, and the table of sessions must
 * stay short all the same (protocol P10).
 */
class ManySessionsTest {
    private static final int BLOCKS = 700;
    private static final int SESSIONS = 150;
    private static final int LONGER_SESSIONS = 60;
    private static final int BOUND = 6;
    /** At this many, writes wait; a session adds itself. */
    private static final int HELD = 4 * BOUND + 1;

    private final long seed = Long.getLong("seed", 1);
    private final Random random = new Random(seed);
    private final SimAnchor anchor = new SimAnchor(1);
    private History history = new History(BLOCKS * Script.BLOCK_GRANULES, seed | 1);
    private SimRig rig;
    private int most;

    @Test
    void shouldReopenAndLoseNothingWhileTheOldestSessionsAreRetired() {
        run(EngineKind.tiny(seed, BLOCKS).with(config -> config.sessionsMax = BOUND), false);
        System.out.println("session table: at most " + most + " of " + LONGER_SESSIONS + " with a bound of " + BOUND);
        assertTrue(most > 2 && most <= BOUND + 2, most + " sessions with seed " + seed);
    }

    /** Sessions so short that hardly anything is retired: then writes wait for it, so the table stays bounded. */
    @Test
    void shouldHoldWritesBackWhenSessionsAreTooShortForRetiringAny() {
        run(EngineKind.tiny(seed, BLOCKS).with(config -> config.sessionsMax = BOUND), true);
        System.out.println("session table, shortest sessions: at most " + most + " with a bound of " + BOUND);
        assertTrue(most > BOUND && most <= HELD, most + " sessions with seed " + seed);
    }

    /** The same without the bound: sessions pile up, so the tests above would notice if nothing were retired. */
    @Test
    void shouldPileUpWithoutABound() {
        run(EngineKind.tiny(seed, BLOCKS), true);
        assertTrue(most > HELD + BOUND, most + " sessions with seed " + seed);
    }

    private void run(final EngineKind kind, final boolean brief) {
        rig = SimRig.create(kind.deviceBytes(), seed);
        kind.format(rig.open(), anchor);
        final int sessions = brief ? SESSIONS : LONGER_SESSIONS;
        for (int i = 0; i < sessions; i++) {
            final Recorder recorder = Recorder.opening();
            final EngineDisk disk = kind.open(rig.open(), anchor, recorder);
            final EngineProbe engine = new EngineProbe(disk.engine());
            most = Math.max(most, engine.sessions().size());
            final boolean look = !brief || i % 25 == 24 || i == sessions - 1;
            final int state = look ? HistoryChecker.check(history, Recorder.readAll(disk), Script.GRANULE_BYTES,
                history.admissible()) : history.submitted();
            recorder.start(history.continueFrom(state), disk);
            for (int writes = brief ? 1 : random.nextInt(6); writes >= 0; writes--) {
                recorder.write(random.nextInt(BLOCKS) * Script.BLOCK_GRANULES, Script.BLOCK_GRANULES);
            }
            recorder.sync();
            disk.idle(brief ? 0 : random.nextInt(4) == 0 ? random.nextInt(1500) : random.nextInt(60));
            most = Math.max(most, engine.sessions().size());
            kind.seals().check();
            final SimRig next = rig.crash(Keep.values()[random.nextInt(Keep.values().length)], random.nextLong());
            disk.abandon();
            rig = next;
            history = recorder.history();
        }
    }
}

package io.ringvault.tests.traps;

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
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** A small volume, its history, and the ways of ending a session. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class TrapBase {
    static final int BLOCK = 4096;
    static final int GRANULES = Script.BLOCK_GRANULES;

    final long seed = Long.getLong("seed", 3);
    final Random random = new Random(seed);
    EngineKind kind = EngineKind.tiny(seed);
    SimRig rig;
    SimAnchor anchor;
    Recorder recorder;

    /** Formats and opens. */
    void start() {
        start(kind);
    }

    /** Formats and opens a volume of another kind. */
    void start(final EngineKind other) {
        kind = other;
        rig = SimRig.create(kind.deviceBytes(), seed);
        anchor = new SimAnchor(1);
        recorder = new Recorder(new History((int) (kind.userBytes() / Script.GRANULE_BYTES), seed | 1));
        kind.format(rig.open(), anchor);
        open();
    }

    /** Opens in good order, and everything must be there. */
    void open() {
        recorder.attach(kind.open(rig.open(), anchor, recorder));
        recorder.checkNewest();
    }

    /** Closes, opens, checks. */
    void reopen() {
        recorder.close();
        open();
    }

    /** Crashes, opens, and checks that what is found is admissible; goes on from there. */
    void crash(final Keep keep) {
        final SimRig after = rig.crash(keep, random.nextLong());
        recorder.disk().abandon();
        rig = after;
        final History past = recorder.history();
        recorder.opening(past);
        final EngineDisk disk = kind.open(rig.open(), anchor, recorder);
        final int state = HistoryChecker.check(past, Recorder.readAll(disk), Script.GRANULE_BYTES, past.admissible());
        recorder.start(past.continueFrom(state), disk);
    }

    EngineDisk disk() {
        return (EngineDisk) recorder.disk();
    }

    int blocks() {
        return recorder.history().granules() / GRANULES;
    }

    /** Writes whole blocks, in requests that the disk takes. */
    void write(final int lba, final int count) {
        for (int done = 0; done < count; done += EngineKind.TINY_REQUEST_BLOCKS) {
            recorder.write((long) (lba + done) * GRANULES,
                Math.min(count - done, EngineKind.TINY_REQUEST_BLOCKS) * GRANULES);
        }
    }

    void writeRandomBlock() {
        write(random.nextInt(blocks()), 1);
    }

    @AfterEach
    void end() {
        if (recorder != null && recorder.disk() != null) {
            recorder.disk().abandon();
        }
        kind.seals().check();
    }
}

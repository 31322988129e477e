package io.ringvault.tests.traps;

import io.ringvault.block.SimulatedDevice;
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
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** A small volume, its history, and the ways of ending a session. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class TrapBase {
    protected static final int BLOCK = 4096;
    protected static final int GRANULES = Script.BLOCK_GRANULES;

    protected final long seed = Long.getLong("seed", 3);
    protected final Random random = new Random(seed);
    protected EngineKind kind = EngineKind.tiny(seed);
    protected SimRig rig;
    protected SimAnchor anchor;
    protected Recorder recorder;
    /** Sees the device before each opening for writing. */
    protected Consumer<SimRig> watch = each -> { };

    /** Formats and opens. */
    protected void start() {
        start(kind);
    }

    /** Formats and opens a volume of another kind. */
    protected void start(final EngineKind other) {
        kind = other;
        start(SimulatedDevice.Settings.of(kind.deviceBytes()));
    }

    /** Formats and opens on a device of another kind. */
    protected void start(final SimulatedDevice.Settings settings) {
        rig = SimRig.create(settings, seed);
        anchor = new SimAnchor(1);
        recorder = new Recorder(new History((int) (kind.userBytes() / Script.GRANULE_BYTES), seed | 1));
        kind.format(rig.open(), anchor);
        open();
    }

    /** Opens in good order, and everything must be there. */
    protected void open() {
        watch.accept(rig);
        recorder.attach(kind.open(rig.open(), anchor, recorder));
        recorder.checkNewest();
    }

    /** Closes, opens, checks. */
    protected void reopen() {
        recorder.close();
        open();
    }

    /** Crashes, opens, and checks that what is found is admissible; goes on from there. */
    protected void crash(final Keep keep) {
        final SimRig after = rig.crash(keep, random.nextLong());
        recorder.disk().abandon();
        rig = after;
        final History past = recorder.history();
        recorder.opening(past);
        watch.accept(rig);
        final EngineDisk disk = kind.open(rig.open(), anchor, recorder);
        final int state = HistoryChecker.check(past, Recorder.readAll(disk), Script.GRANULE_BYTES, past.admissible());
        recorder.start(past.continueFrom(state), disk);
    }

    protected EngineDisk disk() {
        return (EngineDisk) recorder.disk();
    }

    protected int blocks() {
        return recorder.history().granules() / GRANULES;
    }

    /** Writes whole blocks, in requests that the disk takes. */
    protected void write(final int lba, final int count) {
        for (int done = 0; done < count; done += EngineKind.TINY_REQUEST_BLOCKS) {
            recorder.write((long) (lba + done) * GRANULES,
                Math.min(count - done, EngineKind.TINY_REQUEST_BLOCKS) * GRANULES);
        }
    }

    protected void writeRandomBlock() {
        write(random.nextInt(blocks()), 1);
    }

    @AfterEach
    protected void end() {
        if (recorder != null && recorder.disk() != null) {
            recorder.disk().abandon();
        }
        kind.seals().check();
    }
}

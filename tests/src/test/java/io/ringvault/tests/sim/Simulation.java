package io.ringvault.tests.sim;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.disk.engine.AnchorPolicy;
import io.ringvault.disk.engine.EngineProbe;
import io.ringvault.disk.engine.SessionRoll;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.Shrinker;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.SimRig.Keep;
import io.ringvault.tests.nonce.DeviceOracle;
import io.ringvault.torture.ClientHistories;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.agrona.concurrent.Agent;

/**
 * One run of everything from one {@link SimScript}: clients, agents, device, anchor, second openers. At the end of each
 * life the process dies, or the power fails, or another process takes the volume over, or the disk is closed; the next
 * life goes on with what is found. One thread.
 */
public final class Simulation {
    private static final int GRANULES_EACH = SimScript.granulesEach(EngineKind.TINY_BLOCKS);
    private static final int FIRST_GRANULE = 1;
    private static final int QUIET_ROUNDS = 60_000;
    private static final long QUIET_STEP_NS = 200_000;
    private static final int SAME_WAY_CHARS = 40;

    private final SimScript script;
    private final long run;
    private final EngineKind kind;
    private final DeviceOracle oracle;
    private final Machine machine;
    private final boolean everySync;
    private ClientHistories histories;
    private SimAnchor anchor = new SimAnchor(1);
    private EngineDisk disk;
    private EngineProbe engine;
    private List<SimClient> clients = List.of();
    private SessionRoll roll;
    private SimRig older;
    private long trace = 1;
    private int stepsDone;
    private long operations;
    private long refusals;
    private long unanchored;
    private long anchorFaults;
    private long readOnlyOpens;
    private long takeOvers;
    private long oldImages;
    private long rolls;
    private long refusedOpens;

    private Simulation(final SimScript script, final Consumer<SimRig> sabotage) {
        this.script = script;
        run = script.seed() << 1 | 1;
        EngineKind shape = EngineKind.tiny(script.seed()).withAnchorPolicy(AnchorPolicy.parse(script.policy()))
            .with(config -> config.sessionsMax = script.sessions());
        shape = script.strict() > 0 ? shape.withStrictEpochs(script.strict()) : shape;
        kind = shape;
        everySync = script.policy().equals("every-sync");
        oracle = new DeviceOracle(kind.seals(), kind.geometry());
        histories = new ClientHistories(SimScript.CLIENTS, GRANULES_EACH, Script.GRANULE_BYTES, run);
        machine = script.device().equals("nvme") ? new NvmeMachine(temporary(), kind.deviceBytes())
            : new SimulatedMachine(SimRig.create(SimulatedDevice.Settings.of(kind.deviceBytes())
                .withMaxDelayPolls(script.delay()), script.seed()), rig -> {
                    oracle.watch(rig);
                    sabotage.accept(rig);
                });
    }

    private static Path temporary() {
        try {
            final Path folder = Files.createTempDirectory("ringvault-simulation");
            folder.toFile().deleteOnExit();
            final Path image = folder.resolve("image");
            image.toFile().deleteOnExit();
            return image;
        } catch (final IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** A random run of three lives; for those who look for defects in the disk. */
    public static void check(final long seed) {
        run(SimScript.random(seed, "simulated", 3, GRANULES_EACH));
    }

    /** Runs the script. A violation says the seed, the step, and what was wrong. */
    static Simulation run(final SimScript script) {
        return run(script, rig -> { });
    }

    /** On a device that misbehaves as {@code sabotage} tells it to. */
    static Simulation run(final SimScript script, final Consumer<SimRig> sabotage) {
        final Simulation simulation = new Simulation(script, sabotage);
        try {
            simulation.live();
            return simulation;
        } catch (final AssertionError | RuntimeException failed) {
            throw new AssertionError("simulation with seed " + script.seed() + " on " + script.device() + ", step "
                + simulation.stepsDone + " of " + script.steps().size() + ": " + failed, failed);
        } finally {
            simulation.machine.close();
        }
    }

    /** The smallest script found within the time that still fails in the same way. */
    static SimScript shrink(final SimScript failing, final Consumer<SimRig> sabotage, final long limitNs) {
        final String way = wayOfFailing(failing, sabotage);
        return failing.with(Shrinker.shrink(failing.steps(),
            steps -> way.equals(wayOfFailing(failing.with(steps), sabotage)), limitNs));
    }

    /** What was wrong, without the numbers in it; null when nothing was. */
    private static String wayOfFailing(final SimScript script, final Consumer<SimRig> sabotage) {
        try {
            run(script, sabotage);
            return null;
        } catch (final AssertionError failed) {
            final String text = String.valueOf(failed.getCause().getMessage()).replaceAll("[0-9]+", "N");
            return text.substring(0, Math.min(SAME_WAY_CHARS, text.length()));
        }
    }

    /** A digest of everything that the device was given, in order. */
    long trace() {
        return trace;
    }

    String report() {
        return String.format("seed %d, %s, %s%s: %d steps, %d requests, %d refused, %d without anchor,"
            + " %d anchor faults, %d rolls, %d read-only opens, %d take-overs, %d old images, %d refused opens,"
            + " %d seals, trace %016x",
            script.seed(), script.device(), script.policy(), script.strict() > 0 ? ", strict" : "", stepsDone,
            operations, refusals, unanchored, anchorFaults, rolls, readOnlyOpens, takeOvers, oldImages, refusedOpens,
            kind.seals().seals(), trace);
    }

    long anchorFaults() {
        return anchorFaults;
    }

    // ---- lives

    private void live() {
        machine.trace(digest -> trace = (trace ^ digest) * 0x9E37_79B9_7F4A_7C15L);
        kind.format(machine.open(), anchor);
        begin();
        for (final SimStep step : script.steps()) {
            stepsDone++;
            step(step);
        }
        crash(Keep.NONE, script.seed(), 0);
        disk.abandon();
        counted();
    }

    private void begin() {
        disk = open();
        engine = new EngineProbe(disk.engine());
        histories = histories.continueFrom(histories.check(areas(Recorder.readAll(disk))));
        final List<SimClient> fresh = new ArrayList<>();
        for (int i = 0; i < SimScript.CLIENTS; i++) {
            fresh.add(new SimClient(i, FIRST_GRANULE + i * GRANULES_EACH, histories, run,
                disk.engine().newClient(16)));
        }
        clients = fresh;
        roll = null;
        older = null;
    }

    /** An anchor that is silent, or that a dead process still moves, may make an open fail; the next one succeeds. */
    private EngineDisk open() {
        try {
            return kind.open(machine.open(), anchor, Recorder.opening());
        } catch (final StorageException typed) {
            if (typed.category() != Category.IO && typed.category() != Category.FRESHNESS) {
                throw typed;
            }
            refusedOpens++;
        }
        anchor.fail(SimAnchor.Fault.NONE, 0);
        anchor.landLate();
        return kind.open(machine.open(), anchor, Recorder.opening());
    }

    private void step(final SimStep step) {
        switch (step.type()) {
            case 'd' -> work(0, step.at(0));
            case 'i' -> work(1, step.at(0));
            case 'e' -> disk.idle(step.intAt(0));
            case 'c' -> disk.pass(step.at(0) * 1000);
            case 'p' -> clients.get(step.intAt(0)).poll(step.intAt(1));
            case 'l' -> roll();
            case 'a' -> anchor.fail(SimAnchor.Fault.values()[step.intAt(0)], step.intAt(1));
            case 'n' -> anchor.landLate();
            case 'L' -> lookReadOnly(step.at(0));
            case 'o' -> keepCopy(step.at(0));
            case 'q' -> quiesce();
            case 'k' -> crash(Keep.values()[step.intAt(0)], step.at(1), step.intAt(2));
            case 'T' -> takeOver(step.at(0));
            case 'C' -> close();
            default -> clients.get(step.intAt(0)).submit(step);
        }
    }

    private void work(final int which, final long times) {
        final Agent agent = engine.agents().get(which);
        for (long i = 0; i < times; i++) {
            try {
                agent.doWork();
            } catch (final Exception thrown) {
                throw new AssertionError(agent.roleName() + " threw " + thrown, thrown);
            }
        }
    }

    private void roll() {
        if (roll == null || roll.ended()) {
            rolls++;
            roll = engine.roll();
        }
    }

    /** Whatever the anchor did: once it answers, everything ends. */
    private void quiesce() {
        anchor.fail(SimAnchor.Fault.NONE, 0);
        for (int i = 0; i < QUIET_ROUNDS && busy(); i++) {
            disk.pass(QUIET_STEP_NS);
            disk.idle(1);
            clients.forEach(client -> client.poll(8));
        }
        if (busy()) {
            throw new AssertionError("requests hang: " + disk.engine().counters());
        }
    }

    /**
     * Everybody looks at what was answered so far: an answer may be a refusal, and what comes after it is then there
     * without it.
     */
    private void takeAnswers() {
        clients.forEach(client -> client.poll(Integer.MAX_VALUE));
    }

    private boolean busy() {
        return clients.stream().anyMatch(client -> client.inFlight() > 0);
    }

    // ---- others

    /** Somebody opens a copy of the device for reading only: sees one moment, changes nothing. */
    private void lookReadOnly(final long seed) {
        if (machine.rig() == null) {
            return;
        }
        readOnlyOpens++;
        takeAnswers();
        final SimRig copy = machine.rig().crash(Keep.PROCESS_DEATH, seed);
        final long before = copy.device().fingerprint();
        final SimAnchor healthy = anchor.copy();
        final EngineDisk reader = kind.openReadOnly(copy.open(), healthy);
        final byte[][] seen = areas(Recorder.readAll(reader));
        if (everySync && unanchored() == 0) {
            histories.check(seen);
        } else {
            histories.checkAnyAge(seen);
        }
        reader.abandon();
        if (copy.device().fingerprint() != before) {
            throw new AssertionError("an open for reading only changed the device");
        }
    }

    private long unanchored() {
        return clients.stream().mapToLong(SimClient::unanchored).sum();
    }

    private void keepCopy(final long seed) {
        if (machine.rig() != null && everySync && older == null) {
            older = machine.rig().crash(Keep.PROCESS_DEATH, seed);
        }
    }

    /** The adversary puts the older image back: it is refused, unless nothing acknowledged is missing in it. */
    private void replay() {
        if (older == null || unanchored() > 0) {
            return;
        }
        oldImages++;
        final EngineDisk found;
        try {
            found = kind.open(older.open(), anchor.copy(), Recorder.opening());
        } catch (final StorageException typed) {
            if (typed.category() != Category.FRESHNESS) {
                throw typed;
            }
            return;
        }
        histories.check(areas(Recorder.readAll(found)));
        found.abandon();
    }

    // ---- ends

    private void crash(final Keep keep, final long seed, final int lateCall) {
        takeAnswers();
        replay();
        checkSound();
        counted();
        final SimAnchor next = anchor.copy();
        anchorFaults += anchor.faults();
        machine.crash(keep, seed, disk::abandon);
        anchor = next;
        anchor.landLateAt(lateCall);
        begin();
    }

    /** An honest device and an anchor that fails are no reason to stop. */
    private void checkSound() {
        final String reason = disk.poisonReason();
        if (reason != null) {
            throw new AssertionError("the volume is read-only: " + reason);
        }
        kind.seals().check();
        oracle.check();
    }

    private void counted() {
        for (final SimClient client : clients) {
            operations += client.operations();
            refusals += client.refusals();
            unanchored += client.unanchored();
        }
        clients = List.of();
    }

    /** In good order; an anchor that does not answer then is named, and the next open finds everything. */
    private void close() {
        quiesceRoll();
        final boolean answers = script.steps().size() % 2 == 0;
        if (answers) {
            anchor.fail(SimAnchor.Fault.NONE, 0);
        }
        checkSound();
        for (int i = 0; i < QUIET_ROUNDS && busy(); i++) {
            disk.pass(QUIET_STEP_NS);
            disk.idle(1);
            clients.forEach(client -> client.poll(8));
        }
        counted();
        try {
            disk.close();
            histories.closed();
        } catch (final StorageException typed) {
            if (answers) {
                throw typed;
            }
        }
        begin();
    }

    private void quiesceRoll() {
        for (int i = 0; i < QUIET_ROUNDS && roll != null && !roll.ended(); i++) {
            disk.pass(QUIET_STEP_NS);
            disk.idle(1);
            clients.forEach(client -> client.poll(8));
        }
        if (roll != null && !roll.ended()) {
            throw new AssertionError("the roll of the session hangs: " + disk.engine().counters());
        }
    }

    /** Another process opens the volume behind this one's back: nothing of this one may be acknowledged after that. */
    private void takeOver(final long seed) {
        if (machine.rig() == null) {
            crash(Keep.PROCESS_DEATH, seed, 0);
            return;
        }
        takeOvers++;
        takeAnswers();
        replay();
        checkSound();
        anchor.fail(SimAnchor.Fault.NONE, 0);
        anchor.landLate();
        for (int i = 0; i < 400; i++) {
            work(i % 2, 1);
            clients.forEach(client -> client.poll(8));
        }
        takeAnswers();
        final Random dice = new Random(seed);
        final SimRig other = machine.rig().crash(Keep.PROCESS_DEATH, dice.nextLong());
        final EngineDisk second = kind.open(other.open(), anchor, Recorder.opening());
        final int[] state = histories.check(areas(Recorder.readAll(second)));
        if (everySync) {
            clients.forEach(client -> client.takenOver(state));
        }
        final ClientHistories kept = histories.continueFrom(state);
        for (int i = 0; i < 300; i++) {
            if (i % 3 == 0) {
                clients.get(dice.nextInt(SimScript.CLIENTS)).submit(i % 2 == 0 ? SimStep.of('s')
                    : SimStep.of('w', 0, dice.nextInt(GRANULES_EACH - 8), 8, i % 4));
            }
            work(i % 2, 1);
            clients.forEach(client -> client.poll(8));
        }
        disk.abandon();
        counted();
        anchorFaults += anchor.faults();
        histories = kept;
        second.abandon();
        machine.become(other);
        begin();
    }

    private static byte[][] areas(final byte[] image) {
        final byte[][] areas = new byte[SimScript.CLIENTS][];
        for (int i = 0; i < SimScript.CLIENTS; i++) {
            final int from = (FIRST_GRANULE + i * GRANULES_EACH) * Script.GRANULE_BYTES;
            areas[i] = Arrays.copyOfRange(image, from, from + GRANULES_EACH * Script.GRANULE_BYTES);
        }
        return areas;
    }
}

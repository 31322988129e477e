package io.ringvault.tests.sim;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.disk.engine.EngineProbe;
import io.ringvault.tests.harness.CommitSink;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.SimRig.Keep;
import io.ringvault.tests.nonce.DeviceOracle;
import io.ringvault.torture.ClientHistories;
import io.ringvault.torture.HistoryChecker;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.agrona.concurrent.Agent;

/**
 * One run of everything from one seed: a scheduler draws who takes the next step. In the end of each life the process
 * dies, or the power fails, or another process takes the volume over, and the next life goes on with what is found.
 */
final class Simulation {
    private static final int CLIENTS = 3;
    private static final int GRANULES_EACH = (EngineKind.TINY_BLOCKS * Script.BLOCK_GRANULES - 3) / CLIENTS;
    private static final int FIRST_GRANULE = 1;
    private static final CommitSink NOBODY = new CommitSink() {
        @Override
        public void sealed(final long epoch, final boolean engineStarted) {
            // What may be found follows from the answers that clients got.
        }

        @Override
        public void durable(final long epoch) {
            // As above.
        }
    };

    private final long seed;
    private final Random dice;
    private final EngineKind kind;
    private final DeviceOracle oracle;
    private ClientHistories histories;
    private SimRig rig;
    private SimAnchor anchor = new SimAnchor(1);
    private byte[] content;
    private long trace = 1;
    private long steps;
    private long operations;
    private long failures;
    private long readOnlyOpens;
    private long takeOvers;

    Simulation(final long seed) {
        this.seed = seed;
        dice = new Random(seed);
        kind = EngineKind.tiny(seed);
        oracle = new DeviceOracle(kind.seals(), kind.geometry());
        histories = new ClientHistories(CLIENTS, GRANULES_EACH, Script.GRANULE_BYTES, seed << 1 | 1);
        rig = SimRig.create(SimulatedDevice.Settings.of(kind.deviceBytes())
            .withMaxDelayPolls(dice.nextInt(3) == 0 ? 40 : dice.nextInt(4)), seed);
    }

    /** Lives so many lives. */
    Simulation run(final int lives) {
        try {
            kind.format(rig.open(), anchor);
            for (int life = 0; life < lives; life++) {
                live();
                kind.seals().check();
                oracle.check();
            }
            return this;
        } catch (final AssertionError | RuntimeException failed) {
            throw new AssertionError("simulation with seed " + seed + " after " + steps + " steps: "
                + failed.getMessage(), failed);
        }
    }

    /** A digest of everything that the device was given, in order. */
    long trace() {
        return trace;
    }

    String report() {
        return String.format("seed %d: %d steps, %d requests, %d of them failed, %d read-only opens, %d take-overs, "
            + "%d seals, trace %016x", seed, steps, operations, failures, readOnlyOpens, takeOvers,
            kind.seals().seals(), trace);
    }

    private void live() {
        anchor.hook(() -> { });
        oracle.watch(rig);
        final EngineDisk disk = kind.open(rig.open(), anchor, NOBODY);
        found(Recorder.readAll(disk));
        rig.observe(() -> trace = (trace ^ rig.device().fingerprint()) * 0x9E37_79B9_7F4A_7C15L
            + rig.operations());
        final List<SimClient> clients = clients(disk);
        final EngineProbe engine = new EngineProbe(disk.engine());
        schedule(disk, engine, clients, 200 + dice.nextInt(2500));
        end(disk, engine, clients);
        clients.forEach(client -> {
            operations += client.operations();
            failures += client.failures();
            if (client.misread() != null) {
                throw new AssertionError(client.misread());
            }
        });
    }

    private List<SimClient> clients(final EngineDisk disk) {
        final List<SimClient> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            final long[] newest = HistoryChecker.observe(area(content, i), Script.GRANULE_BYTES,
                ClientHistories.runOf(seed << 1 | 1, i));
            clients.add(new SimClient(i, FIRST_GRANULE + i * GRANULES_EACH, newest, histories, seed << 1 | 1,
                disk.engine().newClient(16)));
        }
        return clients;
    }

    private void schedule(final EngineDisk disk, final EngineProbe engine, final List<SimClient> clients,
        final int count) {
        final List<Agent> agents = engine.agents();
        for (int i = 0; i < count; i++) {
            steps++;
            final int who = dice.nextInt(100);
            if (who < 30) {
                clients.get(dice.nextInt(CLIENTS)).submit(dice);
            } else if (who < 60) {
                step(engine, agents.get(0));
            } else if (who < 85) {
                step(engine, agents.get(1));
            } else if (who < 99) {
                clients.get(dice.nextInt(CLIENTS)).poll(1 + dice.nextInt(8));
            } else if (dice.nextInt(8) == 0) {
                lookReadOnly();
            } else {
                disk.step();
            }
        }
    }

    private static void step(final EngineProbe engine, final Agent agent) {
        try {
            agent.doWork();
        } catch (final Exception thrown) {
            throw new AssertionError(agent.roleName() + " threw " + thrown, thrown);
        }
    }

    /** Somebody opens a copy of the device for reading only: sees one moment, changes nothing. */
    private void lookReadOnly() {
        readOnlyOpens++;
        final SimRig copy = rig.crash(Keep.PROCESS_DEATH, dice.nextLong());
        final long before = copy.device().fingerprint();
        final EngineDisk reader = kind.openReadOnly(copy.open(), anchor.copy());
        histories.check(areas(Recorder.readAll(reader)));
        reader.abandon();
        if (copy.device().fingerprint() != before) {
            throw new AssertionError("an open for reading only changed the device");
        }
    }

    private void end(final EngineDisk disk, final EngineProbe engine, final List<SimClient> clients) {
        rig.observe(null);
        anchor.hook(() -> { });
        final int how = dice.nextInt(4);
        if (how == 0) {
            takeOver(disk, engine, clients);
        } else {
            final SimRig next = rig.crash(Keep.values()[dice.nextInt(Keep.values().length)], dice.nextLong());
            final SimAnchor nextAnchor = anchor.copy();
            disk.abandon();
            rig = next;
            anchor = nextAnchor;
        }
    }

    /** Another process opens the volume behind this one's back: nothing of this one may be acknowledged after that. */
    private void takeOver(final EngineDisk disk, final EngineProbe engine, final List<SimClient> clients) {
        takeOvers++;
        for (int i = 0; i < 400; i++) {
            step(engine, engine.agents().get(i % 2));
            clients.forEach(client -> client.poll(8));
        }
        final SimRig other = rig.crash(Keep.PROCESS_DEATH, dice.nextLong());
        final EngineDisk second = kind.open(other.open(), anchor, NOBODY);
        final byte[] seen = Recorder.readAll(second);
        final int[] state = histories.check(areas(seen));
        clients.forEach(client -> client.takenOver(state));
        final ClientHistories kept = histories.continueFrom(state);
        for (int i = 0; i < 300; i++) {
            if (i % 3 == 0) {
                clients.get(dice.nextInt(CLIENTS)).submit(dice);
            }
            step(engine, engine.agents().get(i % 2));
            clients.forEach(client -> client.poll(8));
        }
        disk.abandon();
        histories = kept;
        second.abandon();
        rig = other;
    }

    /** The volume was opened: what is on it must be one moment, from which everything goes on. */
    private void found(final byte[] image) {
        content = image;
        histories = histories.continueFrom(histories.check(areas(image)));
    }

    private static byte[][] areas(final byte[] image) {
        final byte[][] areas = new byte[CLIENTS][];
        for (int i = 0; i < CLIENTS; i++) {
            areas[i] = area(image, i);
        }
        return areas;
    }

    private static byte[] area(final byte[] image, final int client) {
        final int from = (FIRST_GRANULE + client * GRANULES_EACH) * Script.GRANULE_BYTES;
        return Arrays.copyOfRange(image, from, from + GRANULES_EACH * Script.GRANULE_BYTES);
    }
}

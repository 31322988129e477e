package io.ringvault.tests.crash;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.tests.harness.DiskKind;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.Shrinker;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.SimRig.Keep;
import io.ringvault.tests.harness.TestDisk;
import io.ringvault.torture.History;
import io.ringvault.torture.HistoryChecker;
import io.ringvault.torture.HistoryViolation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.agrona.collections.LongHashSet;

/**
 * Runs a script on a simulated device and takes crash clones at its device operations, at each advance of the anchor,
 * and after each
 * step. Each clone is opened for writing and must show one admissible state; a crash during that recovery must lead
 * to the same state;
 * then it is written to, closed or crashed, and reopened again. One thread, everything from one seed.
 */
public final class CrashExplorer {
    private final DiskKind kind;
    private final CrashSettings settings;
    private final Map<String, Long> points = new TreeMap<>();
    private final LongHashSet seen = new LongHashSet();
    private final LateWrites late;
    private long crashPoints;
    private long repeated;
    private long followUps;
    private long operations;
    private long reopens;
    private long stepsDone;

    /** For one kind of disk. */
    public CrashExplorer(final DiskKind kind, final CrashSettings settings) {
        this.kind = kind;
        this.settings = settings;
        this.late = new LateWrites(kind);
    }

    /** Distinct images opened and checked so far, nested ones included: no two are alike in all that matters. */
    public long examined() {
        return points.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Whether the limit or the end of the time is reached. */
    public boolean done() {
        return examined() >= settings.limit || System.nanoTime() > settings.endNs;
    }

    /** Counts by kind. */
    public Map<String, Long> counts() {
        return points;
    }

    /** What late writes did. */
    public String late() {
        return late.report();
    }

    /** Counts by kind, for the console. */
    public String report() {
        return crashPoints + " crash points, " + examined() + " distinct crash images " + points + ", " + repeated
            + " repeated ones left out, " + followUps + " written on and reopened, " + operations
            + " device operations, " + stepsDone + " steps, " + reopens + " reopens, late writes: " + late.report();
    }

    /** Crash points of a script, none of them examined. */
    public long crashPointsOf(final Script script, final long seed) {
        final Run run = new Run(script, seed);
        run.counting = true;
        final long before = stepsDone;
        run.explore();
        stepsDone = before;
        return run.point;
    }

    /** Explores one script; a violation is thrown with everything needed to run it again. */
    public void explore(final Script script, final long seed) {
        new Run(script, seed).explore();
    }

    /** The smallest script found within the time that still fails with this seed. */
    public static Script shrink(final DiskKind kind, final CrashSettings settings, final Script failing,
        final long seed, final long limitNs) {
        return new Script(Shrinker.shrink(failing.steps(), steps -> fails(kind, settings, new Script(steps), seed),
            limitNs));
    }

    private static boolean fails(final DiskKind kind, final CrashSettings settings, final Script script,
        final long seed) {
        try {
            new CrashExplorer(kind, settings).explore(script, seed);
            return false;
        } catch (final AssertionError | RuntimeException failed) {
            return true;
        }
    }

    /**
     * @param unflushed what the clone's recovery read was volatile and its first flush has not ended: a power failure
     *                  here may bring back an older state, since nothing was served yet
     */
    private record Clone(SimRig rig, SimAnchor anchor, String label, boolean unflushed) {
    }

    private final class Run {
        private final Script script;
        private final long seed;
        private final Random random;
        private final Recorder recorder;
        private SimRig rig;
        private SimAnchor anchor;
        private String phase = "format";
        private int step = -1;
        private long point;
        private boolean counting;
        /** What failed at a crash point: the engine, in whose step that is, takes it for a defect of its own. */
        private Throwable failure;
        private String failedIn;

        Run(final Script script, final long seed) {
            this.script = script;
            this.seed = seed;
            this.random = new Random(seed);
            this.recorder = new Recorder(new History((int) (kind.userBytes() / Script.GRANULE_BYTES), seed | 1))
                .strict(kind.strictEpochs());
        }

        void explore() {
            try {
                rig = SimRig.create(SimulatedDevice.Settings.of(kind.deviceBytes())
                    .withMaxDelayPolls(settings.maxDelayPolls), seed);
                anchor = settings.anchored ? new SimAnchor(1) : null;
                settings.oracle.watch(rig);
                kind.format(rig.open(), anchor);
                hook();
                phase = "first open";
                open();
                for (step = 0; step < script.steps().size() && !done(); step++) {
                    perform(script.steps().get(step));
                    stepsDone++;
                    crashPoint("after the step");
                }
                phase = "close";
                recorder.checkNewest();
                recorder.close();
                crashPoint("after the close");
                unhook();
                phase = "last open";
                open();
                recorder.checkNewest();
                recorder.disk().abandon();
                settings.oracle.check();
                if (failure != null) {
                    throw new AssertionError(failure);
                }
            } catch (final AssertionError | RuntimeException raised) {
                final Throwable failed = failure == null ? raised : failure;
                phase = failure == null ? phase : failedIn;
                throw new AssertionError("seed " + seed + (settings.anchored ? " with" : " without")
                    + " anchor" + (settings.maxDelayPolls > 0 ? ", delays up to " + settings.maxDelayPolls : "")
                    + ", script \"" + script
                    + "\", step " + step + (step >= 0 && step < script.steps().size() ? " ("
                        + script.steps().get(step) + ")" : "")
                    + ", " + phase + ", crash point " + point + ": " + failed, failed);
            }
        }

        private void perform(final Script.Step next) {
            phase = "main";
            switch (next.type()) {
                case 'r' -> {
                    recorder.close();
                    reopens++;
                    open();
                    recorder.checkNewest();
                }
                case 'k' -> restart();
                default -> recorder.perform(next);
            }
        }

        /** The process ends without warning, the device keeps power: nothing written is lost. */
        private void restart() {
            recorder.disk().abandon();
            final History history = recorder.history();
            recorder.opening(history);
            final TestDisk disk = kind.open(rig.open(), anchor, recorder);
            final int state = HistoryChecker.check(history, Recorder.readAll(disk), Script.GRANULE_BYTES,
                history.admissible());
            recorder.start(history.continueFrom(state), disk);
            reopens++;
        }

        private void open() {
            recorder.attach(kind.open(rig.open(), anchor, recorder));
        }

        private void hook() {
            rig.observe(() -> crashPoint("at a device operation"));
            if (anchor != null) {
                anchor.hook(() -> crashPoint("at an anchor advance"));
            }
        }

        private void unhook() {
            operations += rig.operations();
            rig.observe(null);
            if (anchor != null) {
                anchor.hook(() -> { });
            }
        }

        private void crashPoint(final String where) {
            point++;
            try {
                crashAt(where);
            } catch (final AssertionError | RuntimeException failed) {
                if (failure == null) {
                    failure = failed;
                    failedIn = phase;
                }
                throw failed;
            }
        }

        private void crashAt(final String where) {
            if (failure != null || counting || (point + seed) % settings.stride != 0 || done()) {
                return;
            }
            crashPoints++;
            rig.device().fingerprint();
            final long position = recorder.history().admissible().hashCode() * 31L + recorder.history().submitted();
            for (final CrashMenu.Choice choice : CrashMenu.at(rig, settings, random)) {
                final Clone clone = new Clone(choice.image().get(), anchor == null ? null : anchor.copy(),
                    where + ", " + choice.label(), choice.unflushed());
                final long dice = random.nextLong();
                if (firstSeen(clone, position)) {
                    points.merge(choice.kind(), 1L, Long::sum);
                    examine(clone, new Random(dice));
                } else {
                    repeated++;
                }
                if (done()) {
                    return;
                }
            }
            if (anchor != null && random.nextInt(settings.lateEvery) == 0) {
                final long lateSeed = random.nextLong();
                final SimRig dead = rig.processDeathWithLateWrites(lateSeed);
                if (dead.device().lateWrites() > 0) {
                    phase = phase + ", " + where + ", late writes with seed " + lateSeed;
                    settings.oracle.watch(dead);
                    points.merge("late writes", 1L, Long::sum);
                    late.examine(dead, anchor == null ? null : anchor.copy(), recorder.history(), new Random(lateSeed));
                    settings.oracle.check();
                    phase = phase.substring(0, phase.indexOf(", " + where));
                }
            }
        }

        /** Whether no image like it was examined before, at a position where the same states were admissible. */
        private boolean firstSeen(final Clone clone, final long position) {
            long key = clone.rig.device().fingerprint() * 0x9E37_79B9_7F4A_7C15L + position;
            key = key * 31 + (clone.anchor == null ? 0 : clone.anchor.read().hashCode());
            return seen.add((key ^ key >>> 29) * 0xBF58_476D_1CE4_E5B9L);
        }

        private void examine(final Clone clone, final Random dice) {
            final String before = phase;
            phase = before + ", " + clone.label + ", recovery";
            final History past = recorder.history();
            final BitSet admissible = past.admissible();
            final List<Clone> during = new ArrayList<>();
            if (dice.nextInt(settings.nestedEvery) == 0) {
                collectDuringRecovery(clone, dice, during);
            }
            settings.oracle.beforeOpen(clone.rig, clone.anchor);
            settings.oracle.watch(clone.rig);
            final Recorder next = Recorder.opening().strict(kind.strictEpochs());
            final TestDisk disk = kind.open(clone.rig.open(), clone.anchor, next);
            checkHonest(disk);
            clone.rig.observe(null);
            if (clone.anchor != null) {
                clone.anchor.hook(() -> { });
            }
            settings.oracle.opened(clone.rig, clone.anchor, disk);
            final byte[] image = Recorder.readAll(disk);
            final int state = HistoryChecker.check(past, image, Script.GRANULE_BYTES, admissible);
            settings.oracle.afterOpen(clone.rig, clone.anchor, disk, image);
            for (final Clone inner : during) {
                phase = before + ", " + clone.label + ", crash during recovery " + inner.label;
                if (!firstSeen(inner, admissible.hashCode())) {
                    repeated++;
                    continue;
                }
                points.merge("during recovery", 1L, Long::sum);
                settings.oracle.watch(inner.rig);
                final TestDisk again = kind.open(inner.rig.open(), inner.anchor, Recorder.opening());
                final byte[] found = Recorder.readAll(again);
                if (inner.unflushed) {
                    HistoryChecker.check(past, found, Script.GRANULE_BYTES, admissible);
                } else if (!Arrays.equals(image, found)) {
                    throw new HistoryViolation("recovery interrupted and repeated gives another state than state "
                        + state
                        + ", which recovery gave when left alone");
                }
                again.abandon();
            }
            if (dice.nextInt(settings.followUpEvery) == 0) {
                phase = before + ", " + clone.label + ", afterwards";
                next.start(past.continueFrom(state), disk);
                followUp(clone, next, dice);
            } else {
                disk.abandon();
            }
            settings.oracle.check();
            phase = before;
        }

        /** A crash alone damages no checkpoint: one is named by a slot only when it is durable. */
        private static void checkHonest(final TestDisk disk) {
            if (disk instanceof EngineDisk engine) {
                for (final String warning : engine.warnings()) {
                    if (warning.contains("checkpoint is damaged")) {
                        throw new HistoryViolation("after a crash alone: " + warning);
                    }
                }
            }
        }

        /**
         * While a clone recovers, clones of it are taken, to be examined once the result of the whole recovery is
         * known.
         */
        private void collectDuringRecovery(final Clone clone, final Random dice, final List<Clone> during) {
            final int[] seen = new int[1];
            final Runnable take = () -> {
                seen[0]++;
                final boolean wanted = during.size() < settings.nestedPoints
                    || dice.nextInt(seen[0]) < settings.nestedPoints;
                if (!wanted) {
                    return;
                }
                final Keep keep = settings.nestedPolicies.get(dice.nextInt(settings.nestedPolicies.size()));
                final long innerSeed = dice.nextLong();
                final Clone inner = new Clone(clone.rig.crash(keep, innerSeed), clone.anchor == null ? null
                    : clone.anchor.copy(),
                    "at its event " + seen[0] + ", " + keep + " kept with seed " + innerSeed,
                    clone.unflushed && seen[0] == 1);
                if (during.size() < settings.nestedPoints) {
                    during.add(inner);
                } else {
                    during.set(dice.nextInt(during.size()), inner);
                }
            };
            clone.rig.observe(take);
            if (clone.anchor != null) {
                clone.anchor.hook(take);
            }
        }

        /** Life goes on after a crash: writes, a sync, then a close or another crash, and two more openings. */
        private void followUp(final Clone clone, final Recorder after, final Random dice) {
            followUps++;
            final int granules = after.history().granules();
            if (dice.nextInt(3) > 0) {
                for (int i = dice.nextInt(4); i >= 0; i--) {
                    final int first = dice.nextInt(granules - 16);
                    after.write(first / 8 * 8, 8);
                }
                after.sync();
                after.write(dice.nextInt(granules - 3), 3);
            }
            SimRig device = clone.rig;
            if (dice.nextBoolean()) {
                after.close();
            } else {
                device = device.crash(Keep.values()[dice.nextInt(Keep.values().length)], dice.nextLong());
                settings.oracle.watch(device);
                after.disk().abandon();
            }
            final History past = after.history();
            final TestDisk second = kind.open(device.open(), clone.anchor, Recorder.opening());
            final byte[] image = Recorder.readAll(second);
            HistoryChecker.check(past, image, Script.GRANULE_BYTES, past.admissible());
            if (dice.nextBoolean()) {
                second.close();
            } else {
                second.abandon();
            }
            final TestDisk third = kind.open(device.open(), clone.anchor, Recorder.opening());
            if (!Arrays.equals(image, Recorder.readAll(third))) {
                throw new HistoryViolation("a reopening without writes changed the disk");
            }
            third.abandon();
            reopens += 2;
        }
    }
}

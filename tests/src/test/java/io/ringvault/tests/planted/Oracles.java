package io.ringvault.tests.planted;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.disk.DiskClient;
import io.ringvault.log.Geometry;
import io.ringvault.ring.OpStatus;
import io.ringvault.tests.adversary.Campaign;
import io.ringvault.tests.adversary.SharedMemory;
import io.ringvault.tests.adversary.Volume;
import io.ringvault.tests.crash.CrashExplorer;
import io.ringvault.tests.crash.CrashSettings;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.nonce.DeviceOracle;
import io.ringvault.tests.nonce.NonceOracle;
import io.ringvault.tests.oracle.MetadataOracle;
import io.ringvault.tests.sim.Simulation;
import io.ringvault.torture.History;
import io.ringvault.torture.Stamp;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;

/**
 * The oracles by name, each with a small budget for one seed. Runs inside the class loader of a {@link Mutant}:
 * whatever is thrown is a violation.
 *
 * <pre>
 *  crash          a random script, crash images at its device operations, recovery, reopening; nonces; sealed blocks
 *  crash-plain    the same without an anchor
 *  crash-strict   the same with strict epochs: only what a sync asked for may be found
 *  crash-clean    the same on a disk that is overwritten until the cleaner runs
 *  crash-slow     the same on a device on which each request takes its own time
 *  crash-death    the end of the process, and in the recovery after it a power failure that keeps nothing volatile
 *  history        a long random script in which every read must give the newest write; nothing crashes
 *  ranges         the same with trims of most of the disk between the writes
 *  full-index     a full disk with a large index is overwritten; content, places and space of engine and log
 *  large-merges   the same on a disk that is never full, with merges that fill several segments
 *  partial        several clients that write parts of one block at once, while it is not in memory
 *  adversary      250 attacks on images of all kinds
 *  open-damage    the same under an open volume that is written on: merges, cleaning, partial writes, reopening
 *  slow-reads     reads that the device keeps back while what they read is overwritten and its segment let go
 *  damaged-slot   the newest slot or checkpoint is damaged in a busy life, and the open after it cut off
 *  old-slot       a superblock slot of an older image beside the newest one changes nothing
 *  anchor         an anchor that fails at times; older images with the anchor of an acknowledged sync
 *  two-writers    a second opener takes the volume over
 *  late-writes    what a dead process had in flight lands after the next one has begun to write
 *  simulation     everything at once: pipelined clients, rolls, an anchor that fails, crashes, take-overs
 *  memory         shared memory that changes, and is searched for plaintext
 *  traps.X#y      a test of the suite
 * </pre>
 */
final class Oracles {
    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int GRANULES = EngineKind.TINY_BLOCKS * Script.BLOCK_GRANULES;
    private static final int SLOW_POLLS = 24;
    private static final int FULL_BLOCKS = 1024;
    private static final int WIDE_BLOCKS = 8192;
    private static final String TESTS = "io.ringvault.tests.";

    private Oracles() {
    }

    /** Runs one oracle with one seed. */
    static void check(final String oracle, final long seed) throws Throwable {
        switch (oracle) {
            case "crash" -> crash(Script.random(new Random(seed), GRANULES, 60), seed, true, 120);
            case "crash-plain" -> crash(Script.random(new Random(seed), GRANULES, 60), seed, false, 120);
            case "crash-strict" -> crash(EngineKind.tiny(seed).withStrictEpochs(60),
                Script.random(new Random(seed), GRANULES, 100), seed, true, 120);
            case "crash-clean" -> crash(overwriting(seed), seed, true, 120);
            case "crash-slow" -> crashSlow(seed);
            case "crash-death" -> crashDeath(seed);
            case "history" -> crash(Script.random(new Random(seed), GRANULES, 500), seed, true, 0);
            case "adversary" -> Campaign.check(seed, 250);
            case "full-index" -> fullIndex(seed);
            case "large-merges" -> largeMerges(seed);
            case "slow-reads" -> SlowReads.check(seed);
            case "damaged-slot" -> DamagedSlots.check(seed);
            case "ranges" -> crash(trimming(seed), seed, true, 0);
            case "partial" -> partialWriters(seed);
            case "open-damage" -> OpenDamage.check(seed);
            case "old-slot" -> oldSlot(seed);
            case "anchor" -> anchor(seed);
            case "two-writers" -> twoWriters(seed);
            case "late-writes" -> LateWrites.check(seed);
            case "simulation" -> Simulation.check(seed);
            case "memory" -> memory(seed);
            default -> test(oracle);
        }
    }

    private static void crash(final Script script, final long seed, final boolean anchored, final long images) {
        crash(EngineKind.tiny(seed), script, seed, anchored, images);
    }

    private static void crash(final EngineKind kind, final Script script, final long seed, final boolean anchored,
        final long images) {
        final CrashSettings settings = new CrashSettings();
        settings.anchored = anchored;
        crash(kind, script, seed, settings, images);
    }

    private static void crashSlow(final long seed) {
        final CrashSettings settings = new CrashSettings();
        settings.maxDelayPolls = SLOW_POLLS;
        crash(EngineKind.tiny(seed), Script.random(new Random(seed), GRANULES, 60), seed, settings, 120);
    }

    private static void crashDeath(final long seed) {
        final CrashSettings settings = new CrashSettings();
        settings.maxDelayPolls = 4;
        settings.policies = List.of(SimRig.Keep.PROCESS_DEATH);
        settings.nestedPolicies = List.of(SimRig.Keep.NONE);
        settings.nestedEvery = 1;
        settings.nestedPoints = 2;
        crash(EngineKind.tiny(seed), Script.random(new Random(seed), GRANULES, 60), seed, settings, 100);
    }

    private static void crash(final EngineKind kind, final Script script, final long seed,
        final CrashSettings settings, final long images) {
        settings.oracle = new DeviceOracle(kind.seals(), kind.geometry());
        settings.imagesPerPoint = 1;
        settings.stride = Integer.MAX_VALUE;
        try {
            if (images > 0) {
                final CrashExplorer counter = new CrashExplorer(kind, settings);
                settings.stride = (int) Math.max(1, 2 * counter.crashPointsOf(script, seed) / images);
            }
            new CrashExplorer(kind, settings).explore(script, seed);
        } finally {
            // What it throws inside an agent stops the volume first; the reason comes before the consequence.
            settings.oracle.check();
        }
    }

    /** Overwrites a full disk at random, so that the cleaner and merges run all the time. */
    private static Script overwriting(final long seed) {
        final Random random = new Random(seed);
        final StringBuilder text = new StringBuilder();
        for (int lba = 0; lba < EngineKind.TINY_BLOCKS; lba += 16) {
            text.append("w ").append(lba * Script.BLOCK_GRANULES).append(' ').append(16 * Script.BLOCK_GRANULES)
                .append("; ");
        }
        for (int i = 0; i < 260; i++) {
            final int lba = random.nextInt(EngineKind.TINY_BLOCKS - 4);
            text.append("w ").append(lba * Script.BLOCK_GRANULES).append(' ')
                .append((1 + random.nextInt(4)) * Script.BLOCK_GRANULES).append("; ");
            if (random.nextInt(5) == 0) {
                text.append("s; ");
            }
        }
        return Script.parse(text.toString());
    }

    /** Long trims are ranges: what is written after one is newer, what was written before it is gone. */
    private static Script trimming(final long seed) {
        final Random random = new Random(seed);
        final StringBuilder text = new StringBuilder();
        for (int i = 0; i < 400; i++) {
            final int lba = random.nextInt(EngineKind.TINY_BLOCKS - 4);
            if (random.nextInt(12) == 0) {
                final int first = random.nextInt(EngineKind.TINY_BLOCKS - 70);
                text.append("t ").append(first * Script.BLOCK_GRANULES).append(' ')
                    .append((66 + random.nextInt(EngineKind.TINY_BLOCKS - first - 66)) * Script.BLOCK_GRANULES);
            } else {
                text.append("w ").append(lba * Script.BLOCK_GRANULES).append(' ')
                    .append((1 + random.nextInt(4)) * Script.BLOCK_GRANULES);
            }
            text.append(random.nextInt(6) == 0 ? "; s; i 40; c; " : "; ");
        }
        return Script.parse(text.toString());
    }

    /** A full disk with a large index of small tables, in which the cleaner and merges fight for space. */
    private static void fullIndex(final long seed) {
        overwritten(EngineKind.tiny(seed).with(FULL_BLOCKS, config -> { }), seed, FULL_BLOCKS, 4, 5, 300);
    }

    /** Merges that fill several segments; a third of the disk is not written to, so that nothing else is emptied. */
    private static void largeMerges(final long seed) {
        overwritten(EngineKind.tiny(seed).with(WIDE_BLOCKS * 3 / 2, config -> {
            config.memtableRecords = WIDE_BLOCKS / 6;
            config.checkpointChunks = 400;
            config.checkpointBytes = 16 << 20;
            config.tableBlocks = 16;
            config.fanOut = 10;
        }), seed, WIDE_BLOCKS, 12, 3, 500);
    }

    private static void overwritten(final EngineKind kind, final long seed, final int blocks, final int most,
        final int rounds, final int writes) {
        final Random random = new Random(seed);
        final SimRig rig = SimRig.create(kind.deviceBytes(), seed);
        final Recorder recorder = new Recorder(new History((int) kind.userBytes() / Script.GRANULE_BYTES, seed | 1));
        kind.format(rig.open(), null);
        final EngineDisk disk = kind.open(rig.open(), null, recorder);
        recorder.attach(disk);
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < writes; i++) {
                recorder.write((long) random.nextInt(blocks - most) * Script.BLOCK_GRANULES,
                    (1 + random.nextInt(most)) * Script.BLOCK_GRANULES);
            }
            disk.idle(20_000);
            Volume.require(MetadataOracle.check(kind, rig, null, disk, recorder::sync), "the disk does not rest");
            recorder.checkNewest();
            recorder.restartHistory();
        }
        disk.abandon();
    }

    private static void partialWriters(final long seed) {
        final EngineKind kind = EngineKind.tiny(seed);
        final SimRig rig = SimRig.create(SimulatedDevice.Settings.of(kind.deviceBytes()).withMaxDelayPolls(12), seed);
        kind.format(rig.open(), null);
        final EngineDisk disk = kind.open(rig.open(), null, Recorder.opening());
        final int clients = 4;
        final DiskClient[] writers = new DiskClient[clients];
        for (int i = 0; i < clients; i++) {
            writers[i] = disk.engine().newClient(2);
        }
        final byte[] bytes = new byte[BLOCK];
        for (int round = 1; round <= 40; round++) {
            final int[] left = {clients};
            for (int i = 0; i < clients; i++) {
                final byte[] sector = new byte[Script.GRANULE_BYTES];
                Stamp.write(sector, 0, sector.length, i, round, seed);
                Volume.require(writers[i].submitWrite(i, (long) i * sector.length,
                    MemorySegment.ofArray(sector), 0, sector.length, false) == DiskClient.ACCEPTED, "refused");
            }
            while (left[0] > 0) {
                disk.step();
                for (final DiskClient writer : writers) {
                    writer.poll((token, status) -> {
                        Volume.require(status == OpStatus.OK, OpStatus.describe(status));
                        left[0]--;
                    }, 1);
                }
            }
            disk.read(0, bytes, 0, BLOCK);
            for (int i = 0; i < clients; i++) {
                final long found = Stamp.read(bytes, i * Script.GRANULE_BYTES, Script.GRANULE_BYTES, i, seed);
                Volume.require(found == round, "seed " + seed + ": part " + i + " of a block is of round " + found
                    + " instead of " + round);
            }
            disk.sync();
        }
        disk.abandon();
    }

    /** Of two slots one is the newest; whatever authentic slot is put in the place of the other, it stays that. */
    private static void oldSlot(final long seed) {
        final EngineKind kind = EngineKind.tiny(seed);
        final Volume volume = new Volume(kind, seed, false);
        volume.fill(40, seed);
        final SimulatedDevice older = volume.medium();
        volume.fill(120, seed + 1);
        int intact = 0;
        for (int which = 0; which < 2; which++) {
            final SimulatedDevice medium = volume.medium();
            final long at = kind.geometry().slotBlock(which) * BLOCK;
            medium.edit(at, older.content(at, BLOCK));
            intact += volume.judge(medium, null, "an older slot " + which) == Volume.Outcome.INTACT ? 1 : 0;
        }
        Volume.require(intact > 0, "seed " + seed + ": an older slot is taken for the newest: " + volume.lastError);
    }

    /** Acknowledged means anchored: an image from before must be refused with what the anchor holds then. */
    private static void anchor(final long seed) {
        final EngineKind kind = EngineKind.tiny(seed);
        final Volume volume = new Volume(kind, seed, true);
        volume.fill(20, seed);
        final Random random = new Random(seed);
        volume.open();
        for (int i = 0; i < 12; i++) {
            final SimulatedDevice before = volume.medium();
            // Without its anchor a disk that is short of space refuses writes too.
            volume.anchor.hook(() -> { });
            volume.recorder.write(8L * random.nextInt(EngineKind.TINY_BLOCKS), 8);
            final boolean unreachable = random.nextInt(3) == 0;
            volume.anchor.hook(() -> {
                if (unreachable) {
                    throw StorageException.io("the anchor cannot be reached");
                }
            });
            try {
                volume.recorder.sync();
            } catch (final StorageException refused) {
                Volume.require(unreachable, "a sync failed although the anchor works: " + refused.getMessage());
                continue;
            }
            final SimAnchor anchor = volume.anchor.copy();
            Volume.require(volume.judge(before, anchor, "older image") == Volume.Outcome.REFUSED
                && volume.lastCategory == Category.FRESHNESS,
                "seed " + seed + ": after an acknowledged sync an older image opens: " + volume.lastError);
        }
        volume.anchor.hook(() -> { });
        volume.recorder.disk().abandon();
    }

    /** The first opener must find out before it has long gone on, and must not acknowledge anything with an anchor. */
    private static void twoWriters(final long seed) {
        final EngineKind kind = EngineKind.tiny(seed);
        final boolean anchored = seed % 2 == 1;
        final SimulatedDevice device = new SimulatedDevice(SimulatedDevice.Settings.of(kind.deviceBytes())
            .withRefuseOverlaps(false), seed);
        final SimAnchor anchor = anchored ? new SimAnchor(1) : null;
        kind.format(device, anchor);
        final SimulatedDevice shared = device.processDeath(seed);
        final EngineDisk first = kind.open(shared, anchor, Recorder.opening());
        final byte[] block = new byte[BLOCK];
        first.write(0, block, 0, BLOCK);
        first.sync();
        final EngineDisk second = kind.open(shared, anchor, Recorder.opening());
        second.write(BLOCK, block, 0, BLOCK);
        second.sync();
        int acknowledged = 0;
        try {
            for (int i = 0; i < 100; i++) {
                first.write((long) i % 16 * BLOCK, block, 0, BLOCK);
                first.sync();
                acknowledged++;
            }
        } catch (final StorageException stopped) {
            Volume.require(first.poisonReason() != null && first.poisonReason().contains("another writer"),
                "the first opener stopped for another reason: " + first.poisonReason());
        }
        Volume.require(acknowledged < (anchored ? 1 : 100), "seed " + seed + ": two writers on one volume, and the"
            + " first had " + acknowledged + " syncs acknowledged");
        shared.close();
    }

    private static void memory(final long seed) {
        final SharedMemory.Watch watch = new SharedMemory.Watch();
        final EngineKind kind = EngineKind.tiny(seed, new NonceOracle(watch));
        final SimRig rig = SimRig.create(kind.deviceBytes(), seed);
        final Recorder recorder = new Recorder(new History(GRANULES, seed | 1));
        kind.format(rig.open(), null);
        final SharedMemory memory = new SharedMemory((SimulatedDevice) rig.open(), seed);
        watch.over(memory);
        memory.attack(SharedMemory.Moment.WHILE_OPENING, 1);
        recorder.attach(kind.open(memory, null, recorder));
        for (final Script.Step step : Script.random(new Random(seed), GRANULES, 120).steps()) {
            if (step.type() != 'r' && step.type() != 'k') {
                recorder.perform(step);
            }
            memory.check();
        }
        recorder.checkNewest();
        Volume.require(memory.changes() > 0, "shared memory was never changed");
        memory.check();
        recorder.disk().abandon();
    }

    /** A test of the suite, with what it has to run afterwards. */
    private static void test(final String name) throws Throwable {
        final String[] parts = (TESTS + name).split("#");
        final var constructor = Class.forName(parts[0]).getDeclaredConstructor();
        constructor.setAccessible(true);
        final Object instance = constructor.newInstance();
        try {
            invoke(instance, instance.getClass().getDeclaredMethod(parts[1]));
        } finally {
            afterwards(instance);
        }
    }

    private static void afterwards(final Object instance) throws Throwable {
        for (Class<?> type = instance.getClass(); type != Object.class; type = type.getSuperclass()) {
            for (final Method method : type.getDeclaredMethods()) {
                if (method.isAnnotationPresent(AfterEach.class)) {
                    invoke(instance, method);
                }
            }
        }
    }

    private static void invoke(final Object instance, final Method method) throws Throwable {
        method.setAccessible(true);
        try {
            method.invoke(instance);
        } catch (final InvocationTargetException violated) {
            throw violated.getCause();
        }
    }
}

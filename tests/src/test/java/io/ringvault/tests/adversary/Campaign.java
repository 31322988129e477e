package io.ringvault.tests.adversary;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.CrashPolicy;
import io.ringvault.block.DeviceFault;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.SimulatedDevice.Kind;
import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.log.Geometry;
import io.ringvault.tests.adversary.SharedMemory.Moment;
import io.ringvault.tests.adversary.Volume.Outcome;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.nonce.NonceOracle;
import io.ringvault.torture.Stamp;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

/**
 * Attacks copies of the targets and judges what the disk makes of each: every block right or an integrity error that
 * names its place, or an open that is refused, with a typed error that names its place, without having written
 * anything. Several threads may each run {@link #attack} with their own seeds; the counts are shared.
 */
public final class Campaign {
    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int GRANULE = Script.GRANULE_BYTES;
    private static final int PER_BLOCK = Script.BLOCK_GRANULES;
    private static final int PIECE = 8;
    private static final int LIVE_ONE_IN = 12;
    private static final Pattern PLACE = Pattern.compile(
        "(?s).*(block|segment|slot|superblock|header|table|LBA|chunk|checkpoint|volume|byte|anchor).*");

    private final List<Target> targets;
    private final Set<Long> distinct = ConcurrentHashMap.newKeySet();
    private final Map<String, Map<Outcome, AtomicInteger>> byAim = new ConcurrentSkipListMap<>();
    private final Map<String, Map<Outcome, AtomicInteger>> byAttack = new ConcurrentSkipListMap<>();
    private final AtomicLong named = new AtomicLong();

    /** So many attacks with one seed, on one thread: for whoever wants to know whether something is found. */
    public static void check(final long seed, final int attacks) {
        final Campaign campaign = new Campaign(targets(seed));
        for (int i = 0; i < attacks; i++) {
            campaign.attack(seed * 1_000_003 + i);
        }
    }

    /**
     * A bit in each of the newest data blocks of a log that says how far it is durable: below that nothing is cut off,
     * so each is an error of its own block.
     */
    static void checkFloor(final long seed) {
        final Target target = new Target("left at rest", seed, false, false);
        final Campaign campaign = new Campaign(List.of(target));
        final List<Long> data = target.blocks.get("user data block");
        for (int i = 0; i < Math.min(40, data.size()); i++) {
            final SimulatedDevice medium = target.copy(seed);
            medium.flipBit(data.get(i) * BLOCK + i, i % 8);
            campaign.judge(target, EngineKind.tiny(seed), medium, medium, null, target.newest(), i % 2 == 0, "seed "
                + seed + ", a bit of data block " + data.get(i));
        }
    }

    static List<Target> targets(final long seed) {
        return List.of(new Target("closed, no anchor", seed, false, true), new Target("closed", seed + 1, true, true),
            new Target("power cut", seed + 2, true, false), new Target("power cut again", seed + 3, true, false));
    }

    Campaign(final List<Target> targets) {
        this.targets = targets;
    }

    /** Different (image, edit) pairs judged so far. */
    int distinct() {
        return distinct.size();
    }

    /** Block errors whose message was looked at. */
    long named() {
        return named.get();
    }

    /** The table of one of the counts. */
    String table(final boolean aims) {
        final StringBuilder text = new StringBuilder();
        (aims ? byAim : byAttack).forEach((name, counts) -> {
            text.append(String.format("  %-26s", name));
            for (final Outcome outcome : Outcome.values()) {
                text.append(String.format(" %s %6d", outcome, counts.get(outcome).get()));
            }
            text.append(System.lineSeparator());
        });
        return text.toString();
    }

    /** Kinds of blocks that were aimed at. */
    Set<String> aims() {
        return byAim.keySet();
    }

    /** How often a kind of block was aimed at. */
    int aimedAt(final String kind) {
        return byAim.get(kind).values().stream().mapToInt(AtomicInteger::get).sum();
    }

    /** Kinds of attacks made. */
    Set<String> attacks() {
        return byAttack.keySet();
    }

    /** One attack, drawn by the seed. */
    void attack(final long seed) {
        final Random random = new Random(seed);
        final Target target = targets.get(random.nextInt(targets.size()));
        if (random.nextInt(LIVE_ONE_IN) == 0) {
            live(target, seed, random);
            return;
        }
        final Edit edit = new Edit(target, random.nextLong());
        if (!edit.effective() || !distinct.add(edit.hash())) {
            return;
        }
        final String what = "seed " + seed + ", " + edit;
        final EngineKind kind = EngineKind.tiny(seed);
        final Outcome outcome = judge(target, kind, edit.medium(), edit.medium(), anchorOf(target), target.newest(),
            random.nextBoolean(), what);
        count(byAim, edit.aim, outcome);
        count(byAttack, edit.attack.toString(), outcome);
    }

    private static SimAnchor anchorOf(final Target target) {
        return target.anchor == null ? null : target.anchor.copy();
    }

    private static void count(final Map<String, Map<Outcome, AtomicInteger>> counts, final String name,
        final Outcome outcome) {
        counts.computeIfAbsent(name, fresh -> Map.of(Outcome.INTACT, new AtomicInteger(), Outcome.BLOCK_ERRORS,
            new AtomicInteger(), Outcome.REFUSED, new AtomicInteger())).get(outcome).incrementAndGet();
    }

    // ---- what came of it

    private Outcome judge(final Target target, final EngineKind kind, final SimulatedDevice medium,
        final BlockDevice device, final SimAnchor anchor, final long[] least, final boolean readOnly,
        final String what) {
        final EngineDisk disk;
        try {
            disk = readOnly ? kind.openReadOnly(device, anchor) : kind.open(device, anchor, Recorder.opening());
        } catch (final StorageException refused) {
            Volume.require(refused.category() == Category.INTEGRITY || refused.category() == Category.FRESHNESS
                || refused.category() == Category.WRONG_KEY, what + ": the open ended with " + refused.category()
                    + ": " + refused.getMessage());
            Volume.require(PLACE.matcher(refused.getMessage()).matches(), what + ": no place in: "
                + refused.getMessage());
            Volume.checkNothingWritten(medium, what);
            return Outcome.REFUSED;
        }
        try {
            return readAll(target, disk, least, what);
        } finally {
            disk.abandon();
        }
    }

    private Outcome readAll(final Target target, final EngineDisk disk, final long[] least, final String what) {
        final byte[] bytes = new byte[PIECE * BLOCK];
        int errors = 0;
        for (int lba = 0; lba < EngineKind.TINY_BLOCKS; lba += PIECE) {
            if (read(target, disk, lba, PIECE, bytes, least, what) == null) {
                continue;
            }
            for (int i = 0; i < PIECE; i++) {
                final StorageException damaged = read(target, disk, lba + i, 1, bytes, least, what);
                if (damaged != null) {
                    errors++;
                    Volume.require(damaged.category() == Category.INTEGRITY, what + ": block " + (lba + i)
                        + " ended with " + damaged.category() + ": " + damaged.getMessage());
                    if (errors == 1) {
                        checkNamed(disk, lba + i, what);
                    }
                }
            }
        }
        return errors == 0 ? Outcome.INTACT : Outcome.BLOCK_ERRORS;
    }

    /** Reads and compares; the error if there is one. Anything at or above what is known to be there is right. */
    private static StorageException read(final Target target, final EngineDisk disk, final int lba, final int count,
        final byte[] bytes, final long[] least, final String what) {
        Arrays.fill(bytes, 0, count * BLOCK, (byte) 0x5A);
        try {
            disk.read((long) lba * BLOCK, bytes, 0, count * BLOCK);
        } catch (final StorageException damaged) {
            return damaged;
        }
        for (int g = 0; g < count * PER_BLOCK; g++) {
            final int granule = lba * PER_BLOCK + g;
            final long found = target.version(bytes, g * GRANULE, granule);
            Volume.require(found == least[granule] || found > least[granule] && found >= Live.FIRST_VERSION, what
                + ": block " + granule / PER_BLOCK + " returned version " + found + " ("
                + Stamp.describe(bytes, g * GRANULE, GRANULE) + ") instead of " + least[granule]);
        }
        return null;
    }

    /** What a caller of the library is told about a damaged block. */
    private void checkNamed(final EngineDisk disk, final int lba, final String what) {
        final long offset = (long) lba * BLOCK;
        try {
            disk.engine().read(offset, MemorySegment.ofArray(new long[BLOCK / Long.BYTES]), 0, BLOCK);
        } catch (final StorageException damaged) {
            Volume.require(damaged.category() == Category.INTEGRITY && damaged.getMessage().contains("at " + offset),
                what + ": block " + lba + " is damaged, and the message does not say where: " + damaged.getMessage());
            named.incrementAndGet();
        }
    }

    // ---- attacks on an open volume

    private void live(final Target target, final long seed, final Random random) {
        final Live.Attack attack = Live.Attack.values()[random.nextInt(Live.Attack.values().length)];
        if (attack.needsAnchor && target.anchor == null) {
            return;
        }
        if (!distinct.add(seed * 0x9E37_79B9_7F4A_7C15L ^ target.name.hashCode())) {
            return;
        }
        final String what = "seed " + seed + ", " + target.name + ": " + attack;
        final SharedMemory.Watch watch = new SharedMemory.Watch();
        final EngineKind kind = EngineKind.tiny(seed, new NonceOracle(watch));
        final SimulatedDevice medium = target.copy(seed);
        final SharedMemory memory = new SharedMemory(medium, seed);
        watch.over(memory);
        final SimAnchor anchor = anchorOf(target);
        final long[] least = target.newest();
        Outcome outcome = Outcome.REFUSED;
        SimulatedDevice after = medium;
        if (attack == Live.Attack.TWO_FACES) {
            Live.twoFaces(medium, target.older.get(random.nextInt(target.older.size())), random.nextLong());
            outcome = judge(target, kind, medium, memory, anchor, least, random.nextBoolean(), what);
        } else if (attack == Live.Attack.MEMORY_AFTER_READ || attack == Live.Attack.MEMORY_WHILE_OPENING) {
            memory.attack(attack == Live.Attack.MEMORY_AFTER_READ ? Moment.AFTER_READ : Moment.WHILE_OPENING,
                attack == Live.Attack.MEMORY_AFTER_READ ? 10 : 1);
            outcome = judge(target, kind, medium, memory, anchor, least, random.nextBoolean(), what);
            Volume.require(attack == Live.Attack.MEMORY_AFTER_READ || outcome == Outcome.INTACT, what + ": shared"
                + " memory that changes behind a private copy made a difference");
        } else {
            if (attack == Live.Attack.MEMORY_BEFORE_WRITE) {
                memory.attack(Moment.BEFORE_WRITE, 6);
            } else {
                medium.inject(fault(attack, random));
            }
            final Live life = new Live(target, kind, memory, anchor, random, what);
            life.run(least);
            after = random.nextBoolean() ? medium.crash(CrashPolicy.NONE, seed)
                : medium.processDeath(seed);
            memory.check();
            outcome = judge(target, kind, after, after, anchor, least, random.nextBoolean(), what + ", reopened");
        }
        count(byAim, "an open volume", outcome);
        count(byAttack, attack.toString(), outcome);
    }

    private static DeviceFault fault(final Live.Attack attack, final Random random) {
        final long nth = 1 + random.nextInt(25);
        final long elsewhere = (Geometry.FIRST_SEGMENT_BLOCK + random.nextInt(600)) * (long) BLOCK;
        return switch (attack) {
            case DROPPED_WRITE -> DeviceFault.loseWrite(nth);
            case MISDIRECTED_WRITE -> DeviceFault.misdirectWrite(nth, elsewhere);
            case DUPLICATED_WRITE -> DeviceFault.duplicateWrite(nth, elsewhere);
            case TORN_WRITE -> DeviceFault.tearWrite(nth);
            case FAILING_READ -> DeviceFault.fail(Kind.READ, nth);
            default -> DeviceFault.dropFlush(1 + random.nextInt(4)).persistently();
        };
    }
}

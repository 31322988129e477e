package io.ringvault.tests.fuzz;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;

import io.ringvault.torture.History;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whole volumes whose authentic blocks hold what no sound writer puts there: summaries, checkpoint roots, directories,
 * segment, session and manifest pages, heads, fences, records and ranges of tables. What the volume then says may be
 * wrong (a holder of the key said so), but it ends in bounded steps and memory, in data or in a StorageException.
 */
@Timeout(900)
class SealedVolumeFuzzTest {
    private static final int GRANULE = Script.GRANULE_BYTES;
    private static final int BLOCK = 4096;
    private static final long BOUND = 256 << 20;
    private static final String[] KINDS = {"all kinds", "summary", "", "records", "ranges", "fences", "table head",
        "checkpoint root", "directory", "segment page", "session page", "manifest page"};
    private final EngineKind kind = EngineKind.tiny(3);
    private final List<SimulatedDevice> images = new ArrayList<>();
    private final List<SimAnchor> anchors = new ArrayList<>();

    @Test
    void shouldEndInDataOrATypedErrorWhateverAuthenticBlocksSay() {
        for (int i = 0; i < 4; i++) {
            images.add(image(i));
        }
        for (final int block : new int[] {9, 10, 11, 7, 0, 1, 3, 4, 5, 6}) {
            new FuzzRun("volume, " + KINDS[block], BOUND).run(0.3, random -> life(block, random));
        }
    }

    /** Closed in good order, or as a crash leaves it, with tables, trims and a chain to replay. */
    private SimulatedDevice image(final int number) {
        final SimRig rig = SimRig.create(kind.deviceBytes(), number);
        final SimAnchor anchor = number % 2 == 0 ? null : new SimAnchor(1);
        anchors.add(anchor);
        kind.format(rig.open(), anchor);
        final Recorder recorder = new Recorder(new History((int) (kind.userBytes() / GRANULE), 7));
        recorder.attach(kind.open(rig.open(), anchor, recorder));
        final Random random = new Random(number);
        final int blocks = recorder.history().granules() / Script.BLOCK_GRANULES;
        for (int i = 0; i < 150; i++) {
            final int count = 1 + random.nextInt(6);
            final int first = random.nextInt(blocks - count);
            if (random.nextInt(15) == 0) { // long enough to become a range
                recorder.trim(random.nextInt(20) * Script.BLOCK_GRANULES, 72 * Script.BLOCK_GRANULES);
            } else if (random.nextInt(8) == 0) {
                recorder.trim(first * Script.BLOCK_GRANULES, count * Script.BLOCK_GRANULES);
            } else {
                recorder.write(first * Script.BLOCK_GRANULES, count * Script.BLOCK_GRANULES);
            }
            if (random.nextInt(5) == 0) {
                recorder.sync();
            }
            recorder.disk().idle(3);
        }
        if (number < 2) {
            recorder.close();
            return rig.device().crash(CrashPolicy.ALL, 1);
        }
        recorder.sync();
        return rig.device().crash(CrashPolicy.ALL, 1);
    }

    private String life(final int block, final Random random) {
        final int which = random.nextInt(images.size());
        final SimulatedDevice device = images.get(which).crash(CrashPolicy.ALL, 1);
        final SimAnchor anchor = anchors.get(which) == null ? null : anchors.get(which).copy();
        final MutatingAead aead = new MutatingAead(block, 1 + random.nextInt(block == 0 ? 40 : 3), random);
        final boolean readOnly = random.nextInt(3) == 0;
        final EngineDisk disk;
        try {
            disk = kind.openThrough(aead, device, anchor, readOnly);
        } catch (final StorageException refused) {
            return typed(refused, aead) + " at the open";
        }
        String outcome = aead.changed() == 0 ? "nothing changed" : "served";
        try {
            outcome = use(disk, readOnly, random, aead, outcome);
        } finally {
            final String poison = disk.poisonReason();
            disk.abandon();
            if (poison != null) {
                // Counts and ends of segments that lie, under the volume's own key, are met when they would fall below
                // zero or go back: the volume turns read-only and says so.
                require(poison.contains("StorageException") || poison.contains("references cannot change by")
                    || poison.contains("cannot advance from slot")
                    || !poison.contains("Exception") && !poison.contains("Error:"), "poisoned by " + poison);
            }
        }
        return outcome;
    }

    private static String use(final EngineDisk disk, final boolean readOnly, final Random random,
        final MutatingAead aead, final String before) {
        final byte[] bytes = new byte[6 * BLOCK];
        String outcome = before;
        final int blocks = (int) (disk.sizeBytes() / BLOCK);
        for (int i = 0; i < 50; i++) {
            final int count = 1 + random.nextInt(6);
            final long first = random.nextInt(blocks - count);
            try {
                switch (readOnly ? 0 : random.nextInt(6)) {
                    case 0, 1 -> disk.read(first * BLOCK, bytes, 0, count * BLOCK);
                    case 2 -> disk.trim(first * BLOCK, (long) count * BLOCK);
                    case 3 -> disk.sync();
                    default -> disk.write(first * BLOCK, bytes, 0, count * BLOCK);
                }
            } catch (final StorageException refused) {
                outcome = typed(refused, aead) + " in use";
                if (disk.poisonReason() != null) {
                    return outcome + ", poisoned";
                }
            }
        }
        return outcome;
    }

    private static String typed(final StorageException refused, final MutatingAead aead) {
        require(aead.changed() > 0, "nothing was changed, and yet: " + refused);
        require(refused.getCause() == null || refused.getCause() instanceof StorageException,
            "not a refusal but an accident: " + refused.getCause());
        return refused.category().toString();
    }

    private static void require(final boolean condition, final String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }
}

package io.ringvault.tests.anchor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.disk.engine.AnchorPolicy;
import io.ringvault.tests.crash.CrashExplorer;
import io.ringvault.tests.crash.CrashSettings;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.nonce.DeviceOracle;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Every policy under crashes at every device operation and before and after every advance of the anchor: an honest disk
 * is never refused, and what was acknowledged is there. Then what a policy exposes is measured: how many acknowledged
 * syncs an older image can undo unnoticed, which must be as many as the policy says and no more.
 */
class AnchorPolicyCrashTest {
    private static final int BATCH = 3;
    private static final AnchorPolicy BATCHED = AnchorPolicy.batched(BATCH, 60_000_000_000L);
    private static final List<String> SCRIPTS = List.of(
        "w 0 8; s; w 0 8; s; w 8 8; s; w 0 8; s; r; w 0 8; s",
        "w 0 64; s; t 0 16; s; w 8 8; s; k; w 0 8; s; s; r; r",
        "w 0 256; s; w 0 256; s; w 0 256; s; w 0 8; s; i 100; k; r");

    private final long seed = Long.getLong("seed", 11);
    private final long limit = Long.getLong("ringvault.crash.points", 600);

    @Test
    void shouldNeverRefuseAnHonestDiskNorLoseWhatWasAcknowledged() {
        for (final AnchorPolicy policy : List.of(AnchorPolicy.EVERY_SYNC, BATCHED, AnchorPolicy.ON_CLOSE)) {
            final EngineKind kind = EngineKind.tiny(seed).withAnchorPolicy(policy);
            final CrashSettings settings = new CrashSettings();
            settings.limit = limit;
            settings.imagesPerPoint = 1;
            settings.oracle = new DeviceOracle(kind.seals(), kind.geometry());
            final CrashExplorer explorer = new CrashExplorer(kind, settings);
            for (int i = 0; i < SCRIPTS.size(); i++) {
                settings.limit = limit * (i + 1) / SCRIPTS.size();
                final Script script = Script.parse(SCRIPTS.get(i));
                settings.stride = (int) Math.max(1, 4 * explorer.crashPointsOf(script, seed + i) * SCRIPTS.size()
                    / limit);
                explorer.explore(script, seed + i);
            }
            System.out.println("anchor policy " + policy + ": " + explorer.report());
            assertTrue(explorer.examined() > limit / 4, explorer.report());
        }
    }

    /** The most acknowledged syncs that an accepted older image lacks, at any moment of a session. */
    private int mostUndone(final AnchorPolicy policy, final int syncs) {
        final EngineKind kind = EngineKind.tiny(seed).withAnchorPolicy(policy);
        final SimRig rig = SimRig.create(kind.deviceBytes(), seed);
        final SimAnchor anchor = new SimAnchor(1);
        kind.format(rig.open(), anchor);
        final EngineDisk disk = kind.open(rig.open(), anchor, Recorder.opening());
        final List<SimulatedDevice> images = new ArrayList<>();
        final Random random = new Random(seed);
        int most = 0;
        int accepted = 0;
        images.add(rig.device().crash(CrashPolicy.ALL, 1));
        for (int sync = 1; sync <= syncs; sync++) {
            final byte[] bytes = new byte[4096 * (1 + random.nextInt(5))];
            disk.write(4096L * random.nextInt(EngineKind.TINY_BLOCKS - 5), bytes, 0, bytes.length);
            disk.sync();
            for (int older = 0; older < sync; older++) {
                if (accepts(kind, images.get(older), anchor)) {
                    most = Math.max(most, sync - older);
                    accepted++;
                }
            }
            images.add(rig.device().crash(CrashPolicy.ALL, 1));
            assertTrue(accepts(kind, images.getLast(), anchor), "the newest image, after sync " + sync);
        }
        disk.close();
        for (final SimulatedDevice image : images) {
            assertTrue(!accepts(kind, image, anchor) || policy.equals(AnchorPolicy.EVERY_SYNC)
                && image == images.getLast(), "after the close");
        }
        System.out.println("anchor policy " + policy + ": of " + syncs + " syncs at most " + most
            + " could be undone unnoticed, by " + accepted + " older images");
        return most;
    }

    private static boolean accepts(final EngineKind kind, final SimulatedDevice image, final SimAnchor anchor) {
        try {
            kind.open(image.crash(CrashPolicy.ALL, 1), anchor.copy(), Recorder.opening()).abandon();
            return true;
        } catch (final StorageException refused) {
            assertEquals(StorageException.Category.FRESHNESS, refused.category(), refused.getMessage());
            return false;
        }
    }

    @Test
    void shouldExposeNothingWithEverySync() {
        assertEquals(0, mostUndone(AnchorPolicy.EVERY_SYNC, 10));
    }

    @Test
    void shouldExposeAtMostTheBatch() {
        final int most = mostUndone(BATCHED, 10);
        assertTrue(most >= 1 && most <= BATCH, "undone: " + most);
    }

    @Test
    void shouldAcknowledgeNoMoreThanTheBatchWhileTheAnchorIsDown() {
        final EngineKind kind = EngineKind.tiny(seed).withAnchorPolicy(BATCHED);
        final SimRig rig = SimRig.create(kind.deviceBytes(), seed);
        final SimAnchor anchor = new SimAnchor(1);
        kind.format(rig.open(), anchor);
        final EngineDisk disk = kind.open(rig.open(), anchor, Recorder.opening());
        anchor.unreachable(true);
        final SimulatedDevice before = rig.device().crash(CrashPolicy.ALL, 1);
        int acknowledged = 0;
        StorageException refused = null;
        while (refused == null) {
            try {
                disk.write(4096L * acknowledged, new byte[4096], 0, 4096);
                disk.sync();
                acknowledged++;
            } catch (final StorageException full) {
                refused = full;
            }
        }
        assertEquals(BATCH, acknowledged, refused.getMessage());
        assertTrue(refused.getMessage().contains("anchor could not be advanced"), refused.getMessage());
        anchor.unreachable(false);
        assertTrue(accepts(kind, before, anchor), "this is the window");
        disk.sync();
        assertTrue(!accepts(kind, before, anchor), "a sync that succeeds closes it");
        disk.close();
    }

    @Test
    void shouldExposeTheSessionOnClose() {
        assertEquals(8, mostUndone(AnchorPolicy.ON_CLOSE, 8));
    }
}

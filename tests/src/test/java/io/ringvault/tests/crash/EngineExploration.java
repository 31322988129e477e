package io.ringvault.tests.crash;

import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Script;
import io.ringvault.tests.nonce.DeviceOracle;
import io.ringvault.tests.oracle.RecoveryOracle;
import io.ringvault.tests.oracle.SecretOracle;
import io.ringvault.torture.Stamp;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * One script on tiny secure disks with all oracles, from one seed; a failure is shrunk. One thread, nothing shared with
 * other explorations.
 */
final class EngineExploration implements Callable<String> {
    /** Images for each one that is not taken during a recovery, about. */
    private static final double NESTED_SHARE = 2.0;

    private final String name;
    private final Script script;
    private final long seed;
    private final CrashSettings settings;
    private final long budget;
    private CrashExplorer explorer;

    /** @param budget images, shared out evenly over the crash points of the script; 0: all there are */
    EngineExploration(final String name, final Script script, final long seed, final CrashSettings settings,
        final long budget) {
        this.name = name;
        this.script = script;
        this.seed = seed;
        this.settings = settings;
        this.budget = budget;
    }

    long examined() {
        return explorer.examined();
    }

    Map<String, Long> counts() {
        return explorer.counts();
    }

    @Override
    public String call() {
        final long start = System.nanoTime();
        final EngineKind kind = kind();
        final DeviceOracle device = new DeviceOracle(kind.seals(), kind.geometry());
        final SecretOracle secrets = secrets(kind);
        final RecoveryOracle recovery = new RecoveryOracle(kind, settings.recoveryEvery);
        settings.oracle = CrashOracle.all(List.of(device, secrets, recovery));
        explorer = new CrashExplorer(kind, settings);
        try {
            if (budget > 0) {
                share(explorer.crashPointsOf(script, seed));
            }
            explorer.explore(script, seed);
        } catch (final AssertionError found) {
            throw new AssertionError(name + ": " + found.getMessage() + "\nsmaller: " + shrink(), found);
        }
        if (device.blocks() == 0) {
            throw new AssertionError("the device oracle saw nothing");
        }
        return String.format("%s, seed %d: %s; %d seals, %d device blocks, %d MiB searched for secrets, %s; %.0f images"
            + " a second", name, seed,
            explorer.report(), kind.seals().seals(), device.blocks(), secrets.searchedBytes() >> 20,
            recovery.report(),            examined() * 1e9 / (System.nanoTime() - start));
    }

    private EngineKind kind() {
        final EngineKind kind = EngineKind.tiny(seed);
        return settings.strictBlocks > 0 ? kind.withStrictEpochs(settings.strictBlocks) : kind;
    }

    private static SecretOracle secrets(final EngineKind kind) {
        final SecretOracle secrets = new SecretOracle();
        secrets.add(kind.keyBytes());
        final byte[] stamp = new byte[Script.GRANULE_BYTES];
        Stamp.write(stamp, 0, stamp.length, 0, 1, 1);
        secrets.add(Arrays.copyOf(stamp, Long.BYTES));
        kind.seals().whenKeyImported(secrets::add);
        return secrets;
    }

    /** As many images at each point, or else as many points, as the budget allows; nested ones are counted in. */
    private void share(final long points) {
        final double perPoint = budget / NESTED_SHARE / Math.max(1, points);
        settings.limit = budget;
        settings.imagesPerPoint = Math.max(1, (int) perPoint);
        settings.stride = Math.max(1, (int) Math.ceil(1 / perPoint));
    }

    private String shrink() {
        final CrashSettings same = new CrashSettings();
        same.anchored = settings.anchored;
        same.maxDelayPolls = settings.maxDelayPolls;
        same.imagesPerPoint = Math.min(8, settings.imagesPerPoint);
        same.stride = settings.stride;
        same.subsetsUpTo = settings.subsetsUpTo;
        same.tornImages = settings.tornImages;
        same.strictBlocks = settings.strictBlocks;
        return CrashExplorer.shrink(kind(), same, script, seed, TimeUnit.SECONDS.toNanos(20)).toString();
    }
}

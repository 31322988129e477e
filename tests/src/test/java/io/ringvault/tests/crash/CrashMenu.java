package io.ringvault.tests.crash;

import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.SimRig.Keep;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/** What a crash at one moment may leave: every subset of few volatile writes, torn ones, and what policies draw. */
final class CrashMenu {
    /**
     * One of them.
     *
     * @param kind      for the counts
     * @param label     enough to take it again
     * @param unflushed what a reader of the image sees may still be lost
     */
    record Choice(String kind, String label, boolean unflushed, Supplier<SimRig> image) {
    }

    private CrashMenu() {
    }

    static List<Choice> at(final SimRig rig, final CrashSettings settings, final Random random) {
        final List<Choice> choices = new ArrayList<>();
        final int writes = rig.device().volatileCount();
        if (writes <= settings.subsetsUpTo) {
            for (long mask = 0; mask < 1L << writes; mask++) {
                final long kept = mask;
                choices.add(new Choice("every subset", "kept writes " + Long.toBinaryString(mask) + " of " + writes,
                    false, () -> rig.crashSubset(kept)));
            }
        }
        for (final Keep keep : settings.policies) {
            final boolean drawn = settings.subsetsUpTo == 0 || writes > settings.subsetsUpTo;
            if (drawn || keep == Keep.NOISE || keep == Keep.PROCESS_DEATH) {
                final long seed = random.nextLong();
                choices.add(new Choice(keep.toString(), keep + " kept with seed " + seed, keep == Keep.PROCESS_DEATH,
                    () -> rig.crash(keep, seed)));
            }
        }
        torn(rig, settings, random, choices);
        Collections.shuffle(choices, random);
        return choices.subList(0, Math.min(choices.size(), settings.imagesPerPoint));
    }

    private static void torn(final SimRig rig, final CrashSettings settings, final Random random,
        final List<Choice> choices) {
        final int writes = rig.device().volatileCount();
        final List<Choice> torn = new ArrayList<>();
        for (int i = 0; i < writes && settings.tornImages > 0; i++) {
            final int index = i;
            final int sectors = rig.device().volatileSectors(i);
            for (int cut = 1; cut < sectors; cut++) {
                final int at = cut;
                final boolean head = random.nextBoolean();
                final long mask = random.nextBoolean() ? (1L << Math.min(i, 62)) - 1 : random.nextLong();
                torn.add(new Choice("torn at 512", "write " + i + " torn at sector " + cut + (head ? ", its head"
                    : ", its tail") + " kept, of the others " + Long.toBinaryString(mask), false,
                    () -> rig.crashTorn(mask, index, at, head)));
            }
        }
        Collections.shuffle(torn, random);
        choices.addAll(torn.subList(0, Math.min(torn.size(), settings.tornImages)));
    }
}

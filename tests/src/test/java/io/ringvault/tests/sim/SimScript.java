package io.ringvault.tests.sim;

import io.ringvault.tests.harness.Script;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig.Keep;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Everything that a simulation does, as text: a line that says what kind of disk it is, and the steps. The same text
 * gives the same run, byte for byte.
 *
 * @param seed     of everything that is not said in the steps: keys, the order of completions
 * @param device   {@code simulated}, or {@code nvme}: the driver over the controller model, stepped by its polls
 * @param policy   when the anchor follows
 * @param strict   blocks of a strict epoch; 0: the engine commits by itself
 * @param sessions bound of the session table
 * @param delay    polls that a completion of the simulated device may take
 */
record SimScript(long seed, String device, String policy, int strict, int sessions, int delay, List<SimStep> steps) {
    static final int CLIENTS = 3;
    private static final int MOST = 9;
    private static final int LINE = 110;
    private static final int SLOW = 40;
    private static final String[] POLICIES = {"every-sync", "every-sync", "batched:3,2ms", "on-close"};

    /** A random one of so many lives. */
    static SimScript random(final long seed, final String device, final int lives, final int granulesEach) {
        final Random dice = new Random(seed);
        // Of seeds in a row the first numbers are alike, so each kind is taken in turn.
        final String policy = POLICIES[(int) Long.remainderUnsigned(seed, POLICIES.length)];
        final int strict = Long.remainderUnsigned(seed, 5) == 0 ? 30 + dice.nextInt(60) : 0;
        final int sessions = Long.remainderUnsigned(seed, 3) > 0 ? 3 + dice.nextInt(4) : 4096;
        final int delay = Long.remainderUnsigned(seed, 7) == 0 ? SLOW : (int) Long.remainderUnsigned(seed / 2, 4);
        final List<SimStep> steps = new ArrayList<>();
        for (int life = 0; life < lives; life++) {
            final boolean anchorFails = dice.nextBoolean();
            for (int i = 200 + dice.nextInt(2500); i > 0; i--) {
                add(steps, step(dice, granulesEach, anchorFails));
            }
            if (dice.nextInt(3) == 0) {
                add(steps, SimStep.of('q'));
            }
            add(steps, end(dice));
        }
        return new SimScript(seed, device, policy, strict, sessions, delay, steps);
    }

    private static void add(final List<SimStep> steps, final SimStep next) {
        final SimStep joined = steps.isEmpty() ? null : steps.getLast().joined(next);
        if (joined == null) {
            steps.add(next);
        } else {
            steps.set(steps.size() - 1, joined);
        }
    }

    private static SimStep step(final Random dice, final int granules, final boolean anchorFails) {
        final int who = dice.nextInt(100);
        if (who < 30) {
            return request(dice, granules);
        } else if (who < 58) {
            return SimStep.of('d', 1);
        } else if (who < 83) {
            return SimStep.of('i', 1);
        } else if (who < 97) {
            return SimStep.of('p', dice.nextInt(CLIENTS), 1 + dice.nextInt(8));
        }
        return seldom(dice, anchorFails);
    }

    private static SimStep request(final Random dice, final int granules) {
        final int client = dice.nextInt(CLIENTS);
        final int kind = dice.nextInt(20);
        final int fua = dice.nextInt(5) == 0 ? 1 : 0;
        if (kind < 9) {
            final int count = 1 + dice.nextInt(MOST);
            return SimStep.of('w', client, dice.nextInt(granules - count), count, fua);
        } else if (kind < 16 && kind >= 13) {
            return SimStep.of('s', client);
        }
        final int count = 1 + dice.nextInt(dice.nextInt(12) == 0 ? granules / 2 : 2 * MOST);
        final int first = dice.nextInt(granules - count);
        return kind < 13 ? SimStep.of('r', client, first, Math.min(count, 2 * MOST))
            : kind < 18 ? SimStep.of('t', client, first, count) : SimStep.of('z', client, first, count, fua);
    }

    private static SimStep seldom(final Random dice, final boolean anchorFails) {
        final int what = dice.nextInt(40);
        if (what < 12) {
            return SimStep.of('e', 1 + dice.nextInt(20));
        } else if (what < 22) {
            return SimStep.of('c', 1L << dice.nextInt(21));
        } else if (what < 24) {
            return SimStep.of('L', dice.nextInt(1 << 20));
        } else if (what < 26) {
            return SimStep.of('l');
        } else if (what < 29) {
            return SimStep.of('o', dice.nextInt(1 << 20));
        } else if (!anchorFails) {
            return SimStep.of('d', 1);
        } else if (what < 32) {
            return SimStep.of('n');
        }
        final int faults = SimAnchor.Fault.values().length;
        return SimStep.of('a', dice.nextInt(faults), dice.nextInt(6) == 0 ? 1000 : 1 + dice.nextInt(3));
    }

    private static SimStep end(final Random dice) {
        final int how = dice.nextInt(8);
        return how < 2 ? SimStep.of('T', dice.nextInt(1 << 20)) : how == 2 ? SimStep.of('C')
            : SimStep.of('k', dice.nextInt(Keep.values().length), dice.nextInt(1 << 20), dice.nextInt(5));
    }

    /** Another sequence of steps on the same disk. */
    SimScript with(final List<SimStep> other) {
        return new SimScript(seed, device, policy, strict, sessions, delay, List.copyOf(other));
    }

    /** Reads what {@link #toString} wrote; lines that begin with # are left out. */
    static SimScript parse(final List<String> text) {
        final List<String> lines = text.stream().filter(line -> !line.startsWith("#") && !line.isBlank()).toList();
        final String[] words = lines.getFirst().split(" ");
        final Map<String, String> settings = new HashMap<>();
        for (int i = 1; i + 1 < words.length; i += 2) {
            settings.put(words[i], words[i + 1]);
        }
        final List<SimStep> steps = Arrays.stream(String.join(" ", lines.subList(1, lines.size())).split(";"))
            .filter(part -> !part.isBlank()).map(SimStep::parse).toList();
        return new SimScript(Long.parseLong(settings.get("seed")), settings.get("device"), settings.get("policy"),
            Integer.parseInt(settings.get("strict")), Integer.parseInt(settings.get("sessions")),
            Integer.parseInt(settings.get("delay")), steps);
    }

    /** Whether the text of a scenario is one of these. */
    static boolean is(final List<String> text) {
        return text.stream().filter(line -> !line.startsWith("#")).findFirst().orElse("").startsWith("simulation ");
    }

    @Override
    public String toString() {
        final StringBuilder text = new StringBuilder("simulation seed " + seed + " device " + device
            + " policy " + policy + " strict " + strict + " sessions " + sessions + " delay " + delay + "\n");
        int column = 0;
        for (final SimStep step : steps) {
            final String word = step + ";";
            if (column + word.length() >= LINE) {
                text.append('\n');
                column = 0;
            } else if (column > 0) {
                text.append(' ');
                column++;
            }
            text.append(word);
            column += word.length();
        }
        return text.append('\n').toString();
    }

    /** Granules of each client on a tiny disk, whose areas begin and end inside blocks. */
    static int granulesEach(final int blocks) {
        return (blocks * Script.BLOCK_GRANULES - 3) / CLIENTS;
    }
}

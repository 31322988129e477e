package io.ringvault.tests.harness;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A sequence of disk operations with a text form, so that a failure is reported as something that can be run again:
 * {@code "w 0 8; s; t 64 512; z 3 1; i 20; c; r"}. Numbers are granules of 512 bytes.
 *
 * <pre>
 *  w FIRST COUNT   write            t FIRST COUNT  trim (whole blocks)      z FIRST COUNT  write zeroes
 *  s               sync             i STEPS        idle                     c              check every granule
 *  l               roll the session v              rotate the volume key
 *  r               close, reopen    k              crash with everything written kept, reopen
 * </pre>
 */
public record Script(List<Step> steps) {
    /** Bytes of a granule. */
    public static final int GRANULE_BYTES = 512;
    /** Granules of a block. */
    public static final int BLOCK_GRANULES = 8;

    /** One operation; {@code type} is the letter of the text form. */
    public record Step(char type, int first, int count) {
        @Override
        public String toString() {
            return switch (type) {
                case 'w', 't', 'z' -> type + " " + first + " " + count;
                case 'i' -> "i " + first;
                default -> String.valueOf(type);
            };
        }
    }

    /** Parses the text form. */
    public static Script parse(final String text) {
        final List<Step> steps = new ArrayList<>();
        for (final String part : text.split(";")) {
            final String[] words = part.trim().split("\\s+");
            if (words[0].isEmpty()) {
                continue;
            }
            steps.add(new Step(words[0].charAt(0), words.length > 1 ? Integer.parseInt(words[1]) : 0,
                words.length > 2 ? Integer.parseInt(words[2]) : 0));
        }
        return new Script(List.copyOf(steps));
    }

    /** A random script over a disk of {@code granules}. */
    public static Script random(final Random random, final int granules, final int length) {
        final int blocks = granules / BLOCK_GRANULES;
        final List<Step> steps = new ArrayList<>();
        final int hot = 1 + random.nextInt(Math.max(1, blocks / 4));
        for (int i = 0; i < length; i++) {
            final int dice = random.nextInt(100);
            final int base = random.nextInt(3) > 0 ? random.nextInt(hot) : random.nextInt(blocks);
            if (dice < 50) {
                final int count = 1 + random.nextInt(Math.min(random.nextInt(8) == 0 ? 40 : 8, blocks - base));
                steps.add(new Step('w', base * BLOCK_GRANULES, count * BLOCK_GRANULES));
            } else if (dice < 60) {
                final int first = base * BLOCK_GRANULES + random.nextInt(BLOCK_GRANULES);
                steps.add(new Step('w', first, 1 + random.nextInt(Math.min(20, granules - first))));
            } else if (dice < 80) {
                steps.add(new Step('s', 0, 0));
            } else if (dice < 86) {
                final int count = 1 + random.nextInt(Math.min(8, blocks - base));
                steps.add(new Step('t', base * BLOCK_GRANULES, count * BLOCK_GRANULES));
            } else if (dice < 88) {
                final int first = random.nextInt(blocks);
                steps.add(new Step('t', first * BLOCK_GRANULES, (1 + random.nextInt(blocks - first)) * BLOCK_GRANULES));
            } else if (dice < 92) {
                final int first = base * BLOCK_GRANULES + random.nextInt(BLOCK_GRANULES);
                steps.add(new Step('z', first, 1 + random.nextInt(Math.min(30, granules - first))));
            } else if (dice < 96) {
                steps.add(new Step('i', 1 + random.nextInt(200), 0));
            } else if (dice < 98) {
                steps.add(new Step('c', 0, 0));
            } else {
                steps.add(new Step(random.nextInt(3) == 0 ? 'k' : 'r', 0, 0));
            }
        }
        return new Script(List.copyOf(steps));
    }

    /** Without steps {@code from} to {@code to - 1}. */
    public Script without(final int from, final int to) {
        final List<Step> fewer = new ArrayList<>(steps.subList(0, from));
        fewer.addAll(steps.subList(to, steps.size()));
        return new Script(List.copyOf(fewer));
    }

    @Override
    public String toString() {
        final StringBuilder text = new StringBuilder();
        for (final Step step : steps) {
            text.append(text.isEmpty() ? "" : "; ").append(step);
        }
        return text.toString();
    }
}

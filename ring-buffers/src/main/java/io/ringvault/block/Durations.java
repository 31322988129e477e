package io.ringvault.block;

import java.math.BigDecimal;
import java.util.Locale;

/** Lengths of time as people write them: {@code 50ms}, {@code 1.5s}, {@code 2h}. Any thread. */
public final class Durations {
    private static final String[] UNITS = {"h", "m", "s", "ms", "us", "ns"};
    private static final long[] UNIT_NS = {3_600_000_000_000L, 60_000_000_000L, 1_000_000_000L, 1_000_000L, 1_000L, 1L};

    private Durations() {
    }

    /**
     * Nanoseconds from text: a number and one of h, m, s, ms, us, ns.
     *
     * @throws StorageException CONFIGURATION when it is no length of time, is negative, or does not fit
     */
    public static long parseNs(final String text) {
        final String lower = text.strip().toLowerCase(Locale.ROOT);
        int end = 0;
        while (end < lower.length() && (Character.isDigit(lower.charAt(end)) || lower.charAt(end) == '.')) {
            end++;
        }
        final String unit = lower.substring(end).strip();
        for (int i = 0; i < UNITS.length && end > 0; i++) {
            if (UNITS[i].equals(unit)) {
                try {
                    return new BigDecimal(lower.substring(0, end)).multiply(BigDecimal.valueOf(UNIT_NS[i]))
                        .longValueExact();
                } catch (final ArithmeticException | NumberFormatException wrong) {
                    throw bad(text);
                }
            }
        }
        throw bad(text);
    }

    /** The shortest exact text that {@link #parseNs} understands. */
    public static String format(final long ns) {
        for (int i = 0; i < UNITS.length; i++) {
            if (ns != 0 && ns % UNIT_NS[i] == 0) {
                return ns / UNIT_NS[i] + UNITS[i];
            }
        }
        return "0s";
    }

    private static StorageException bad(final String text) {
        return StorageException.configuration("'" + text
            + "' is no length of time; write a number with h, m, s, ms, us or ns, for example 50ms");
    }
}

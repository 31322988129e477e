package io.ringvault.block;

import java.util.Locale;

/** Sizes as people write them: {@code 4096}, {@code 64K}, {@code 1.5G}; powers of 1024. Any thread. */
public final class Sizes {
    private static final String UNITS = "KMGTP";

    private Sizes() {
    }

    /**
     * Bytes from text: a number, then nothing or one of K M G T P, optionally followed by {@code B} or {@code iB}.
     *
     * @throws StorageException CONFIGURATION when it is no size, is negative, is not whole bytes, or does not fit
     */
    public static long parse(final String text) {
        final String upper = text.trim().toUpperCase(Locale.ROOT);
        int end = 0;
        while (end < upper.length() && (Character.isDigit(upper.charAt(end)) || upper.charAt(end) == '.')) {
            end++;
        }
        String unit = upper.substring(end).trim();
        if (unit.endsWith("IB") && unit.length() == 3) {
            unit = unit.substring(0, 1);
        } else if (unit.endsWith("B")) {
            unit = unit.substring(0, unit.length() - 1);
        }
        final int power = unit.isEmpty() ? 0 : UNITS.indexOf(unit) + 1;
        if (end == 0 || unit.length() > 1 || !unit.isEmpty() && power == 0) {
            throw bad(text);
        }
        try {
            return new java.math.BigDecimal(upper.substring(0, end))
                .multiply(java.math.BigDecimal.valueOf(1L << 10 * power)).longValueExact();
        } catch (final ArithmeticException | NumberFormatException wrong) {
            throw bad(text);
        }
    }

    private static StorageException bad(final String text) {
        return StorageException.configuration("'" + text
            + "' is not a size; write bytes, or a number with K, M, G or T (powers of 1024), for example 64M");
    }

    /** The shortest exact text that {@link #parse} understands, for example {@code 64M} or {@code 4097}. */
    public static String format(final long bytes) {
        int power = 0;
        long value = bytes;
        while (power < UNITS.length() && value != 0 && value % 1024 == 0) {
            value /= 1024;
            power++;
        }
        return power == 0 ? Long.toString(value) : Long.toString(value) + UNITS.charAt(power - 1);
    }

    /** A rounded text for people, for example {@code 1.5 GiB}. */
    public static String formatRounded(final long bytes) {
        double value = bytes;
        int power = 0;
        while (Math.abs(value) >= 1024 && power < UNITS.length()) {
            value /= 1024;
            power++;
        }
        return power == 0 ? bytes + " B" : String.format(Locale.ROOT, "%.1f %siB", value, UNITS.charAt(power - 1));
    }
}

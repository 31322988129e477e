package io.ringvault.cli;

import io.ringvault.block.StorageException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them: {@code 4096}, {@code 256M}, {@code 1.5G}, {@code 10GiB}; units are powers of 1024. */
final class ByteSize {
    private static final String UNITS = "KMGTP";
    private static final Pattern SIZE = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(?:([KMGTP])(?:I?B)?|B)?",
        Pattern.CASE_INSENSITIVE);

    private ByteSize() {
    }

    /** Bytes, at least 1; CONFIGURATION when the text is no size. */
    static long parse(final String text) {
        final Matcher matcher = SIZE.matcher(text.strip());
        if (!matcher.matches()) {
            throw StorageException.configuration("'" + text
                + "' is no size; write for example 4096, 256M, 10G or 1.5T");
        }
        final int power = matcher.group(2) == null ? 0
            : UNITS.indexOf(matcher.group(2).toUpperCase(Locale.ROOT).charAt(0)) + 1;
        final BigDecimal bytes = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(1L << 10 * power));
        if (bytes.compareTo(BigDecimal.ONE) < 0 || bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw StorageException.configuration("'" + text + "' is no size between 1 byte and 8 EiB");
        }
        return bytes.setScale(0, RoundingMode.DOWN).longValueExact();
    }

    /** Short text for people. */
    static String text(final long bytes) {
        int power = 0;
        double value = bytes;
        while (value >= 1024 && power < UNITS.length()) {
            value /= 1024;
            power++;
        }
        final String number = value == Math.rint(value) ? String.format(Locale.ROOT, "%.0f", value)
            : String.format(Locale.ROOT, "%.1f", value);
        return power == 0 ? number + " B" : number + " " + UNITS.charAt(power - 1) + "iB";
    }
}

package io.ringvault.host;

import java.util.BitSet;

/** The kernel's lists of numbers, such as {@code 0-3,8}. */
final class CpuList {
    private static final int MOST = 1 << 16;

    private CpuList() {
    }

    /** The numbers; what cannot be read is left out. */
    static BitSet parse(final String text) {
        final BitSet cpus = new BitSet();
        for (final String part : text.split(",")) {
            if (part.strip().matches("\\d{1,5}(-\\d{1,5})?")) {
                final String[] ends = part.strip().split("-");
                final int first = Integer.parseInt(ends[0]);
                final int last = Integer.parseInt(ends[ends.length - 1]);
                if (first <= last && last < MOST) {
                    cpus.set(first, last + 1);
                }
            }
        }
        return cpus;
    }
}

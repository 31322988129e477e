package io.ringvault.tests.fuzz;

import io.ringvault.log.Le;
import java.util.Arrays;
import java.util.Random;

/** Changes valid encodings in the ways in which parsers go wrong. Stateless. */
public final class Mutations {
    private static final long[] EXTREMES = {0, 1, 2, -1, -2, 7, 8, 15, 16, 31, 127, 128, 255, 256, 4079, 4080, 4095,
        4096, 32_767, 32_768, 65_535, 65_536, Integer.MAX_VALUE, Integer.MIN_VALUE, 0xFFFF_FFFFL, 1L << 32,
        (1L << 40) - 1, 1L << 40, (1L << 48) - 1, 1L << 48, 1L << 56, Long.MAX_VALUE, Long.MIN_VALUE};

    private Mutations() {
    }

    /** Changes {@code bytes[from..to)} in one to four places; what lies in {@code donor} may be copied in. */
    public static void change(final Random random, final byte[] bytes, final int from, final int to,
        final byte[] donor) {
        for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
            changeOnce(random, bytes, from, to, donor);
        }
    }

    private static void changeOnce(final Random random, final byte[] bytes, final int from, final int to,
        final byte[] donor) {
        final int length = to - from;
        switch (random.nextInt(10)) {
            case 0, 1 -> bytes[from + random.nextInt(length)] ^= (byte) (1 << random.nextInt(8));
            case 2 -> {
                final int at = from + random.nextInt(length);
                final int count = Math.min(to - at, 1 + random.nextInt(random.nextBoolean() ? 16 : length));
                Arrays.fill(bytes, at, at + count, (byte) (random.nextBoolean() ? 0 : -random.nextInt(2)));
            }
            case 3 -> {
                final int count = 1 + random.nextInt(Math.min(length, 256));
                final int source = random.nextInt(donor.length - Math.min(count, donor.length) + 1);
                System.arraycopy(donor, source, bytes, from + random.nextInt(length - count + 1),
                    Math.min(count, donor.length));
            }
            case 4 -> {
                final int count = 1 + random.nextInt(Math.min(length, 64));
                final byte[] noise = new byte[count];
                random.nextBytes(noise);
                System.arraycopy(noise, 0, bytes, from + random.nextInt(length - count + 1), count);
            }
            default -> field(random, bytes, from, to);
        }
    }

    /** A field of 1, 2, 4 or 8 bytes at its alignment, most often near the beginning, where headers are. */
    private static void field(final Random random, final byte[] bytes, final int from, final int to) {
        final int width = 1 << random.nextInt(4);
        final int room = Math.min(to - from, random.nextBoolean() ? 160 : Integer.MAX_VALUE);
        if (room < width) {
            bytes[from] = (byte) random.nextInt();
            return;
        }
        final int at = from + random.nextInt(room / width) * width;
        switch (width) {
            case 1 -> bytes[at] = (byte) value(random, bytes[at]);
            case 2 -> Le.putShort(bytes, at, (int) value(random, Le.getShort(bytes, at)) & 0xFFFF);
            case 4 -> Le.putInt(bytes, at, (int) value(random, Le.getInt(bytes, at)));
            default -> Le.putLong(bytes, at, value(random, Le.getLong(bytes, at)));
        }
    }

    private static long value(final Random random, final long present) {
        return switch (random.nextInt(5)) {
            case 0 -> present + 1;
            case 1 -> present - 1;
            case 2 -> present ^ 1L << random.nextInt(64);
            case 3 -> random.nextInt(200);
            default -> EXTREMES[random.nextInt(EXTREMES.length)];
        };
    }
}

package io.ringvault.nvme.model;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.StorageException;
import java.util.Set;

/**
 * What the controller model is asked to be.
 *
 * @param blockBytes    512 or 4096
 * @param transferBytes MDTS: a power of two of 8192 or more
 * @param queues        I/O queue pairs, 1..1024
 * @param queueEntries  MQES: 2..65536
 * @param strideShift   DSTRD: doorbells lie 4 &lt;&lt; 0..15 bytes apart
 * @param cacheBytes    size of the in-memory lossy write cache; 0 = the page cache of the operating system is the
 *     volatile cache
 * @param inline        stepped by the caller's polls instead of threads of its own
 * @param rangeSync     force unit access syncs just the written range (O_DSYNC), not the whole file (fdatasync)
 * @param zeroes        offers Write Zeroes
 * @param deallocates   offers Dataset Management
 * @param shadows       offers shadow doorbells (Doorbell Buffer Config)
 * @param lossyReset    a controller reset loses what its own cache holds
 * @param format        metadata, protection information and namespaces
 */
public record ModelOptions(int blockBytes, int transferBytes, int queues, int queueEntries, int strideShift,
    long cacheBytes,
                           boolean inline, boolean rangeSync, boolean zeroes, boolean deallocates,
                           boolean shadows, boolean lossyReset, ModelFormat format) {
    /** 4096-byte blocks, 1 MiB transfers, 16 queues of 1024 entries, threads, no cache of its own. */
    public static final ModelOptions DEFAULTS =
        new ModelOptions(4096, 1 << 20, 16, 1024, 0, 0, false, true, true, true, false, false, ModelFormat.PLAIN);

    private static final Set<String> KNOWN = Set.of("block", "mdts", "queues", "mqes", "dstrd", "cache", "mode", "fua",
        "zeroes", "deallocate", "ns", "shadow", "timeout", "admin-timeout",
        "dbbuf", "reset", "ms", "extended", "pi", "lbaf", "namespaces", "protect");

    /** Checks ranges; throws CONFIGURATION naming the parameter. */
    public ModelOptions {
        require(blockBytes == 512 || blockBytes == 4096, "block", blockBytes, "512 or 4096");
        require(transferBytes >= 8192 && Integer.bitCount(transferBytes) == 1, "mdts", transferBytes,
            "a power of two from 8192");
        require(queues >= 1 && queues <= 1024, "queues", queues, "1 to 1024");
        require(queueEntries >= 2 && queueEntries <= 65536, "mqes", queueEntries, "2 to 65536");
        require(strideShift >= 0 && strideShift <= 15, "dstrd", strideShift, "0 to 15");
        require(cacheBytes >= 0, "cache", cacheBytes, "0 or a size");
    }

    /** Reads URI parameters; sizes may end in k, m or g. */
    public static ModelOptions parse(final DeviceUri uri) {
        for (final String key : uri.parameters().keySet()) {
            if (!KNOWN.contains(key)) {
                throw StorageException.configuration("device '" + uri.text() + "': unknown parameter '" + key
                    + "'; known: " + String.join(" ", KNOWN.stream().sorted().toList()));
            }
        }
        final ModelOptions d = DEFAULTS;
        return new ModelOptions((int) number(uri, "block", d.blockBytes), (int) number(uri, "mdts", d.transferBytes),
            (int) number(uri, "queues", d.queues), (int) number(uri, "mqes", d.queueEntries),
            (int) number(uri, "dstrd", d.strideShift), number(uri, "cache", d.cacheBytes),
            choice(uri, "mode", "thread", "inline"), !choice(uri, "fua", "range", "fdatasync"),
            !choice(uri, "zeroes", "on", "off"), !choice(uri, "deallocate", "on", "off"),
            choice(uri, "dbbuf", "0", "1"), choice(uri, "reset", "keep", "lossy"),
            ModelFormat.parse(uri));
    }

    private static void require(final boolean met, final String key, final long value, final String rule) {
        if (!met) {
            throw StorageException.configuration("nvme+model: parameter " + key + "=" + value + " must be " + rule);
        }
    }

    /** Whether the second choice was made. */
    private static boolean choice(final DeviceUri uri, final String key, final String normal, final String other) {
        final String text = uri.parameters().getOrDefault(key, normal);
        if (!text.equals(normal) && !text.equals(other)) {
            throw StorageException.configuration("device '" + uri.text() + "': " + key + "=" + text + " must be "
                + normal + " or " + other);
        }
        return text.equals(other);
    }

    private static long number(final DeviceUri uri, final String key, final long otherwise) {
        final String text = uri.parameters().get(key);
        if (text == null) {
            return otherwise;
        }
        try {
            final int shift = switch (text.isEmpty() ? ' ' : Character.toLowerCase(text.charAt(text.length() - 1))) {
                case 'k' -> 10;
                case 'm' -> 20;
                case 'g' -> 30;
                default -> 0;
            };
            final long value = Long.parseLong(shift == 0 ? text : text.substring(0, text.length() - 1));
            final long scaled = Math.multiplyExact(value, 1L << shift);
            if (!key.equals("cache")) {
                Math.toIntExact(scaled);
            }
            return scaled;
        } catch (final ArithmeticException | NumberFormatException bad) {
            throw new StorageException(StorageException.Category.CONFIGURATION,
                "device '" + uri.text() + "': " + key + "=" + text + " is not a number in range", bad);
        }
    }
}

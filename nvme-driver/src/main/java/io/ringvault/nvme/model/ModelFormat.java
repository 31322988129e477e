package io.ringvault.nvme.model;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.StorageException;
import java.util.ArrayList;
import java.util.List;

/**
 * How the model's namespaces are formatted, and which there are. All are of one format and one size.
 *
 * @param metadataBytes  metadata of each block ({@code ms}), 0..4096
 * @param extended       metadata follows each block in the data buffer ({@code extended=1}); else it has its own
 * @param protection     protection information type ({@code pi}), 0..3, in the last 8 bytes of the metadata
 * @param index          which LBA format this is ({@code lbaf}), 0..63; lower ones are listed and not in use
 * @param namespaces     active identifiers in rising order ({@code namespaces=1,2,5})
 * @param writeProtected writing is refused ({@code protect=1})
 */
public record ModelFormat(int metadataBytes, boolean extended, int protection, int index, List<Integer> namespaces,
                          boolean writeProtected) {
    /** One namespace without metadata. */
    public static final ModelFormat PLAIN = new ModelFormat(0, false, 0, 0, List.of(1), false);

    private static final int PROTECTION_BYTES = 8;
    private static final int MOST_NAMESPACES = 1024;

    /** Checks ranges; throws CONFIGURATION naming the parameter. */
    public ModelFormat {
        namespaces = List.copyOf(namespaces);
        require(metadataBytes >= 0 && metadataBytes <= 4096, "ms", metadataBytes, "0 to 4096");
        require(protection >= 0 && protection <= 3, "pi", protection, "0 to 3");
        require(protection == 0 || metadataBytes >= PROTECTION_BYTES, "ms", metadataBytes,
            "8 or more where pi is not 0");
        require(index >= 0 && index <= 63, "lbaf", index, "0 to 63");
        require(!namespaces.isEmpty() && namespaces.size() <= MOST_NAMESPACES, "namespaces", namespaces,
            "a list of 1 to 1024 identifiers");
        int last = 0;
        for (final int id : namespaces) {
            require(id > last, "namespaces", namespaces, "identifiers of 1 or more in rising order");
            last = id;
        }
    }

    /** Reads the URI parameters {@code ms}, {@code extended}, {@code pi}, {@code lbaf}, {@code namespaces}, ... */
    static ModelFormat parse(final DeviceUri uri) {
        final List<Integer> namespaces = new ArrayList<>();
        for (final String id : uri.parameters().getOrDefault("namespaces", "1").split(",", -1)) {
            namespaces.add(number(uri, "namespaces", id));
        }
        return new ModelFormat(number(uri, "ms"), number(uri, "extended") != 0, number(uri, "pi"),
            number(uri, "lbaf"), namespaces, number(uri, "protect") != 0);
    }

    /** Bytes that a block and its metadata take on the medium, where they lie together. */
    int strideBytes(final int blockBytes) {
        return blockBytes + metadataBytes;
    }

    /** Which namespace of the list an identifier is, or -1. */
    int ordinal(final int nsid) {
        return namespaces.indexOf(nsid);
    }

    /** The highest identifier. */
    int highest() {
        return namespaces.getLast();
    }

    /** Blocks of each namespace on a medium. */
    long blocks(final long mediumBytes, final int blockBytes) {
        return mediumBytes / namespaces.size() / strideBytes(blockBytes);
    }

    /** Bytes of a medium on which each namespace has {@code sizeBytes} of data. */
    long mediumBytes(final long sizeBytes, final int blockBytes) {
        final long blocks = (sizeBytes + blockBytes - 1) / blockBytes;
        return metadataBytes == 0 && namespaces.size() == 1 ? sizeBytes
            : blocks * strideBytes(blockBytes) * namespaces.size();
    }

    private static int number(final DeviceUri uri, final String key) {
        return number(uri, key, uri.parameters().getOrDefault(key, "0"));
    }

    private static int number(final DeviceUri uri, final String key, final String text) {
        try {
            return Integer.parseInt(text);
        } catch (final NumberFormatException bad) {
            throw new StorageException(StorageException.Category.CONFIGURATION,
                "device '" + uri.text() + "': " + key + "=" + text + " is not a number in range", bad);
        }
    }

    private static void require(final boolean met, final String key, final Object value, final String rule) {
        if (!met) {
            throw StorageException.configuration("nvme+model: parameter " + key + "=" + value + " must be " + rule);
        }
    }
}

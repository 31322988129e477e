package io.ringvault.log;

import java.util.Arrays;
import java.util.List;

/**
 * A page of the manifest in a checkpoint (docs/format.md section 8): {@value #ENTRIES} entries in the index's order.
 * Any thread.
 */
final class ManifestPageCodec {
    /** Entries of a full page. */
    static final int ENTRIES = 127;

    private static final int ENTRY_OFFSET = 16;
    private static final int ENTRY_BYTES = 32;

    private ManifestPageCodec() {
    }

    /** Pages that this many tables take. */
    static int pages(final int tables) {
        return (tables + ENTRIES - 1) / ENTRIES;
    }

    /** A new page with the entries {@code page * ENTRIES ..}. */
    static byte[] encode(final List<ManifestEntry> manifest, final int page) {
        final byte[] bytes = new byte[Geometry.SEALED_BYTES];
        final int first = page * ENTRIES;
        final int count = Math.min(ENTRIES, manifest.size() - first);
        Le.putInt(bytes, 0, count);
        for (int i = 0; i < count; i++) {
            final ManifestEntry entry = manifest.get(first + i);
            final int at = ENTRY_OFFSET + i * ENTRY_BYTES;
            Le.putLong(bytes, at, entry.tableId());
            Le.putInt(bytes, at + 8, entry.level());
            Le.putInt(bytes, at + 12, entry.headSlot());
            Le.putLong(bytes, at + 16, entry.headGeneration());
        }
        return bytes;
    }

    /** Appends the page's entries to {@code manifest}; false when the page makes no sense. */
    static boolean decode(final byte[] page4080, final boolean isLastPage, final Geometry geometry,
            final List<ManifestEntry> manifest) {
        final int count = Le.getInt(page4080, 0);
        if (count < 1 || count > ENTRIES || !isLastPage && count != ENTRIES || !Le.isZero(page4080, 4, ENTRY_OFFSET)) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            final int at = ENTRY_OFFSET + i * ENTRY_BYTES;
            final ManifestEntry entry = new ManifestEntry(Le.getLong(page4080, at), Le.getInt(page4080, at + 8),
                Le.getLong(page4080, at + 16), Le.getInt(page4080, at + 12));
            if ((entry.tableId() & ~SummaryCodec.TABLE_ID_MASK) != 0 || entry.level() < 0 || entry.level() > 255
                    || Places.problem(geometry, entry.headGeneration(), 0, entry.headSlot()) != null
                    || Le.getLong(page4080, at + 24) != 0) {
                return false;
            }
            manifest.add(entry);
        }
        return true;
    }

    /** Whether two pages hold the same. */
    static boolean same(final byte[] one, final byte[] other) {
        return Arrays.equals(one, other);
    }
}

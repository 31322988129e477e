package io.ringvault.log;

import java.util.Arrays;

/**
 * A page of the session table in a checkpoint (docs/format.md section 8): {@value #ENTRIES} entries, ids rising. Any
 * thread.
 */
final class SessionPageCodec {
    /** Entries of a full page. */
    static final int ENTRIES = 84;

    private static final int ENTRY_OFFSET = 16;
    private static final int ENTRY_BYTES = 48;

    private SessionPageCodec() {
    }

    /** Pages that this many sessions take. */
    static int pages(final int sessions) {
        return (sessions + ENTRIES - 1) / ENTRIES;
    }

    /** Fills the page with the table's entries {@code page * ENTRIES ..}. */
    static void encode(final SessionTable table, final int page, final byte[] page4080) {
        final int first = page * ENTRIES;
        final int count = Math.min(ENTRIES, table.size() - first);
        Arrays.fill(page4080, (byte) 0);
        Le.putInt(page4080, 0, count);
        for (int i = 0; i < count; i++) {
            final int at = ENTRY_OFFSET + i * ENTRY_BYTES;
            Le.putLong(page4080, at, table.id(first + i));
            Le.putInt(page4080, at + 8, table.volumeKeyNumber(first + i));
            System.arraycopy(table.salt(first + i), 0, page4080, at + 16, SessionTable.SALT_BYTES);
        }
    }

    /** The table with the page's entries added, or null when the page contradicts itself or the table. */
    static SessionTable decode(final byte[] page4080, final boolean isLastPage, final SessionTable table) {
        final int count = Le.getInt(page4080, 0);
        if (count < 1 || count > ENTRIES || !isLastPage && count != ENTRIES || !Le.isZero(page4080, 4, ENTRY_OFFSET)) {
            return null;
        }
        SessionTable result = table;
        for (int i = 0; i < count; i++) {
            final int at = ENTRY_OFFSET + i * ENTRY_BYTES;
            final long id = Le.getLong(page4080, at);
            if (result.size() > 0 && id <= result.id(result.size() - 1) || Le.getInt(page4080, at + 12) != 0) {
                return null;
            }
            result = result.with(id, Le.getInt(page4080, at + 8),
                Arrays.copyOfRange(page4080, at + 16, at + 16 + SessionTable.SALT_BYTES));
        }
        return result;
    }
}

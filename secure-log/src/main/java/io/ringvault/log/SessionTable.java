package io.ringvault.log;

import java.util.Arrays;

/**
 * The sessions whose blocks may still be read: id, salt and volume key number, sorted by id. Immutable, so that
 * threads share it; a change makes a new table. Salts are public values.
 */
public final class SessionTable {
    /** Length of a salt. */
    public static final int SALT_BYTES = 32;
    /** A table without sessions. */
    public static final SessionTable EMPTY = new SessionTable(new long[0], new int[0], new byte[0][]);

    private final long[] ids;
    private final int[] keyNumbers;
    private final byte[][] salts;

    private SessionTable(final long[] ids, final int[] keyNumbers, final byte[][] salts) {
        this.ids = ids;
        this.keyNumbers = keyNumbers;
        this.salts = salts;
    }

    /**
     * This table with one more session.
     *
     * @throws IllegalArgumentException when the id is there already, or the salt has another length
     */
    public SessionTable with(final long id, final int volumeKeyNumber, final byte[] salt32) {
        final int found = Arrays.binarySearch(ids, id);
        if (found >= 0 || salt32.length != SALT_BYTES) {
            throw new IllegalArgumentException("session " + id + (found >= 0 ? " is in the table" : ": salt of "
                + salt32.length));
        }
        final int at = -found - 1;
        final long[] newIds = Arrays.copyOf(ids, ids.length + 1);
        final int[] newNumbers = Arrays.copyOf(keyNumbers, ids.length + 1);
        final byte[][] newSalts = Arrays.copyOf(salts, ids.length + 1);
        System.arraycopy(ids, at, newIds, at + 1, ids.length - at);
        System.arraycopy(keyNumbers, at, newNumbers, at + 1, ids.length - at);
        System.arraycopy(salts, at, newSalts, at + 1, ids.length - at);
        newIds[at] = id;
        newNumbers[at] = volumeKeyNumber;
        newSalts[at] = salt32.clone();
        return new SessionTable(newIds, newNumbers, newSalts);
    }

    /** This table without a session; itself when it is not there. */
    public SessionTable without(final long id) {
        final int at = Arrays.binarySearch(ids, id);
        if (at < 0) {
            return this;
        }
        final int rest = ids.length - at - 1;
        final long[] newIds = Arrays.copyOf(ids, ids.length - 1);
        final int[] newNumbers = Arrays.copyOf(keyNumbers, ids.length - 1);
        final byte[][] newSalts = Arrays.copyOf(salts, ids.length - 1);
        System.arraycopy(ids, at + 1, newIds, at, rest);
        System.arraycopy(keyNumbers, at + 1, newNumbers, at, rest);
        System.arraycopy(salts, at + 1, newSalts, at, rest);
        return new SessionTable(newIds, newNumbers, newSalts);
    }

    /** Sessions. */
    public int size() {
        return ids.length;
    }

    /** Id of entry {@code index}, rising. */
    public long id(final int index) {
        return ids[index];
    }

    /** Index of a session, or -1. */
    public int indexOf(final long id) {
        return Math.max(-1, Arrays.binarySearch(ids, id));
    }

    /** Number of the volume key that entry {@code index} derives its key from. */
    public int volumeKeyNumber(final int index) {
        return keyNumbers[index];
    }

    /**
     * The number before {@code current} when a session here derives its key from another key than that; otherwise 0.
     */
    public int previousKeyNumber(final int current) {
        for (final int number : keyNumbers) {
            if (number != current) {
                return current - 1;
            }
        }
        return 0;
    }

    /** The lowest id of a session under this volume key; ids below it are of sessions under older keys. */
    public long firstUnder(final int volumeKeyNumber) {
        for (int i = 0; i < ids.length; i++) {
            if (keyNumbers[i] == volumeKeyNumber) {
                return ids[i];
            }
        }
        return 0;
    }

    /** A copy of entry {@code index}'s salt. */
    public byte[] salt(final int index) {
        return salts[index].clone();
    }

    /** Whether entry {@code index} has this salt. */
    boolean hasSalt(final int index, final byte[] salt32) {
        return Arrays.equals(salts[index], salt32);
    }
}

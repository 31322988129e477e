package io.ringvault.lsm;

import java.util.Arrays;

/**
 * Verified plaintext of index blocks, in private memory, keyed by (table id, ordinal), replaced by CLOCK. Owned by one
 * thread (data agent). A look-up allocates nothing; an insert allocates only until every buffer of the capacity
 * exists. It never loads by itself.
 */
public final class BlockCache {
    private static final int ORDINAL_BITS = 16;
    private static final int BLOCK_LENGTH = io.ringvault.log.Geometry.SEALED_BYTES;

    private final byte[][] blocks;
    private final long[] keyOf;
    private final boolean[] referenced;
    private final int[] index;
    private final int mask;
    private int size;
    private int hand;
    private long hits;
    private long misses;

    /**
     * @param capacityBlocks 1 or more blocks of 4080 bytes
     */
    public BlockCache(final int capacityBlocks) {
        if (capacityBlocks < 1 || capacityBlocks > 1 << 28) {
            throw new IllegalArgumentException("capacityBlocks must be 1.." + (1 << 28) + " but is " + capacityBlocks);
        }
        blocks = new byte[capacityBlocks][];
        keyOf = new long[capacityBlocks];
        referenced = new boolean[capacityBlocks];
        index = new int[Integer.highestOneBit(Math.max(capacityBlocks, 2) - 1) * 4];
        mask = index.length - 1;
    }

    /** The block's plaintext, valid until the next insert, or null. The caller must not change it. */
    public byte[] find(final long tableId, final int ordinal) {
        final long key = keyFor(tableId, ordinal);
        int at = home(key);
        int entry;
        while ((entry = index[at]) != 0) {
            if (keyOf[entry - 1] == key) {
                referenced[entry - 1] = true;
                hits++;
                return blocks[entry - 1];
            }
            at = at + 1 & mask;
        }
        misses++;
        return null;
    }

    /** Copies a verified block in; replaces the content if the block is there already. */
    public void insert(final long tableId, final int ordinal, final byte[] plain4080) {
        final long key = keyFor(tableId, ordinal);
        int entry = entryOf(key);
        if (entry < 0) {
            entry = claim();
            keyOf[entry] = key;
            int at = home(key);
            while (index[at] != 0) {
                at = at + 1 & mask;
            }
            index[at] = entry + 1;
        }
        referenced[entry] = true;
        System.arraycopy(plain4080, 0, blocks[entry], 0, BLOCK_LENGTH);
    }

    /** Forgets all blocks of a table that is no longer part of the index. */
    public void drop(final Table table) {
        final int count = table.recordBlocks() + table.rangeBlocks();
        for (int ordinal = 0; ordinal < count; ordinal++) {
            final long key = keyFor(table.id(), ordinal);
            final int entry = entryOf(key);
            if (entry >= 0) {
                unlink(key);
                keyOf[entry] = 0;
                referenced[entry] = false;
            }
        }
    }

    /** Wipes everything. */
    public void clear() {
        for (int i = 0; i < size; i++) {
            Arrays.fill(blocks[i], (byte) 0);
        }
        Arrays.fill(keyOf, 0);
        Arrays.fill(referenced, false);
        Arrays.fill(index, 0);
        hand = 0;
    }

    /** Capacity, in blocks. */
    public int capacityBlocks() {
        return blocks.length;
    }

    /** Look-ups that found their block. */
    public long hits() {
        return hits;
    }

    /** Look-ups that did not. */
    public long misses() {
        return misses;
    }

    private int claim() {
        if (size < blocks.length) {
            blocks[size] = new byte[BLOCK_LENGTH];
            return size++;
        }
        while (referenced[hand]) {
            referenced[hand] = false;
            hand = hand + 1 == blocks.length ? 0 : hand + 1;
        }
        final int victim = hand;
        hand = hand + 1 == blocks.length ? 0 : hand + 1;
        if (keyOf[victim] != 0) {
            unlink(keyOf[victim]);
        }
        return victim;
    }

    private int entryOf(final long key) {
        int at = home(key);
        int entry;
        while ((entry = index[at]) != 0) {
            if (keyOf[entry - 1] == key) {
                return entry - 1;
            }
            at = at + 1 & mask;
        }
        return -1;
    }

    /** Removes a key and moves later entries of its probe sequence back, so that no tombstones are needed. */
    private void unlink(final long key) {
        int hole = home(key);
        while (keyOf[index[hole] - 1] != key) {
            hole = hole + 1 & mask;
        }
        int at = hole;
        while (true) {
            index[hole] = 0;
            int wanted;
            do {
                at = at + 1 & mask;
                if (index[at] == 0) {
                    return;
                }
                wanted = home(keyOf[index[at] - 1]);
            } while (hole <= at ? hole < wanted && wanted <= at : hole < wanted || wanted <= at);
            index[hole] = index[at];
            hole = at;
        }
    }

    private int home(final long key) {
        final long h = key * 0x9E3779B97F4A7C15L;
        return (int) (h >>> 32) & mask;
    }

    private static long keyFor(final long tableId, final int ordinal) {
        return tableId << ORDINAL_BITS | ordinal;
    }
}

package io.ringvault.lsm;

/**
 * The answer of a look-up and, while it asks for blocks, its cursor. Mutable, preallocated, one per operation in
 * flight; owned by one thread. A cursor belongs to one LBA in one {@link IndexVersion}: for another one it starts from
 * the beginning by itself.
 */
public final class Found {
    private static final long NO_VERSION = -1;

    /** After FOUND: generation of the place. After NEED_BLOCK: generation of the place of the block that is needed. */
    public long generation;
    /** After FOUND: slot of the place. After NEED_BLOCK: slot of the place of the block that is needed. */
    public int slot;
    /** After FOUND: first half of the tag. */
    public long tag0;
    /** After FOUND: second half of the tag. */
    public long tag1;
    /** After NEED_BLOCK: {@code ObjectKind} of the block. */
    public int kind;
    /** After NEED_BLOCK: the table the block belongs to. */
    public long tableId;
    /** After NEED_BLOCK: the block's ordinal in its table. */
    public int ordinal;

    /** Position among the memtables and tables of the version. */
    int step;
    /** Whether the points of the table at {@link #step} were searched already. */
    boolean pointsDone;
    private long version = NO_VERSION;
    private long lba;

    /** Forgets any look-up in progress. */
    public Found reset() {
        version = NO_VERSION;
        return this;
    }

    void begin(final long versionNumber, final long target) {
        if (version != versionNumber || lba != target) {
            version = versionNumber;
            lba = target;
            step = 0;
            pointsDone = false;
            tableId = 0;
        }
    }

    boolean isAt(final long versionNumber, final long target) {
        return version == versionNumber && lba == target;
    }

    int end(final int code) {
        version = NO_VERSION;
        return code;
    }

    int need(final int blockKind, final Table table, final int blockOrdinal) {
        kind = blockKind;
        tableId = table.id();
        ordinal = blockOrdinal;
        generation = table.generationOf(blockOrdinal);
        slot = table.slotOf(blockOrdinal);
        return Lookup.NEED_BLOCK;
    }
}

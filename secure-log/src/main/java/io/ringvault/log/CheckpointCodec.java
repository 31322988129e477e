package io.ringvault.log;

/** Root and directories of a checkpoint (docs/format.md section 8). Static accessors over 4080 bytes; any thread. */
final class CheckpointCodec {
    /** Entries that fit the root. */
    static final int ROOT_ENTRIES = 119;
    /** Entries that fit a directory. */
    static final int DIRECTORY_ENTRIES = 127;
    /** Pages of a checkpoint: directories are one level deep. */
    static final int MAX_PAGES = ROOT_ENTRIES * DIRECTORY_ENTRIES;

    static final int COMMIT_EPOCH_OFFSET = 0;
    static final int COMMIT_SEQUENCE_OFFSET = 8;
    static final int COMMIT_TAG_OFFSET = 16;
    static final int NEXT_GENERATION_OFFSET = 32;
    static final int NEXT_TABLE_OFFSET = 40;
    static final int SEGMENT_PAGES_OFFSET = 48;
    static final int SESSION_PAGES_OFFSET = 52;
    static final int MANIFEST_PAGES_OFFSET = 56;
    static final int ENTRIES_OFFSET = 60;
    static final int DIRECTORIES_OFFSET = 64;
    static final int IN_USE_OFFSET = 72;
    static final int RESERVED_OFFSET = 80;
    static final int ROOT_ENTRY_OFFSET = 256;
    static final int DIRECTORY_ENTRY_OFFSET = 16;
    static final int ENTRY_BYTES = 32;

    private CheckpointCodec() {
    }

    static CommitId commit(final byte[] root) {
        return new CommitId(Le.getLong(root, COMMIT_EPOCH_OFFSET), Le.getLong(root, COMMIT_SEQUENCE_OFFSET),
            Le.getLong(root, COMMIT_TAG_OFFSET), Le.getLong(root, COMMIT_TAG_OFFSET + 8));
    }

    static void putCommit(final byte[] root, final CommitId commit) {
        Le.putLong(root, COMMIT_EPOCH_OFFSET, commit.epoch());
        Le.putLong(root, COMMIT_SEQUENCE_OFFSET, commit.sequence());
        Le.putLong(root, COMMIT_TAG_OFFSET, commit.tag0());
        Le.putLong(root, COMMIT_TAG_OFFSET + 8, commit.tag1());
    }

    static void putEntry(final byte[] block, final int firstOffset, final int index, final PagePlace place) {
        final int at = firstOffset + index * ENTRY_BYTES;
        Le.putInt(block, at, place.kind());
        Le.putInt(block, at + 4, place.index());
        Le.putLong(block, at + 8, place.generation());
        Le.putInt(block, at + 16, place.slot());
        Le.putInt(block, at + 20, place.segment());
        Le.putLong(block, at + 24, place.session());
    }

    static PagePlace entry(final byte[] block, final int firstOffset, final int index) {
        final int at = firstOffset + index * ENTRY_BYTES;
        return new PagePlace(Le.getInt(block, at), Le.getInt(block, at + 4), Le.getLong(block, at + 8),
            Le.getInt(block, at + 16),
            Le.getInt(block, at + 20), Le.getLong(block, at + 24));
    }
}

package io.ringvault.log;

import io.ringvault.block.StorageException;
import java.util.ArrayList;
import java.util.List;

/**
 * Everything a checkpoint says, as of one commit, frozen: taken by the owner of the state at the moment it seals that
 * commit, then handed to whoever runs the {@link CheckpointJob}. Immutable after construction.
 */
public final class CheckpointSnapshot {
    private final CommitId commit;
    private final long nextGeneration;
    private final long nextTableId;
    private final long userBlocksInUse;
    private final List<ManifestEntry> manifest;
    private final SessionTable sessions;
    private final int segmentPages;
    private final int[] dirtyIndexes;
    private final byte[][] dirtyPages;

    /** Of a state whose replay begins behind the commit. */
    public CheckpointSnapshot(final CommitId commit, final long nextGeneration, final long nextTableId,
            final long userBlocksInUse,
            final List<ManifestEntry> manifest, final SessionTable sessions, final SegmentTable table) {
        this(commit, nextGeneration, nextTableId, userBlocksInUse, manifest, sessions, table, commit.sequence() + 1);
    }

    /**
     * Copies the table's dirty pages and clears their marks.
     *
     * @param replayFrom replay begins at this sequence
     * @throws StorageException CONFIGURATION when the volume has more segments than a checkpoint can hold
     */
    public CheckpointSnapshot(final CommitId commit, final long nextGeneration, final long nextTableId,
            final long userBlocksInUse,
            final List<ManifestEntry> manifest, final SessionTable sessions, final SegmentTable table,
            final long replayFrom) {
        this.commit = commit;
        this.nextGeneration = nextGeneration;
        this.nextTableId = nextTableId;
        this.userBlocksInUse = userBlocksInUse;
        this.manifest = List.copyOf(manifest);
        this.sessions = sessions;
        segmentPages = table.pages();
        final int pages = segmentPages + SessionPageCodec.pages(sessions.size())
            + ManifestPageCodec.pages(manifest.size());
        if (pages > CheckpointCodec.MAX_PAGES) {
            throw StorageException.configuration("a checkpoint of " + pages + " pages, the most is "
                + CheckpointCodec.MAX_PAGES
                + " (" + table.segmentCount() + " segments, " + manifest.size()
                + " tables): format with larger segments");
        }
        table.markEmptyPages();
        final int dirty = table.dirtyPages();
        dirtyIndexes = new int[dirty];
        dirtyPages = new byte[dirty][];
        int page = -1;
        for (int i = 0; i < dirty; i++) {
            page = table.nextDirtyPage(page + 1);
            dirtyIndexes[i] = page;
            dirtyPages[i] = new byte[Geometry.SEALED_BYTES];
            table.encodePage(page, dirtyPages[i], replayFrom);
            table.clearDirty(page);
        }
    }

    /** The commit that this is the state of. */
    public CommitId commit() {
        return commit;
    }

    /** The next generation to give. */
    public long nextGeneration() {
        return nextGeneration;
    }

    /** The next table id to give. */
    public long nextTableId() {
        return nextTableId;
    }

    /** Blocks the user has written, a hint. */
    public long userBlocksInUse() {
        return userBlocksInUse;
    }

    /** Tables in the index's order. */
    public List<ManifestEntry> manifest() {
        return manifest;
    }

    /** Sessions with live segments. */
    public SessionTable sessions() {
        return sessions;
    }

    /** Pages of the segment table, changed or not. */
    public int segmentPages() {
        return segmentPages;
    }

    /** Changed pages of the segment table. */
    public int dirtyPages() {
        return dirtyIndexes.length;
    }

    /** Index of changed page {@code i}, rising. */
    int dirtyIndex(final int i) {
        return dirtyIndexes[i];
    }

    byte[] dirtyPage(final int i) {
        return dirtyPages[i];
    }

    /** The most blocks that a checkpoint of this snapshot appends, for reserving space. */
    public int maxBlocks() {
        final int pages = segmentPages + SessionPageCodec.pages(sessions.size())
            + ManifestPageCodec.pages(manifest.size());
        final int unchanged = segmentPages - dirtyIndexes.length;
        final int directories = (pages + CheckpointCodec.DIRECTORY_ENTRIES - 1) / CheckpointCodec.DIRECTORY_ENTRIES;
        return 1 + pages - unchanged + directories;
    }

    /** The manifest's pages. */
    List<byte[]> manifestPages() {
        final List<byte[]> pages = new ArrayList<>();
        for (int page = 0; page < ManifestPageCodec.pages(manifest.size()); page++) {
            pages.add(ManifestPageCodec.encode(manifest, page));
        }
        return pages;
    }
}

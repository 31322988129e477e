package io.ringvault.log;

import java.util.List;
import java.util.function.LongPredicate;

/**
 * Where every block of one checkpoint lies: its pages, directories and root. Immutable; any thread.
 *
 * <p>The blocks of a checkpoint are not part of the reference counts that its own segment pages hold (they are written
 * before the blocks exist). Whoever counts live object blocks adds those of the current directory to the memtable side
 * of the counts ({@link SegmentTable#addMemRefs}), which is not stored: on load by {@link #forEachBlock}, after a
 * checkpoint by {@link #forEachDifference}.
 */
public final class PageDirectory {

    /** Receives runs of blocks in one generation. */
    @FunctionalInterface
    public interface BlockCount {
        /** {@code delta} blocks of {@code generation}: more when positive, fewer when negative. */
        void accept(long generation, int delta);
    }

    private final PagePlace root;
    private final List<PagePlace> directories;
    private final List<PagePlace> sessionPages;
    private final List<PagePlace> segmentPages;
    private final List<PagePlace> manifestPages;
    private final List<byte[]> manifestContents;

    PageDirectory(final PagePlace root, final List<PagePlace> directories, final List<PagePlace> sessionPages,
            final List<PagePlace> segmentPages, final List<PagePlace> manifestPages,
            final List<byte[]> manifestContents) {
        this.root = root;
        this.directories = List.copyOf(directories);
        this.sessionPages = List.copyOf(sessionPages);
        this.segmentPages = List.copyOf(segmentPages);
        this.manifestPages = List.copyOf(manifestPages);
        this.manifestContents = List.copyOf(manifestContents);
    }

    /** The root, which a superblock slot names. */
    public PagePlace root() {
        return root;
    }

    /** Pages of the segment table, by index. */
    public List<PagePlace> segmentPages() {
        return segmentPages;
    }

    /** Pages of the manifest, by index. */
    public List<PagePlace> manifestPages() {
        return manifestPages;
    }

    /** Pages of the session table, by index. */
    public List<PagePlace> sessionPages() {
        return sessionPages;
    }

    /** Directory blocks, by index; empty when the root lists the pages itself. */
    public List<PagePlace> directories() {
        return directories;
    }

    /** Content of manifest page {@code index}, for comparison. */
    byte[] manifestContent(final int index) {
        return manifestContents.get(index);
    }

    /** Blocks of the checkpoint, root included. */
    public int blocks() {
        return 1 + directories.size() + sessionPages.size() + segmentPages.size() + manifestPages.size();
    }

    /** Every block of the checkpoint, as runs per generation. */
    public void forEachBlock(final BlockCount consumer) {
        count(null, 1, consumer);
    }

    /**
     * What changes when {@code newer} takes this directory's place: its new blocks with plus, those it dropped with
     * minus.
     */
    public void forEachDifference(final PageDirectory newer, final BlockCount consumer) {
        newer.count(this, 1, consumer);
        count(newer, -1, consumer);
    }

    /** The blocks of this directory that {@code newer} no longer uses, as runs per generation with a positive count. */
    public void forEachDropped(final PageDirectory newer, final BlockCount consumer) {
        count(newer, 1, consumer);
    }

    /**
     * Marks the table's pages that lie in segments of these generations, so that the next checkpoint moves them out.
     */
    public void markPagesIn(final LongPredicate generations, final SegmentTable table) {
        for (final PagePlace page : segmentPages) {
            if (generations.test(page.generation())) {
                table.markPageDirty(page.index());
            }
        }
    }

    private void count(final PageDirectory without, final int sign, final BlockCount consumer) {
        final Run run = new Run(sign, consumer);
        run.add(List.of(root), without == null ? List.of() : List.of(without.root));
        run.add(directories, without == null ? List.of() : without.directories);
        run.add(sessionPages, without == null ? List.of() : without.sessionPages);
        run.add(segmentPages, without == null ? List.of() : without.segmentPages);
        run.add(manifestPages, without == null ? List.of() : without.manifestPages);
        run.end();
    }

    /** Joins neighbours of one generation. */
    private static final class Run {
        private final int sign;
        private final BlockCount consumer;
        private long generation;
        private int count;

        Run(final int sign, final BlockCount consumer) {
            this.sign = sign;
            this.consumer = consumer;
        }

        void add(final List<PagePlace> places, final List<PagePlace> except) {
            for (int i = 0; i < places.size(); i++) {
                if (i < except.size() && places.get(i).equals(except.get(i))) {
                    continue;
                }
                if (places.get(i).generation() != generation) {
                    end();
                    generation = places.get(i).generation();
                }
                count++;
            }
        }

        void end() {
            if (count > 0) {
                consumer.accept(generation, sign * count);
            }
            count = 0;
        }
    }
}

package io.ringvault.log;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongPredicate;

/**
 * Writes a snapshot as a checkpoint, block by block: changed segment pages, changed manifest pages, session pages,
 * directories, the root. What did not change keeps its place in the previous directory.
 *
 * <p>Index core, stepped; never blocks. The checkpoint counts only when every block completed, a flush submitted
 * afterwards completed, and a superblock slot names the root (protocol rule 12): the caller's part. The sink's session
 * must stay the same for the whole job; a session roll abandons it.
 */
public final class CheckpointJob {
    private static final LongPredicate NOWHERE = generation -> false;

    private final CheckpointSnapshot snapshot;
    private final PageDirectory previous;
    private final PagePlace[] segmentPlaces;
    private final PagePlace[] manifestPlaces;
    private final PagePlace[] sessionPlaces;
    private final List<byte[]> manifestPages;
    private final List<PagePlace> directoryPlaces = new ArrayList<>();
    private final byte[] block = new byte[Geometry.SEALED_BYTES];
    private List<PagePlace> pages;
    private PageDirectory result;
    private int dirtyDone;
    private int manifestDone;
    private int sessionsDone;

    /**
     * @param previous the directory of the last published or loaded checkpoint, or null: then every page must be
     * dirty
     */
    public CheckpointJob(final CheckpointSnapshot snapshot, final PageDirectory previous) {
        this(snapshot, previous, NOWHERE);
    }

    /**
     * @param rewrite generations whose manifest pages are written anew even when unchanged (their segment is being
     * emptied)
     */
    public CheckpointJob(final CheckpointSnapshot snapshot, final PageDirectory previous, final LongPredicate rewrite) {
        this.snapshot = snapshot;
        this.previous = previous;
        segmentPlaces = new PagePlace[snapshot.segmentPages()];
        manifestPages = snapshot.manifestPages();
        manifestPlaces = new PagePlace[manifestPages.size()];
        sessionPlaces = new PagePlace[SessionPageCodec.pages(snapshot.sessions().size())];
        keepUnchangedSegmentPages();
        if (previous != null) {
            for (int i = 0; i < Math.min(manifestPlaces.length, previous.manifestPages().size()); i++) {
                final PagePlace place = previous.manifestPages().get(i);
                if (ManifestPageCodec.same(manifestPages.get(i), previous.manifestContent(i))
                        && !rewrite.test(place.generation())) {
                    manifestPlaces[i] = place;
                }
            }
        }
    }

    private void keepUnchangedSegmentPages() {
        int dirty = 0;
        for (int page = 0; page < segmentPlaces.length; page++) {
            if (dirty < snapshot.dirtyPages() && snapshot.dirtyIndex(dirty) == page) {
                dirty++;
            } else if (previous == null || page >= previous.segmentPages().size()) {
                throw new IllegalStateException("segment page " + page
                    + " is neither in the snapshot nor in a previous checkpoint");
            } else {
                segmentPlaces[page] = previous.segmentPages().get(page);
            }
        }
    }

    /** Appends as much as the sink takes; true when the root was appended and {@link #result()} is there. */
    public boolean step(final ObjectSink sink) {
        while (result == null && sink.available() > 0) {
            appendNext(sink);
        }
        return result != null;
    }

    /** Where everything is, root included; null until {@link #step} returned true. */
    public PageDirectory result() {
        return result;
    }

    /** The snapshot that is written. */
    public CheckpointSnapshot snapshot() {
        return snapshot;
    }

    private void appendNext(final ObjectSink sink) {
        if (dirtyDone < snapshot.dirtyPages()) {
            final int page = snapshot.dirtyIndex(dirtyDone);
            segmentPlaces[page] = append(sink, ObjectKind.SEGMENT_PAGE, page, snapshot.dirtyPage(dirtyDone));
            dirtyDone++;
            return;
        }
        while (manifestDone < manifestPlaces.length && manifestPlaces[manifestDone] != null) {
            manifestDone++;
        }
        if (manifestDone < manifestPlaces.length) {
            manifestPlaces[manifestDone] = append(sink, ObjectKind.MANIFEST_PAGE, manifestDone,
                manifestPages.get(manifestDone));
            manifestDone++;
            return;
        }
        if (sessionsDone < sessionPlaces.length) {
            SessionPageCodec.encode(snapshot.sessions(), sessionsDone, block);
            sessionPlaces[sessionsDone] = append(sink, ObjectKind.SESSION_PAGE, sessionsDone, block);
            sessionsDone++;
            return;
        }
        appendDirectoryOrRoot(sink);
    }

    private void appendDirectoryOrRoot(final ObjectSink sink) {
        if (pages == null) {
            pages = new ArrayList<>(Arrays.asList(sessionPlaces));
            pages.addAll(Arrays.asList(segmentPlaces));
            pages.addAll(Arrays.asList(manifestPlaces));
        }
        final boolean direct = pages.size() <= CheckpointCodec.ROOT_ENTRIES;
        final int first = directoryPlaces.size() * CheckpointCodec.DIRECTORY_ENTRIES;
        if (!direct && first < pages.size()) {
            final int count = Math.min(CheckpointCodec.DIRECTORY_ENTRIES, pages.size() - first);
            Arrays.fill(block, (byte) 0);
            Le.putInt(block, 0, count);
            for (int i = 0; i < count; i++) {
                CheckpointCodec.putEntry(block, CheckpointCodec.DIRECTORY_ENTRY_OFFSET, i, pages.get(first + i));
            }
            directoryPlaces.add(append(sink, ObjectKind.CHECKPOINT_DIRECTORY, directoryPlaces.size(), block));
            return;
        }
        encodeRoot(direct ? pages : directoryPlaces);
        final PagePlace root = append(sink, ObjectKind.CHECKPOINT_ROOT, 0, block);
        result = new PageDirectory(root, directoryPlaces, Arrays.asList(sessionPlaces), Arrays.asList(segmentPlaces),
            Arrays.asList(manifestPlaces), manifestPages);
    }

    private void encodeRoot(final List<PagePlace> entries) {
        Arrays.fill(block, (byte) 0);
        CheckpointCodec.putCommit(block, snapshot.commit());
        Le.putLong(block, CheckpointCodec.NEXT_GENERATION_OFFSET, snapshot.nextGeneration());
        Le.putLong(block, CheckpointCodec.NEXT_TABLE_OFFSET, snapshot.nextTableId());
        Le.putInt(block, CheckpointCodec.SEGMENT_PAGES_OFFSET, segmentPlaces.length);
        Le.putInt(block, CheckpointCodec.SESSION_PAGES_OFFSET, sessionPlaces.length);
        Le.putInt(block, CheckpointCodec.MANIFEST_PAGES_OFFSET, manifestPlaces.length);
        Le.putInt(block, CheckpointCodec.ENTRIES_OFFSET, entries.size());
        Le.putInt(block, CheckpointCodec.DIRECTORIES_OFFSET, directoryPlaces.size());
        Le.putLong(block, CheckpointCodec.IN_USE_OFFSET, snapshot.userBlocksInUse());
        for (int i = 0; i < entries.size(); i++) {
            CheckpointCodec.putEntry(block, CheckpointCodec.ROOT_ENTRY_OFFSET, i, entries.get(i));
        }
    }

    private static PagePlace append(final ObjectSink sink, final int kind, final int index, final byte[] plain) {
        sink.append(kind, index, 0, plain);
        return new PagePlace(kind, index, sink.lastGeneration(), sink.lastSlot(), sink.lastSegment(),
            sink.lastSession());
    }
}

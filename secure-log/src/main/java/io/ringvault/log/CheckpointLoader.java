package io.ringvault.log;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.AeadKey;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a checkpoint: root, directories, session pages, segment pages, manifest pages; each authenticated at its
 * place, then range-checked, then checked against the others. Writes nothing. Control plane, one thread.
 */
public final class CheckpointLoader {
    private final BlockSource source;
    private final Geometry geometry;
    private final BlockSealer sealer;
    private final SessionKeys keys;
    private final Superblock slot;
    private final byte[] sealed = new byte[Geometry.BLOCK_BYTES];

    private CheckpointLoader(final BlockSource source, final Geometry geometry, final BlockSealer sealer,
            final SessionKeys keys,
            final Superblock slot) {
        this.source = source;
        this.geometry = geometry;
        this.sealer = sealer;
        this.keys = keys;
        this.slot = slot;
    }

    /**
     * Loads the checkpoint that {@code slot} names.
     *
     * @param keys their session table is replaced by the checkpoint's on the way
     * @throws StorageException INTEGRITY naming the place of what cannot be read, does not verify or makes no sense
     */
    public static LoadedCheckpoint load(final BlockSource source, final Geometry geometry, final BlockSealer sealer,
            final SessionKeys keys, final Superblock slot) {
        return new CheckpointLoader(source, geometry, sealer, keys, slot).load();
    }

    private LoadedCheckpoint load() {
        final SessionTable own = SessionTable.EMPTY.with(slot.sessionId(), slot.volumeKeyNumber(), slot.sessionSalt());
        keys.sessions(own);
        final Place at = slot.checkpointRoot();
        final PagePlace rootPlace =
            new PagePlace(ObjectKind.CHECKPOINT_ROOT, 0, at.generation(), at.slot(), at.segment(), slot.sessionId());
        final byte[] root = read(rootPlace);
        final int sessionPages = Le.getInt(root, CheckpointCodec.SESSION_PAGES_OFFSET);
        final int segmentPages = Le.getInt(root, CheckpointCodec.SEGMENT_PAGES_OFFSET);
        final int manifestPages = Le.getInt(root, CheckpointCodec.MANIFEST_PAGES_OFFSET);
        checkRoot(root, rootPlace, sessionPages, segmentPages, manifestPages);

        final List<PagePlace> directories = new ArrayList<>();
        final List<PagePlace> pages = places(root, rootPlace, sessionPages + segmentPages + manifestPages, directories);
        final List<PagePlace> sessionPlaces = pages.subList(0, sessionPages);
        final List<PagePlace> segmentPlaces = pages.subList(sessionPages, sessionPages + segmentPages);
        final List<PagePlace> manifestPlaces = pages.subList(sessionPages + segmentPages, pages.size());
        expect(sessionPlaces, ObjectKind.SESSION_PAGE);
        expect(segmentPlaces, ObjectKind.SEGMENT_PAGE);
        expect(manifestPlaces, ObjectKind.MANIFEST_PAGE);

        final SessionTable sessions = readSessions(sessionPlaces);
        keys.sessions(sessions);
        final SegmentTable table = readSegments(segmentPlaces);
        final List<byte[]> manifestContents = new ArrayList<>();
        final List<ManifestEntry> manifest = readManifest(manifestPlaces, manifestContents);
        final PageDirectory directory =
            new PageDirectory(rootPlace, directories, sessionPlaces, segmentPlaces, manifestPlaces, manifestContents);
        adopt(List.of(rootPlace), table);
        adopt(directories, table);
        adopt(pages, table);
        checkManifest(manifest, table, Le.getLong(root, CheckpointCodec.NEXT_TABLE_OFFSET));
        long nextGeneration = Le.getLong(root, CheckpointCodec.NEXT_GENERATION_OFFSET);
        for (int segment = 0; segment < table.segmentCount(); segment++) {
            nextGeneration = Math.max(nextGeneration, table.generation(segment) + 1);
        }
        return new LoadedCheckpoint(table, sessions, manifest, directory, slot.base(), nextGeneration,
            Le.getLong(root, CheckpointCodec.NEXT_TABLE_OFFSET), Le.getLong(root, CheckpointCodec.IN_USE_OFFSET));
    }

    private void checkRoot(final byte[] root, final PagePlace place, final int sessionPages, final int segmentPages,
            final int manifestPages) {
        if (!CheckpointCodec.commit(root).equals(slot.base())) {
            throw senseless(place, "is the state of " + CheckpointCodec.commit(root) + ", the slot says "
                + slot.base());
        }
        final long nextGeneration = Le.getLong(root, CheckpointCodec.NEXT_GENERATION_OFFSET);
        final long nextTableId = Le.getLong(root, CheckpointCodec.NEXT_TABLE_OFFSET);
        if (nextGeneration < 1 || nextGeneration > SegmentTable.MAX_GENERATION + 1
                || nextTableId < 0 || nextTableId > SummaryCodec.TABLE_ID_MASK + 1
                || !Le.isZero(root, CheckpointCodec.RESERVED_OFFSET, CheckpointCodec.ROOT_ENTRY_OFFSET)
                || Le.getInt(root, CheckpointCodec.DIRECTORIES_OFFSET + 4) != 0) {
            throw senseless(place, "next generation " + nextGeneration + ", next table " + nextTableId
                + " or a reserved field");
        }
        if (segmentPages != SegmentPageCodec.pages(geometry.segmentCount()) || sessionPages < 1 || manifestPages < 0
                || sessionPages > CheckpointCodec.MAX_PAGES || manifestPages > CheckpointCodec.MAX_PAGES
                || sessionPages + segmentPages + manifestPages > CheckpointCodec.MAX_PAGES) {
            throw senseless(place, sessionPages + " session pages, " + segmentPages + " segment pages, " + manifestPages
                + " manifest pages");
        }
    }

    /** The places of all pages, straight from the root or by way of directories. */
    private List<PagePlace> places(final byte[] root, final PagePlace rootPlace, final int pages,
            final List<PagePlace> directories) {
        final int entries = Le.getInt(root, CheckpointCodec.ENTRIES_OFFSET);
        final int directoryCount = Le.getInt(root, CheckpointCodec.DIRECTORIES_OFFSET);
        final int perDirectory = CheckpointCodec.DIRECTORY_ENTRIES;
        final boolean direct = directoryCount == 0;
        if (entries != (direct ? pages : directoryCount) || entries < 1 || entries > CheckpointCodec.ROOT_ENTRIES
                || !direct && directoryCount != (pages + perDirectory - 1) / perDirectory) {
            throw senseless(rootPlace, entries + " entries, " + directoryCount + " directories for " + pages
                + " pages");
        }
        final List<PagePlace> result = new ArrayList<>(pages);
        for (int i = 0; i < entries; i++) {
            (direct ? result : directories).add(CheckpointCodec.entry(root, CheckpointCodec.ROOT_ENTRY_OFFSET, i));
        }
        expect(directories, ObjectKind.CHECKPOINT_DIRECTORY);
        for (final PagePlace place : directories) {
            requireOwnSession(place);
            final byte[] directory = read(place);
            final int count = Le.getInt(directory, 0);
            if (count != Math.min(perDirectory, pages - result.size()) || !Le.isZero(directory, 4, 16)) {
                throw senseless(place, count + " entries");
            }
            for (int i = 0; i < count; i++) {
                result.add(CheckpointCodec.entry(directory, CheckpointCodec.DIRECTORY_ENTRY_OFFSET, i));
            }
        }
        return result;
    }

    private void expect(final List<PagePlace> places, final int kind) {
        for (int i = 0; i < places.size(); i++) {
            final PagePlace place = places.get(i);
            final String problem = Places.problem(geometry, place.generation(), place.segment(), place.slot());
            if (place.kind() != kind || place.index() != i || problem != null) {
                throw StorageException.integrity("the checkpoint lists " + place + " where "
                    + ObjectKind.describe(kind) + " " + i
                    + " belongs" + (problem == null ? "" : ": " + problem));
            }
        }
    }

    private SessionTable readSessions(final List<PagePlace> places) {
        SessionTable sessions = SessionTable.EMPTY;
        for (int page = 0; page < places.size(); page++) {
            requireOwnSession(places.get(page));
            sessions = SessionPageCodec.decode(read(places.get(page)), page == places.size() - 1, sessions);
            if (sessions == null) {
                throw senseless(places.get(page), "count, order or a reserved field");
            }
        }
        final int own = sessions.indexOf(slot.sessionId());
        if (own < 0) {
            return sessions.with(slot.sessionId(), slot.volumeKeyNumber(), slot.sessionSalt());
        }
        if (!sessions.hasSalt(own, slot.sessionSalt()) || sessions.volumeKeyNumber(own) != slot.volumeKeyNumber()) {
            throw senseless(places.getFirst(), "another salt or key for session " + slot.sessionId()
                + " than the slot has");
        }
        return sessions;
    }

    private SegmentTable readSegments(final List<PagePlace> places) {
        final SegmentTable table = new SegmentTable(geometry.segmentCount());
        for (int page = 0; page < places.size(); page++) {
            final byte[] bytes = read(places.get(page));
            final int first = page * SegmentPageCodec.ENTRIES;
            final int count = Math.min(SegmentPageCodec.ENTRIES, geometry.segmentCount() - first);
            if (SegmentPageCodec.first(bytes) != first || SegmentPageCodec.count(bytes) != count) {
                throw senseless(places.get(page), SegmentPageCodec.count(bytes) + " segments from "
                    + SegmentPageCodec.first(bytes));
            }
            for (int i = 0; i < count; i++) {
                if (!SegmentPageCodec.reservedIsZero(bytes, i)
                        || SegmentPageCodec.endSlot(bytes, i) > geometry.segmentBlocks()
                        || !table.restore(first + i, SegmentPageCodec.state(bytes, i),
                            SegmentPageCodec.generation(bytes, i),
                            SegmentPageCodec.session(bytes, i), SegmentPageCodec.purpose(bytes, i),
                            SegmentPageCodec.endSlot(bytes, i), SegmentPageCodec.tableRefs(bytes, i))) {
                    throw senseless(places.get(page), "segment " + (first + i) + ": state "
                        + SegmentPageCodec.state(bytes, i)
                        + ", generation " + SegmentPageCodec.generation(bytes, i));
                }
            }
        }
        return table;
    }

    private List<ManifestEntry> readManifest(final List<PagePlace> places, final List<byte[]> contents) {
        final List<ManifestEntry> manifest = new ArrayList<>();
        for (int page = 0; page < places.size(); page++) {
            final byte[] bytes = read(places.get(page));
            if (!ManifestPageCodec.decode(bytes, page == places.size() - 1, geometry, manifest)) {
                throw senseless(places.get(page), "count or an entry out of range");
            }
            contents.add(bytes);
        }
        return manifest;
    }

    private static void checkManifest(final List<ManifestEntry> manifest, final SegmentTable table,
            final long nextTableId) {
        for (final ManifestEntry entry : manifest) {
            if (table.segmentOf(entry.headGeneration()) < 0 || entry.tableId() >= nextTableId) {
                throw StorageException.integrity("the checkpoint contradicts itself: " + entry
                    + (entry.tableId() >= nextTableId ? ", but the next table id is " + nextTableId
                        : " lies in a generation that no segment has"));
            }
        }
    }

    /**
     * The segments of the checkpoint's own blocks must be in the table, also those opened after the snapshot was
     * taken.
     */
    private static void adopt(final List<PagePlace> places, final SegmentTable table) {
        for (final PagePlace place : places) {
            final int segment = place.segment();
            final long generation = table.generation(segment);
            if (generation != place.generation()) {
                // Emptied, freed and opened again after the snapshot: its page then holds stale counts.
                final int state = table.state(segment);
                if (state != SegmentState.FREE && state != SegmentState.CLOSED && state != SegmentState.QUARANTINED
                        || table.segmentOf(place.generation()) >= 0 || generation > place.generation()) {
                    throw StorageException.integrity("the checkpoint contradicts itself: " + place + ", but segment "
                        + segment + " is "
                        + SegmentState.name(state) + " with generation " + generation);
                }
                table.adopt(segment, place.generation(), place.session());
            }
            if (place.session() != table.session(segment)) {
                throw StorageException.integrity("the checkpoint contradicts itself: " + place + ", but segment "
                    + segment
                    + " belongs to session " + table.session(segment));
            }
            table.covers(segment, place.slot());
        }
    }

    private void requireOwnSession(final PagePlace place) {
        if (place.session() != slot.sessionId()) {
            throw senseless(place, "a block of session " + slot.sessionId() + " is expected there");
        }
    }

    private byte[] read(final PagePlace place) {
        final String problem = Places.problem(geometry, place.generation(), place.segment(), place.slot());
        if (problem != null) {
            throw senseless(place, problem);
        }
        final long block = geometry.blockOf(place.segment(), place.slot());
        if (!source.read(block, 1, sealed, 0)) {
            throw StorageException.integrity(place + " (block " + block + ") cannot be read: " + source.lastError());
        }
        final AeadKey key = keys.key(place.session());
        if (key == null) {
            throw senseless(place, "no such session in the session table");
        }
        final byte[] plain = new byte[Geometry.SEALED_BYTES];
        if (!sealer.openBlock(key, place.kind(), place.index(), 0, place.generation(), place.slot(), sealed, plain)) {
            throw StorageException.integrity(place + " (block " + block + ") does not verify");
        }
        return plain;
    }

    private static StorageException senseless(final PagePlace place, final String what) {
        return StorageException.integrity(place + " is authentic but makes no sense: " + what);
    }
}

package io.ringvault.disk.volume;

import io.ringvault.block.StorageException;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.CommitId;
import io.ringvault.log.Geometry;
import io.ringvault.log.LoadedCheckpoint;
import io.ringvault.log.LogRecovery;
import io.ringvault.log.ManifestEntry;
import io.ringvault.log.RecoveredLog;
import io.ringvault.log.SegmentReplay;
import io.ringvault.log.SegmentState;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;
import io.ringvault.log.SummaryCodec;
import io.ringvault.log.Superblock;
import io.ringvault.log.WalkedChunk;
import io.ringvault.lsm.GenerationCounts;
import io.ringvault.lsm.IndexEdit;
import io.ringvault.lsm.IndexVersion;
import io.ringvault.lsm.Memtable;
import io.ringvault.lsm.Table;
import io.ringvault.lsm.TableCounts;
import io.ringvault.lsm.TableLoader;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Turns what recovery decided into the state S_c in memory (protocol rules 10, 11, 25-29): records of all chunks from
 * replay-from to c go to a memtable, edits behind the checkpoint's commit change the index and the segment table. A
 * plain function of image and anchor; writes nothing.
 */
final class VolumeReplay {
    private final VolumeAccess access;
    private final boolean readOnly;
    private final Geometry geometry;
    private final RecoveredLog log;
    private final SegmentTable table;
    private final SessionKeys keys;
    private final VerifiedReader reader;
    private final Memtable memtable;
    private IndexVersion index;
    private long nextTableId;

    private VolumeReplay(final VolumeAccess access, final RecoveredLog log, final boolean readOnly) {
        this.access = access;
        this.readOnly = readOnly;
        this.geometry = access.header.geometry();
        this.log = log;
        final LoadedCheckpoint checkpoint = log.checkpoint();
        table = checkpoint.table();
        keys = new SessionKeys(access.volumeKey, access.header.volumeId(), access.sealer.aead(), checkpoint.sessions());
        reader = new VerifiedReader(access.store, geometry, table, access.sealer, keys);
        nextTableId = checkpoint.nextTableId();
        memtable = new Memtable(records(log), ranges(log), this::superseded);
    }

    /** Recovers and replays. Throws INTEGRITY, FRESHNESS or IO; nothing was written then. */
    static VolumeState replay(final VolumeAccess access, final boolean readOnly, final long windowBytes) {
        final AnchorValue anchor = access.anchor.read();
        final RecoveredLog log = LogRecovery.recover(access.store, access.header.geometry(), access.volumeKey,
            access.header,
            access.superblocks, access.sealer, anchor, readOnly, windowBytes);
        access.warnings.addAll(log.warnings());
        return new VolumeReplay(access, log, readOnly).runOrRelease(anchor);
    }

    /** As {@link #replay}, whatever the anchor says: the newest commit of the image. */
    static VolumeState replayForAdoption(final VolumeAccess access, final long windowBytes) {
        final RecoveredLog log = LogRecovery.recoverForAdoption(access.store, access.header.geometry(),
            access.volumeKey, access.header, access.superblocks, access.sealer, windowBytes);
        access.warnings.addAll(log.warnings());
        return new VolumeReplay(access, log, false).runOrRelease(null);
    }

    /** Throws FRESHNESS when this anchor value refuses the image, INTEGRITY when that is damaged. */
    static void check(final VolumeAccess access, final AnchorValue anchor, final long windowBytes) {
        LogRecovery.recover(access.store, access.header.geometry(), access.volumeKey, access.header,
            access.superblocks, access.sealer, anchor, false, windowBytes);
    }

    private VolumeState runOrRelease(final AnchorValue anchor) {
        try {
            return run(anchor);
        } catch (final RuntimeException failed) {
            keys.destroy();
            memtable.close();
            throw failed;
        }
    }

    private VolumeState run(final AnchorValue anchor) {
        final List<Table> tables = new ArrayList<>();
        for (final ManifestEntry entry : log.checkpoint().manifest()) {
            tables.add(TableLoader.load(reader, entry));
        }
        index = IndexVersion.of(tables);
        log.checkpoint().directory().forEachBlock((generation, count) -> table.addMemRefs(segmentOf(generation),
            count));
        freeLeftovers();
        final BitSet lately = replaySegments();
        final CommitId base = log.checkpoint().commit();
        final IndexVersion before = index;
        for (final WalkedChunk chunk : log.chunks()) {
            if (chunk.sequence() > base.sequence()) {
                applyEdit(chunk);
            }
        }
        recount(before);
        for (final WalkedChunk chunk : log.chunks()) {
            applyRecords(chunk);
        }
        return new VolumeState(log, table, keys, index, memtable, log.checkpoint().directory(), nextTableId, lately,
            anchor, !slotsAgree());
    }

    // ---- segments

    /**
     * Brings the segment table to the recovered commit and ends the old session in it.
     *
     * @return the segments that were being written: late writes may still land there, so they are not reused soon
     */
    private BitSet replaySegments() {
        final BitSet writtenBefore = new BitSet();
        for (int segment = 0; segment < table.segmentCount(); segment++) {
            writtenBefore.set(segment, table.state(segment) == SegmentState.OPEN
                || table.state(segment) == SegmentState.ANNOUNCED);
        }
        SegmentReplay.apply(log, geometry);
        final BitSet lately = new BitSet();
        for (int segment = 0; segment < table.segmentCount(); segment++) {
            lately.set(segment, table.state(segment) == SegmentState.CLOSED && (writtenBefore.get(segment)
                || table.generation(segment) >= log.checkpoint().nextGeneration()));
        }
        return lately;
    }

    /**
     * Frees what recovery from the checkpoint in use cannot reach, so that many crashes in a row do not use up the free
     * segments. Quarantine of an earlier open has outlived its reason: the device was reset (or its lock taken over)
     * twice since. Segments that the checkpoint itself knows as unreferenced are free as soon as both slots name this
     * checkpoint; when they do not yet, {@link SessionStart} makes them before it writes anything else.
     */
    private void freeLeftovers() {
        for (int segment = 0; segment < table.segmentCount(); segment++) {
            if (table.state(segment) == SegmentState.QUARANTINED) {
                table.free(segment);
            } else if (table.state(segment) == SegmentState.CLOSED && table.tableRefs(segment) == 0
                && table.memRefs(segment) == 0 && !inReplay(segment)) {
                table.empty(segment, 0, 0);
                table.free(segment);
            }
        }
    }

    /** Whether chunks that the checkpoint leaves to replay lie in the segment. */
    private boolean inReplay(final int segment) {
        for (final WalkedChunk chunk : log.chunks()) {
            if (chunk.segment() == segment) {
                return true;
            }
        }
        return false;
    }

    /** Whether both slots name the checkpoint in use, so that what only the other one needed may be overwritten. */
    private boolean slotsAgree() {
        final Superblock current = access.superblocks.current();
        final Superblock other = access.superblocks.other();
        return other != null && other.sessionId() == current.sessionId()
            && other.checkpointRoot().equals(current.checkpointRoot());
    }

    private int segmentOf(final long generation) {
        final int segment = table.segmentOf(generation);
        if (segment < 0) {
            throw StorageException.integrity("generation " + generation
                + " is named by live metadata and no segment has it");
        }
        return segment;
    }

    // ---- edits

    /** The edit of a chunk: drops and adds of one chunk are one edit (docs/format.md section 6). */
    private void applyEdit(final WalkedChunk chunk) {
        final byte[] summary = chunk.summary();
        final List<Table> added = new ArrayList<>();
        final List<Long> dropped = new ArrayList<>();
        for (int cell = 0; cell < SummaryCodec.cellCount(summary); cell++) {
            final long low = SummaryCodec.cellLow(summary, cell);
            switch (SummaryCodec.cellType(summary, cell)) {
                case SummaryCodec.TABLE_DROP -> dropped.add(low);
                case SummaryCodec.TABLE_ADD -> {
                    final ManifestEntry entry = new ManifestEntry(SummaryCodec.tableId(low),
                        SummaryCodec.tableLevel(low),
                        SummaryCodec.cellA(summary, cell), (int) SummaryCodec.cellB(summary, cell));
                    nextTableId = Math.max(nextTableId, entry.tableId() + 1);
                    added.add(TableLoader.load(reader, entry));
                }
                default -> {
                    // Records are replayed in a pass of their own, when all segments are known.
                }
            }
        }
        if (!added.isEmpty() || !dropped.isEmpty()) {
            index = index.withEdit(IndexEdit.recovered(added, dropped, new GenerationCounts()));
        }
    }

    /**
     * Counts what came with tables and went with tables since the checkpoint. A table that came and went in between, or
     * only moved to another level, changes nothing, so it need not be readable.
     *
     * @throws StorageException of an open for writing, when a new table cannot be counted: a count below the truth
     *     would
     *     let a live segment be reused
     */
    private void recount(final IndexVersion before) {
        final GenerationCounts records = new GenerationCounts();
        final GenerationCounts blocks = new GenerationCounts();
        for (final Table each : index.tables()) {
            if (before.table(each.id()) == null) {
                if (readOnly) {
                    TableCounts.countReadable(reader, each, records, 1);
                } else {
                    TableCounts.count(reader, each, records, 1);
                }
                each.countBlocks(blocks, 1);
            }
        }
        for (final Table each : before.tables()) {
            if (index.table(each.id()) == null) {
                TableCounts.countReadable(reader, each, records, -1);
                each.countBlocks(blocks, -1);
            }
        }
        blocks.forEach((generation, count) -> SegmentCounts.add(table, segmentOf(generation), count));
        records.forEach((generation, count) -> {
            final int segment = table.segmentOf(generation);
            if (segment >= 0) {
                SegmentCounts.add(table, segment, count);
            }
        });
    }

    // ---- records

    private void applyRecords(final WalkedChunk chunk) {
        final byte[] summary = chunk.summary();
        int slot = chunk.slot();
        for (int cell = 0; cell < SummaryCodec.cellCount(summary); cell++) {
            final int type = SummaryCodec.cellType(summary, cell);
            final long low = SummaryCodec.cellLow(summary, cell);
            slot += SummaryCodec.hasData(type) ? 1 : 0;
            switch (type) {
                case SummaryCodec.WRITE, SummaryCodec.RELOCATED -> {
                    checkRange(low, 1);
                    memtable.put(low, chunk.generation(), slot, SummaryCodec.cellA(summary, cell),
                        SummaryCodec.cellB(summary, cell));
                    table.addMemRefs(segmentOf(chunk.generation()), 1);
                }
                case SummaryCodec.TRIM -> {
                    checkRange(low, SummaryCodec.cellA(summary, cell));
                    memtable.trim(low, SummaryCodec.cellA(summary, cell));
                }
                case SummaryCodec.LOST -> {
                    checkRange(low, SummaryCodec.cellA(summary, cell));
                    memtable.lost(low, SummaryCodec.cellA(summary, cell));
                }
                default -> {
                    // Edits were applied before; a void block is nobody's.
                }
            }
        }
    }

    private void checkRange(final long first, final long count) {
        if (count < 1 || first < 0 || first > geometry.userBlocks() - count) {
            throw StorageException.integrity("the log names blocks " + first + " + " + count + " of a volume of "
                + geometry.userBlocks());
        }
    }

    private void superseded(final long generation) {
        final int segment = table.segmentOf(generation);
        if (segment >= 0) {
            table.addMemRefs(segment, -1);
        }
    }

    // ---- sizes

    private static int records(final RecoveredLog log) {
        long records = 16;
        for (final WalkedChunk chunk : log.chunks()) {
            for (int cell = 0; cell < SummaryCodec.cellCount(chunk.summary()); cell++) {
                final int type = SummaryCodec.cellType(chunk.summary(), cell);
                final boolean ranged = type == SummaryCodec.TRIM || type == SummaryCodec.LOST;
                records += ranged ? Math.min(64, SummaryCodec.cellA(chunk.summary(), cell)) : 1;
            }
        }
        return (int) Math.min(1 << 24, records);
    }

    private static int ranges(final RecoveredLog log) {
        int ranges = 4;
        for (final WalkedChunk chunk : log.chunks()) {
            for (int cell = 0; cell < SummaryCodec.cellCount(chunk.summary()); cell++) {
                final int type = SummaryCodec.cellType(chunk.summary(), cell);
                ranges += type == SummaryCodec.TRIM || type == SummaryCodec.LOST ? 2 : 0;
            }
        }
        return ranges;
    }
}

package io.ringvault.disk.volume;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.disk.engine.AnchorPolicy;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.disk.engine.ReplayPoint;
import io.ringvault.disk.engine.SessionIdentity;
import io.ringvault.log.AnchorTerms;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.BlockStore;
import io.ringvault.log.CheckpointJob;
import io.ringvault.log.CheckpointSnapshot;
import io.ringvault.log.CommitId;
import io.ringvault.log.Geometry;
import io.ringvault.log.Header;
import io.ringvault.log.PageDirectory;
import io.ringvault.log.PagePlace;
import io.ringvault.log.Place;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.log.SegmentState;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;
import io.ringvault.log.SessionSalt;
import io.ringvault.log.SessionTable;
import io.ringvault.log.SlotCodec;
import io.ringvault.log.Superblock;
import io.ringvault.log.VolumeHeader;
import io.ringvault.lsm.FlushJob;
import io.ringvault.lsm.GenerationCounts;
import io.ringvault.lsm.IndexEdit;
import io.ringvault.lsm.IndexVersion;
import io.ringvault.lsm.Memtable;
import io.ringvault.lsm.Table;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Begins a session on a recovered (or new) volume: protocol rules 30-33. Nothing that either slot reaches is
 * overwritten before both slots name the new checkpoint, so a crash anywhere in here recovers the same state again.
 * Control plane.
 */
final class SessionStart {
    private static final int RECOVERY_TABLE_BLOCKS = 1024;

    private SessionStart() {
    }

    /**
     * @param state   the recovered state
     * @param config  says when free segments are few
     */
    static StartedSession begin(final VolumeAccess access, final VolumeState state, final EngineConfig config,
                                final RandomSource random) {
        final Superblock current = access.superblocks.current();
        final CommitId commit = state.commit();
        access.store.flush();
        final AnchorValue before = state.anchor();
        final long sessionId = Math.max(current.sessionId(), before == null ? 0 : before.session()) + 1;
        final AnchorValue anchored = new AnchorValue(sessionId, commit.epoch(), commit.tag0(), commit.tag1());
        if (before != null && !access.anchor.advance(before, anchored)) {
            throw StorageException.freshness(
                "the freshness anchor changed while the volume was being opened: another process has"
                + " opened it. Nothing was written to the volume");
        }
        final long serial = state.levelSlots() ? level(access, state, before == null ? null : anchored, random)
            : current.serial();
        final VolumeKey sealing = access.nextKey != null ? access.nextKey : access.volumeKey;
        final byte[] salt = SessionSalt.draw(sealing, serial + 1, before == null ? 0
            : before.epoch(), random);
        final SessionIdentity session = new SessionIdentity(sessionId, salt, access.header.volumeId());
        final Superblock.Builder slot = current.toBuilder().session(sessionId, salt).closedCleanly(false)
            .anchorTerms(terms(current.anchorTerms(), config.anchorPolicy));
        if (before != null) {
            slot.lastAnchored(anchored);
        }
        final StartedSession started = publish(access.store, access.header, sealing, access.sealer,
            state.table(), state.keys(), state.index(), state.memtable(), state.directory(),
            commit, session, state.log().nextGeneration(), state.nextTableId(), slot, serial, state.lately(),
            config, random);
        settleKeys(access, sealing, before == null ? null : anchored);
        forgetUnused(sealing, started.sessions());
        return started.withAnchored(before == null ? null : anchored);
    }

    private static AnchorTerms terms(final AnchorTerms before, final AnchorPolicy policy) {
        final boolean batched = policy.mode() == AnchorPolicy.Mode.BATCHED;
        return before.withPolicy(policy.mode().ordinal(), batched ? policy.commits() : 0,
            batched ? policy.delayNs() : 0);
    }

    /**
     * Both slots are under the header's volume key: the header forgets the one before, and the anchor follows. (A slot
     * of its own twice, so that no value under the key before is left.)
     */
    private static void settleKeys(final VolumeAccess access, final VolumeKey sealing, final AnchorValue anchored) {
        if (access.header.previousKey() == null) {
            return;
        }
        if (anchored != null) {
            access.anchor.rekey(sealing);
            if (!access.anchor.advance(anchored, anchored) || !access.anchor.advance(anchored, anchored)) {
                throw StorageException.freshness("the freshness anchor changed while the volume was being opened:"
                    + " another process has opened it");
            }
        }
        final Header settled = access.header.withVolumeKey(sealing, access.header.keySlots(), null);
        VolumeHeader.store(access.store, settled);
        access.rotated(sealing, settled);
    }

    /**
     * A crash may have come between the last block under the volume key before and the forgetting of that key. Both
     * slots have been written without it by now, and no rotation is left that would see to it.
     */
    private static void forgetUnused(final VolumeKey sealing, final SessionTable sessions) {
        final VolumeKey older = sealing.previous();
        if (older != null && sessions.previousKeyNumber(sealing.number()) == 0) {
            sealing.previous(null);
            older.close();
        }
    }

    /** Writes tables, checkpoint and both slots. */
    static StartedSession publish(final BlockStore store, final Header header, final VolumeKey volumeKey,
        final BlockSealer sealer,
                                  final SegmentTable table, final SessionKeys keys,
                                  final IndexVersion indexBefore, final Memtable memtable, final PageDirectory previous,
                                  final CommitId commit, final SessionIdentity session, final long nextGeneration,
                                  final long nextTableId, final Superblock.Builder slot, final long serial,
                                  final BitSet lately, final EngineConfig config,
                                  final RandomSource random) {
        final Geometry geometry = header.geometry();
        keys.volumeKey(volumeKey);
        if (keys.sessions().indexOf(session.id()) >= 0) {
            throw StorageException.integrity("the checkpoint lists session " + session.id()
                + ", which comes after the volume's last one");
        }
        SessionTable sessions = keys.sessions().with(session.id(), volumeKey.number(), session.salt());
        keys.sessions(sessions);
        final AeadKey sessionKey = keys.key(session.id());
        final SyncObjectStore objects = new SyncObjectStore(store, geometry, table, sealer, sessionKey, keys, session,
            nextGeneration);
        final AtomicLong tableIds = new AtomicLong(nextTableId);
        final IndexVersion flushed = flush(table, indexBefore, memtable, objects, tableIds, geometry);
        final IndexVersion index = new OpenCompaction(geometry, table, config).run(flushed, objects,
            tableIds::getAndIncrement);
        final Place[] streams = announceStreams(table, objects);
        sessions = retainLive(sessions, table, session.id());
        keys.sessions(sessions);
        final CheckpointSnapshot snapshot = new CheckpointSnapshot(commit, objects.nextGeneration(), tableIds.get(), 0,
            index.manifest(),
            sessions, table);
        final CheckpointJob job = new CheckpointJob(snapshot, previous);
        job.step(objects);
        objects.close();
        countCheckpoint(table, previous, job.result());
        store.flush();
        final PagePlace root = job.result().root();
        slot.volumeKeyNumber(volumeKey.number()).previousKeyNumber(sessions.previousKeyNumber(volumeKey.number()))
            .base(commit)
            .checkpointRoot(new Place(root.generation(), root.segment(), root.slot()))
            .replayFrom(commit.sequence() + 1, commit.tag0(), commit.tag1(), List.of(streams));
        final byte[][] raw = new byte[2][];
        Superblock written = null;
        for (int i = 1; i <= 2; i++) {
            written = slot.serial(serial + i).build();
            final byte[] block = SlotCodec.encode(written, volumeKey, header.volumeId(), random);
            store.write(geometry.slotBlock(written.which()), 1, block, 0, true);
            raw[written.which()] = block;
        }
        final ReplayPoint start = new ReplayPoint(commit.sequence() + 1, commit.tag0(), commit.tag1(),
            generations(streams),
            segments(streams), slots(streams));
        return new StartedSession(session, null, written, raw[0], raw[1], table, sessions, index, job.result(),
            objects.nextGeneration(),
            tableIds.get(), commit, start, streams, lately);
    }

    /**
     * Makes both slots name the checkpoint that was recovered from. After that, what only the other checkpoint needed
     * may be overwritten; and where the newest one is damaged, the good one is no longer in one slot alone, which the
     * next write would meet.
     *
     * @return the serial of the slot that was written, now the highest
     */
    static long level(final VolumeAccess access, final VolumeState state, final AnchorValue anchored,
                              final RandomSource random) {
        final Superblock used = state.log().used();
        final long highest = access.superblocks.current().serial();
        final long serial = (highest + 1 & 1) == used.which() ? highest + 2 : highest + 1;
        final Superblock.Builder copy = used.toBuilder().serial(serial);
        if (anchored != null) {
            copy.lastAnchored(anchored);
        }
        final Superblock slot = copy.build();
        access.store.write(access.header.geometry().slotBlock(slot.which()), 1,
            SlotCodec.encode(slot, access.volumeKey, access.header.volumeId(), random), 0, true);
        return serial;
    }

    /**
     * The replayed records become tables; their references move from the memtable's side of the counts to the tables'.
     */
    private static IndexVersion flush(final SegmentTable table, final IndexVersion before, final Memtable memtable,
                                      final SyncObjectStore objects, final AtomicLong tableIds,
                                      final Geometry geometry) {
        if (memtable.isEmpty()) {
            return before;
        }
        memtable.freeze();
        final FlushJob job = new FlushJob(memtable, tableIds::getAndIncrement, RECOVERY_TABLE_BLOCKS, new long[0]);
        while (!job.step(objects, objects, 1 << 16)) {
            Thread.onSpinWait();
        }
        final IndexEdit edit = job.edit();
        edit.delta().forEach((generation, count) -> {
            final int segment = table.segmentOf(generation);
            if (segment >= 0) {
                table.addTableRefs(segment, Math.toIntExact(count));
                table.addMemRefs(segment, -Math.toIntExact(count));
            }
        });
        final GenerationCounts blocks = new GenerationCounts();
        for (final Table each : edit.added()) {
            each.countBlocks(blocks, 1);
        }
        blocks.forEach((generation, count) -> table.addTableRefs(table.segmentOf(generation), Math.toIntExact(count)));
        return before.withFrozen(memtable).withEdit(edit);
    }

    /** Two segments for each stream: one to write, one announced behind it. */
    private static Place[] announceStreams(final SegmentTable table, final SyncObjectStore objects) {
        final Place[] places = new Place[4];
        for (int i = 0; i < places.length; i++) {
            final int segment = objects.announce(i / 2 == 0 ? SegmentPurpose.USER : SegmentPurpose.RELOCATION);
            places[i] = new Place(table.generation(segment), segment, 1);
        }
        return places;
    }

    private static SessionTable retainLive(final SessionTable sessions, final SegmentTable table, final long own) {
        SessionTable kept = sessions;
        for (int i = sessions.size() - 1; i >= 0; i--) {
            boolean live = sessions.id(i) == own;
            for (int segment = 0; segment < table.segmentCount() && !live; segment++) {
                live = table.state(segment) != SegmentState.FREE && table.generation(segment) != 0
                    && table.session(segment) == sessions.id(i);
            }
            if (!live) {
                kept = kept.without(sessions.id(i));
            }
        }
        return kept;
    }

    private static void countCheckpoint(final SegmentTable table, final PageDirectory previous,
        final PageDirectory current) {
        if (previous == null) {
            current.forEachBlock((generation, count) -> table.addMemRefs(table.segmentOf(generation), count));
        } else {
            previous.forEachDifference(current, (generation, count) -> table.addMemRefs(table.segmentOf(generation),
                count));
        }
    }

    private static long[] generations(final Place[] places) {
        final long[] result = new long[places.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = places[i].generation();
        }
        return result;
    }

    private static int[] segments(final Place[] places) {
        final int[] result = new int[places.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = places[i].segment();
        }
        return result;
    }

    private static int[] slots(final Place[] places) {
        final int[] result = new int[places.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = places[i].slot();
        }
        return result;
    }
}

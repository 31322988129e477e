package io.ringvault.disk.engine;

import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.CheckpointSnapshot;
import io.ringvault.log.PageDirectory;
import io.ringvault.log.SessionTable;
import io.ringvault.lsm.IndexEdit;
import io.ringvault.lsm.IndexVersion;
import io.ringvault.lsm.Memtable;
import java.util.Set;

/**
 * What the data agent and the index agent tell each other. One message per memtable, table or checkpoint, never per
 * block.
 */
final class IndexMessages {

    private IndexMessages() {
    }

    // ---- data agent to index agent

    /** Write this frozen memtable as a table. */
    record Flush(Memtable frozen) {
    }

    /** An open segment for objects. */
    record Grant(int segment, long generation) {
    }

    /** No segment can be granted now; ask again. */
    record GrantRefused() {
    }

    /** The edit is in the chain; this is the index from now on. */
    record EditSealed(IndexEdit edit, IndexVersion version) {
    }

    /** Write this checkpoint; its commit is durable. Pages and tables in sparse generations are moved out of them. */
    record WriteCheckpoint(CheckpointSnapshot snapshot, ReplayPoint replay, long snapshotNumber, boolean clean,
                           Set<Long> sparseGenerations) {
    }

    /**
     * The superblock slot may be written; the anchor stands still at this value (null: no anchor). With a session both
     * slots are written, and name it.
     */
    record SlotPermission(AnchorValue lastAnchored, long engineCommits, SessionIdentity session, int keyNumber) {
    }

    /** Begin no merge until told; answer when none is under way. */
    record PauseMerges() {
    }

    /** Merges may begin again. */
    record ResumeMerges() {
    }

    /** No block more under the old session: its object segments end, what comes is sealed under this one. */
    record BeginSession(SessionIdentity session, SessionTable sessions, VolumeKey volumeKey) {
    }

    /** Write both header copies, one after the other. */
    record WriteHeader(byte[] block) {
    }

    /** These sessions are all that is left; the keys of others are forgotten. */
    record ForgetOtherSessions(SessionTable sessions) {
    }

    /** Merge until every count is exact. */
    record ForceCompaction() {
    }

    // ---- index agent to data agent

    /** The index writer needs a segment; {@code urgent} for a flush or a checkpoint, without which no space returns. */
    record SegmentWanted(boolean urgent) {
    }

    /** The objects that the edit names are on the device and flushed: it may be sealed (protocol rule 15). */
    record EditReady(IndexEdit edit) {
    }

    /** Nothing more is written to the object segment, and every object that lies in it is known to the data agent. */
    record SegmentFinished(int segment, int endSlot) {
    }

    /** The checkpoint's blocks are on the device and flushed. */
    record CheckpointWritten() {
    }

    /** The slot names the checkpoint. */
    record CheckpointPublished(int slot, long snapshotNumber, long replayFrom, PageDirectory directory, boolean clean) {
    }

    /** No merge is under way, and none begins. */
    record MergesPaused() {
    }

    /** The session has begun, or the header is written: what was asked for last during a roll. */
    record RollAnswer() {
    }

    /** Forced compaction has ended. */
    record CompactionDone() {
    }

    /** Something failed for good; the volume is poisoned. */
    record Failed(String reason) {
    }
}

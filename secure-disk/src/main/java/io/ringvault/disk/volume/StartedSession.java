package io.ringvault.disk.volume;

import io.ringvault.disk.engine.ReplayPoint;
import io.ringvault.disk.engine.SessionIdentity;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.CommitId;
import io.ringvault.log.PageDirectory;
import io.ringvault.log.Place;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionTable;
import io.ringvault.log.Superblock;
import io.ringvault.lsm.IndexVersion;
import java.util.BitSet;

/**
 * A session whose both slots are on the device: everything that the agents start from.
 *
 * @param identity       session id, salt, volume id
 * @param anchored       what this open advanced the anchor to; null without one. Never read again: another opener's
 *                       value must make the next advance fail
 * @param current        the newest slot
 * @param rawA           slot A as written
 * @param rawB           slot B as written
 * @param table          segments; the streams' are ANNOUNCED
 * @param sessions       sessions with live segments
 * @param index          all records are in tables
 * @param directory      of the checkpoint just written
 * @param nextGeneration to be given next
 * @param nextTableId    to be given next
 * @param base           the commit that the session builds on
 * @param replayPoint    where the first chunk goes
 * @param streams        user segment and successor, relocation segment and successor
 * @param lately         segments that the session before was writing: not reused before two checkpoints
 */
public record StartedSession(SessionIdentity identity, AnchorValue anchored, Superblock current, byte[] rawA,
                             byte[] rawB, SegmentTable table, SessionTable sessions, IndexVersion index,
                             PageDirectory directory, long nextGeneration, long nextTableId, CommitId base,
                             ReplayPoint replayPoint, Place[] streams, BitSet lately) {

    StartedSession withAnchored(final AnchorValue value) {
        return new StartedSession(identity, value, current, rawA, rawB, table, sessions, index, directory,
            nextGeneration, nextTableId, base, replayPoint, streams, lately);
    }
}

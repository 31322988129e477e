package io.ringvault.disk.volume;

import io.ringvault.log.AnchorValue;
import io.ringvault.log.CommitId;
import io.ringvault.log.PageDirectory;
import io.ringvault.log.RecoveredLog;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SessionKeys;
import io.ringvault.lsm.IndexVersion;
import io.ringvault.lsm.Memtable;
import java.util.BitSet;

/**
 * The last committed state S_c in memory: what recovery found, replayed.
 *
 * @param log       what recovery decided
 * @param table     segments as of S_c; nothing OPEN or ANNOUNCED is left
 * @param keys      of all sessions with live segments
 * @param index     tables as of S_c
 * @param memtable  the replayed records, newer than all tables
 * @param directory of the checkpoint that was loaded
 * @param lately    segments that the dead session was writing
 * @param anchor    what the anchor held when it was accepted; null without one
 * @param levelSlots the slots name two checkpoints: both must name the one in use before anything else is written
 * @param nextTableId above every table id ever sealed as far as S_c knows
 */
public record VolumeState(RecoveredLog log, SegmentTable table, SessionKeys keys, IndexVersion index, Memtable memtable,
                          PageDirectory directory, long nextTableId, BitSet lately, AnchorValue anchor,
                          boolean levelSlots) {

    /** The commit that this is the state of. */
    public CommitId commit() {
        return log.commit();
    }
}

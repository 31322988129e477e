package io.ringvault.log;

import java.util.List;

/**
 * The state as of a checkpoint's commit.
 *
 * @param table           the segment table. Segments that hold blocks of the checkpoint itself are in it even when they
 *                        were opened after the snapshot (then CLOSED, purpose OBJECT); their blocks are not counted in
 *                        it
 * @param sessions        sessions with live segments, the slot's own included
 * @param manifest        tables in the index's order
 * @param directory       where the checkpoint's blocks lie
 * @param commit          that this is the state of
 * @param nextGeneration  above every generation in the checkpoint
 * @param nextTableId     above every table id in the manifest
 * @param userBlocksInUse a hint
 */
public record LoadedCheckpoint(SegmentTable table, SessionTable sessions, List<ManifestEntry> manifest,
        PageDirectory directory,
                               CommitId commit, long nextGeneration, long nextTableId, long userBlocksInUse) {
}

package io.ringvault.log;

import java.util.List;

/**
 * What recovery decided: the last committed state of the volume and what leads to it. Replaying {@link #chunks()} onto
 * {@link #checkpoint()} gives it: records of all of them, edits only of those with a sequence above the checkpoint's
 * commit (protocol rule 11). {@link SegmentReplay} does that for the segment table.
 *
 * @param current        the valid slot with the higher serial
 * @param used           the slot whose checkpoint and chain were followed: {@code current}, or the other one of the
 *                       same session
 * @param checkpoint     state as of {@code used.base()}
 * @param chunks         replay-from .. commit, in order; nothing behind the commit
 * @param commit         the commit that is recovered (S_c)
 * @param announced      every segment life named as the place of a next chunk or of objects, by the slot, any walked
 *                       chunk, or an authentic summary behind the end: late writes of the dead session may still land
 *                       there, so a new session quarantines them
 * @param nextGeneration above every generation that the checkpoint or any authentic summary named
 * @param walkedTo       sequence of the last chunk whose summary was found
 * @param floor          chunks up to here were durable for certain
 * @param epochsBehind   committed epochs found behind {@code commit} and not served (a read-only open stops at the
 *                       anchor)
 * @param warnings       what the user should know, in sentences
 */
public record RecoveredLog(Superblock current, Superblock used, LoadedCheckpoint checkpoint, List<WalkedChunk> chunks,
                           CommitId commit, List<Place> announced, long nextGeneration, long walkedTo, long floor,
                           long epochsBehind, List<String> warnings) {

    /** Whether the current slot's checkpoint was damaged and the other slot's was used. */
    public boolean otherSlotUsed() {
        return used != current;
    }
}

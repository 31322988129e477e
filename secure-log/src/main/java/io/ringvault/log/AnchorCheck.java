package io.ringvault.log;

import io.ringvault.block.StorageException;
import java.util.List;

/**
 * Whether a volume is the one that its anchor remembers (protocol rule 28). Pure; any thread.
 *
 * <p>An anchor only ever advances to a commit at or after the newest published checkpoint's, and a slot records what
 * the anchor held when it was written. So an honest volume shows one of three things: the anchor equals what the slot
 * recorded, it equals the base commit, or the walk met it. Sessions are not compared: an open that crashed may have
 * moved the anchor to the same commit under its own session id already.
 */
final class AnchorCheck {
    private AnchorCheck() {
    }

    /**
     * The walked commit that the anchor names, or null when it names the base commit or what the slot recorded.
     *
     * @param walked chunks of the walk up to the recovered commit
     * @throws StorageException FRESHNESS: RolledBack or Forked
     */
    static WalkedChunk accept(final AnchorValue anchor, final Superblock current, final Superblock used,
            final List<WalkedChunk> walked, final CommitId commit) {
        boolean epochSeen = false;
        for (final WalkedChunk chunk : walked) {
            if (chunk.isCommit() && chunk.epoch() == anchor.epoch()) {
                if (chunk.tag0() == anchor.tag0() && chunk.tag1() == anchor.tag1()) {
                    return chunk;
                }
                epochSeen = true;
            }
        }
        final AnchorValue last = current.lastAnchored();
        if (current.base().matches(anchor.epoch(), anchor.tag0(), anchor.tag1())
                || used.base().matches(anchor.epoch(), anchor.tag0(), anchor.tag1())
                || last.epoch() == anchor.epoch() && last.tag0() == anchor.tag0() && last.tag1() == anchor.tag1()) {
            return null;
        }
        if (anchor.epoch() > commit.epoch()) {
            throw StorageException.freshness("RolledBack: the anchor says " + anchor
                + ", but the newest commit of this volume is " + commit
                + ". An older copy of the volume was put in its place, or acknowledged writes were "
                + "lost. Nothing was written; find the newer copy");
        }
        if (epochSeen || anchor.epoch() == commit.epoch() || anchor.epoch() == current.base().epoch()
                || anchor.epoch() == last.epoch() || anchor.epoch() > last.epoch()) {
            throw StorageException.freshness("Forked: the anchor says " + anchor
                + ", but the history of this volume, up to " + commit
                + ", does not contain that commit. Two copies of the volume went different ways. "
                + "Nothing was written; find the copy that was used last with this anchor");
        }
        throw StorageException.freshness("RolledBack: the anchor says " + anchor
            + ", which is older than what this volume saw in it ("
            + last + "). An older copy of the anchor was put in its place. Nothing was written; find the newer anchor");
    }
}

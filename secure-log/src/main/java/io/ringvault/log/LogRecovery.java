package io.ringvault.log;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.VolumeKey;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the last committed state of a volume (protocol rules 24 to 29). A pure function of the image and the anchor:
 * it writes nothing and keeps nothing, so doing it again, also after a crash in the middle of an open, gives the same
 * answer.
 *
 * <p>What ends the log: the first place where no summary opens with the next sequence and the previous tag. Whether
 * that is a torn tail or damage is decided by evidence that cannot be forged: base commits of valid slots, durable
 * marks in authentic summaries (also of those behind the end), and the anchor. Up to that floor nothing is ever cut; a
 * bad data block there stays an error of that block. A complete cut behind the newest evidence cannot be told from a
 * crash without an anchor.
 *
 * <p>Control plane, one thread; reads in large pieces; allocates freely.
 */
public final class LogRecovery {
    /** A writer never runs further than this beyond its durable mark, so later evidence lies within it. */
    public static final long DEFAULT_WINDOW_BYTES = 32L << 20;

    private final BlockSource source;
    private final Geometry geometry;
    private final BlockSealer sealer;
    private final Superblocks superblocks;
    private final AnchorValue anchor;
    private final boolean readOnly;
    private final int windowBlocks;
    private final SessionKeys keys;
    private final Superblock current;
    private final List<String> warnings = new ArrayList<>();
    private Superblock used;
    private boolean adopting;

    private LogRecovery(final BlockSource source, final Geometry geometry, final BlockSealer sealer,
            final Superblocks superblocks,
            final AnchorValue anchor, final boolean readOnly, final long windowBytes, final SessionKeys keys) {
        this.source = source;
        this.geometry = geometry;
        this.sealer = sealer;
        this.superblocks = superblocks;
        this.anchor = anchor;
        this.readOnly = readOnly;
        this.keys = keys;
        windowBlocks = (int) Math.min(Integer.MAX_VALUE, windowBytes / Geometry.BLOCK_BYTES);
        current = superblocks.current();
        used = current;
    }

    /**
     * {@link #recover(BlockSource, Geometry, VolumeKey, Header, Superblocks, BlockSealer, AnchorValue, boolean,
     * long)} with the default.
     */
    public static RecoveredLog recover(final BlockSource source, final Geometry geometry, final VolumeKey volumeKey,
            final Header header, final Superblocks superblocks, final BlockSealer sealer,
            final AnchorValue anchorOrNull,
            final boolean readOnly) {
        return recover(source, geometry, volumeKey, header, superblocks, sealer, anchorOrNull, readOnly,
            DEFAULT_WINDOW_BYTES);
    }

    /**
     * Decides what the volume's state is.
     *
     * @param anchorOrNull what the anchor holds; null where there is none
     * @param readOnly     stop at the anchored commit (rule 29) instead of the newest one
     * @param windowBytes  how far behind the end evidence of damage is looked for (the writer's W)
     * @throws StorageException INTEGRITY (damage, naming the place) or FRESHNESS (AnchorMissing, RolledBack, Forked)
     */
    public static RecoveredLog recover(final BlockSource source, final Geometry geometry, final VolumeKey volumeKey,
            final Header header, final Superblocks superblocks, final BlockSealer sealer,
            final AnchorValue anchorOrNull,
            final boolean readOnly, final long windowBytes) {
        final SessionKeys keys = new SessionKeys(volumeKey, header.volumeId(), sealer.aead(), SessionTable.EMPTY);
        try {
            return new LogRecovery(source, geometry, sealer, superblocks, anchorOrNull, readOnly, windowBytes,
                keys).recover();
        } finally {
            keys.destroy();
        }
    }

    /**
     * As {@link #recover}, for the one who has decided to override the anchor: the newest commit of the image,
     * whatever the anchor holds.
     *
     * @throws StorageException INTEGRITY
     */
    public static RecoveredLog recoverForAdoption(final BlockSource source, final Geometry geometry,
            final VolumeKey volumeKey, final Header header, final Superblocks superblocks, final BlockSealer sealer,
            final long windowBytes) {
        final SessionKeys keys = new SessionKeys(volumeKey, header.volumeId(), sealer.aead(), SessionTable.EMPTY);
        try {
            final LogRecovery recovery = new LogRecovery(source, geometry, sealer, superblocks, null, false,
                windowBytes, keys);
            recovery.adopting = true;
            return recovery.recover();
        } finally {
            keys.destroy();
        }
    }

    private RecoveredLog recover() {
        if (anchor == null && !adopting && current.anchorKind() != Anchor.KIND_NONE) {
            throw StorageException.freshness("AnchorMissing: this volume requires its freshness anchor, and none "
                + "was given. Nothing was written; name the anchor that was given when the volume was formatted");
        }
        final LoadedCheckpoint checkpoint = loadCheckpoint();
        checkStart();
        final AeadKey key = keys.key(used.sessionId());
        final ChainWalker walker = new ChainWalker(source, geometry, sealer, key);
        final List<WalkedChunk> walked =
            walker.walk(used.replayFrom(), used.replayPrevTag0(), used.replayPrevTag1(), used.candidates());
        final long end = used.replayFrom() - 1 + walked.size();
        checkBase(used, walked);
        checkBase(current, walked);
        walker.scanBehind(end, walked.isEmpty() ? used.candidates() : ChainWalker.places(walked.getLast().summary()),
            windowBlocks);
        final long floor = floor(walked, walker, end);
        final long keepTo = cut(walked, floor, key);

        WalkedChunk last = null;
        for (final WalkedChunk chunk : walked) {
            last = chunk.isCommit() && chunk.sequence() <= keepTo ? chunk : last;
        }
        final CommitId newest = last == null ? used.base() : last.commit();
        final CommitId commit = freshest(walked, newest);
        final int kept = (int) (commit.sequence() - used.replayFrom() + 1);
        final long behind = walked.subList(kept, walked.size()).stream()
            .filter(chunk -> chunk.isCommit() && chunk.sequence() <= keepTo).count();
        if (behind > 0) {
            warnings.add("the volume is " + behind
                + " commits ahead of its anchor; a read-only open serves the anchored " + commit);
        }
        return new RecoveredLog(current, used, checkpoint, List.copyOf(walked.subList(0, kept)), commit,
            walker.announced(),
            Math.max(checkpoint.nextGeneration(), walker.highestGeneration() + 1), end, floor, behind,
            List.copyOf(warnings));
    }

    /**
     * Rule 24: the current slot's checkpoint, or that of the other slot of the same session, whose chain leads to the
     * same commits.
     */
    private LoadedCheckpoint loadCheckpoint() {
        try {
            return CheckpointLoader.load(source, geometry, sealer, keys, current);
        } catch (final StorageException damaged) {
            final Superblock other = superblocks.other();
            if (damaged.category() != StorageException.Category.INTEGRITY || other == null
                    || other.sessionId() != current.sessionId()) {
                throw damaged;
            }
            used = other;
            try {
                final LoadedCheckpoint older = CheckpointLoader.load(source, geometry, sealer, keys, other);
                warnings.add("the newest checkpoint is damaged (" + damaged.getMessage()
                    + "); the one before it was used");
                return older;
            } catch (final StorageException both) {
                throw new StorageException(both.category(), "both checkpoints are damaged: " + damaged.getMessage()
                    + "; and "
                    + both.getMessage() + ". Nothing was written", both);
            }
        }
    }

    private void checkStart() {
        final CommitId base = used.base();
        final long from = used.replayFrom();
        if (base.sequence() < 0 || from < 1 || from > base.sequence() + 1 || from == base.sequence() + 1
                && (used.replayPrevTag0() != base.tag0() || used.replayPrevTag1() != base.tag1())) {
            throw StorageException.integrity("superblock slot " + (used.which() == 0 ? "A" : "B")
                + " contradicts itself: replay from chunk "
                + from + " onto " + base);
        }
    }

    /** A slot's base commit that the walk passed must be the commit that was walked. */
    private void checkBase(final Superblock slot, final List<WalkedChunk> walked) {
        final long index = slot.base().sequence() - used.replayFrom();
        if (index >= 0 && index < walked.size()) {
            final WalkedChunk chunk = walked.get((int) index);
            if (!chunk.isCommit() || !chunk.commit().equals(slot.base())) {
                throw damaged(chunk + " is not the commit that superblock slot " + (slot.which() == 0 ? "A" : "B")
                    + " names: "
                    + slot.base());
            }
        }
    }

    /** Rules 26 and 27: up to where everything was durable for certain. */
    private long floor(final List<WalkedChunk> walked, final ChainWalker walker, final long end) {
        if (walker.scanMark() > end) {
            throw damaged("chunk " + (end + 1) + " cannot be found, but chunk " + walker.scanSequence()
                + " behind it says that everything "
                + "up to chunk " + walker.scanMark() + " was durable");
        }
        long floor = Math.max(Math.max(current.base().sequence(), used.base().sequence()), walker.scanMark());
        for (final WalkedChunk chunk : walked) {
            floor = Math.max(floor, SummaryCodec.durableMark(chunk.summary()));
            if (anchor != null && chunk.isCommit()
                    && chunk.commit().matches(anchor.epoch(), anchor.tag0(), anchor.tag1())) {
                floor = Math.max(floor, chunk.sequence());
            }
        }
        if (end < floor) {
            throw damaged("chunk " + (end + 1) + " cannot be found, but everything up to chunk " + floor
                + " was durable");
        }
        return floor;
    }

    /** The last chunk before the first one above the floor with a data block that does not verify. */
    private long cut(final List<WalkedChunk> walked, final long floor, final AeadKey key) {
        final ChunkVerifier verifier = new ChunkVerifier(source, geometry, sealer, key);
        try {
            for (final WalkedChunk chunk : walked) {
                final String bad = chunk.sequence() > floor ? verifier.firstBad(chunk) : null;
                if (bad != null) {
                    warnings.add("the log ends before " + chunk + ", which was not written completely (" + bad + ")");
                    return chunk.sequence() - 1;
                }
            }
            return used.replayFrom() - 1 + walked.size();
        } finally {
            verifier.wipe();
        }
    }

    /**
     * Rules 28 and 29: checks the anchor; a read-only open stops at the anchored commit, but not before the
     * checkpoint's.
     */
    private CommitId freshest(final List<WalkedChunk> walked, final CommitId newest) {
        if (anchor == null) {
            return newest;
        }
        final int upTo = (int) (newest.sequence() - used.replayFrom() + 1);
        final WalkedChunk anchored = AnchorCheck.accept(anchor, current, used, walked.subList(0, upTo), newest);
        if (!readOnly) {
            return newest;
        }
        final CommitId published = current.base();
        return anchored == null || anchored.sequence() < published.sequence() ? published : anchored.commit();
    }

    private static StorageException damaged(final String what) {
        return StorageException.integrity("LogDamaged: " + what
            + ". Nothing was written; the newest state that is intact can be opened "
            + "only by a rescue");
    }
}

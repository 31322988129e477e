package io.ringvault.log;

import io.ringvault.crypto.VolumeKey;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * What a superblock slot says: where recovery begins ({@code docs/format.md}, section 4). Immutable.
 *
 * <p>A serial belongs to one slot: even serials lie in slot A, odd ones in slot B. Serials count up by one with each
 * write, so a write never overwrites the current slot, and copies of a slot at the other end of the device do not
 * count.
 *
 * @param serial           counts slot writes
 * @param volumeKeyNumber  of the volume key
 * @param closedCleanly    the session ended in order; nothing follows the base commit
 * @param sessionId        of the session whose chain follows
 * @param sessionSalt      32 bytes
 * @param base             the commit that the checkpoint is the state of
 * @param checkpointRoot   place of the root
 * @param replayFrom       sequence of the first chunk to replay
 * @param replayPrevTag0   tag of the summary before it, first half
 * @param replayPrevTag1   second half
 * @param candidates       1..8 places where chunk {@code replayFrom} can be
 * @param anchorKind       {@link Anchor#KIND_NONE} or the kind required
 * @param anchorId         32 bytes; zero without an anchor
 * @param anchorSpec       where the anchor was last found, a hint; empty without an anchor
 * @param lastAnchored     what the anchor held when this slot was written
 * @param geometry         must equal the header's
 * @param engineCommits    commits that the engine started by itself since format
 * @param previousKeyNumber number of the volume key before this one, which the slot holds while sessions under it have
 *                         live blocks; 0 = none
 * @param anchorTerms      policy and adoptions, for people
 */
public record Superblock(long serial, int volumeKeyNumber, boolean closedCleanly, long sessionId, byte[] sessionSalt,
    CommitId base, Place checkpointRoot, long replayFrom, long replayPrevTag0, long replayPrevTag1,
    List<Place> candidates, int anchorKind, byte[] anchorId, String anchorSpec, AnchorValue lastAnchored,
    Geometry geometry, long engineCommits, int previousKeyNumber, AnchorTerms anchorTerms) {
    /** The most candidate places. */
    public static final int MAX_CANDIDATES = 8;
    /** Length of an anchor id. */
    public static final int ANCHOR_ID_BYTES = 32;
    /** The longest anchor hint in bytes of UTF-8. */
    public static final int MAX_ANCHOR_SPEC_BYTES = 1024;

    public Superblock {
        if (sessionSalt.length != VolumeKey.BYTES || anchorId.length != ANCHOR_ID_BYTES) {
            throw new IllegalArgumentException("salt of " + sessionSalt.length + " bytes, anchor id of "
                + anchorId.length);
        }
        if (candidates.isEmpty() || candidates.size() > MAX_CANDIDATES) {
            throw new IllegalArgumentException(candidates.size() + " candidate places, allowed are 1.."
                + MAX_CANDIDATES);
        }
        if (serial < 0 || anchorSpec.getBytes(StandardCharsets.UTF_8).length > MAX_ANCHOR_SPEC_BYTES) {
            throw new IllegalArgumentException("serial " + serial + ", anchor hint of " + anchorSpec.length()
                + " characters");
        }
        if (previousKeyNumber != 0 && previousKeyNumber != volumeKeyNumber - 1) {
            throw new IllegalArgumentException("volume key " + previousKeyNumber + " does not come before "
                + volumeKeyNumber);
        }
        sessionSalt = sessionSalt.clone();
        anchorId = anchorId.clone();
        candidates = List.copyOf(candidates);
    }

    @Override
    public byte[] sessionSalt() {
        return sessionSalt.clone();
    }

    @Override
    public byte[] anchorId() {
        return anchorId.clone();
    }

    /** The slot that this serial belongs to: 0 for A, 1 for B. */
    public int which() {
        return (int) (serial & 1);
    }

    /** A builder that starts with these values. */
    public Builder toBuilder() {
        return new Builder(geometry).serial(serial).volumeKeyNumber(volumeKeyNumber).closedCleanly(closedCleanly)
            .session(sessionId, sessionSalt).base(base).checkpointRoot(checkpointRoot)
            .replayFrom(replayFrom, replayPrevTag0, replayPrevTag1, candidates).anchor(anchorKind, anchorId, anchorSpec)
            .lastAnchored(lastAnchored).engineCommits(engineCommits).previousKeyNumber(previousKeyNumber)
            .anchorTerms(anchorTerms);
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof Superblock that && serial == that.serial && volumeKeyNumber == that.volumeKeyNumber
            && closedCleanly == that.closedCleanly && sessionId == that.sessionId
            && Arrays.equals(sessionSalt, that.sessionSalt)
            && base.equals(that.base) && checkpointRoot.equals(that.checkpointRoot) && replayFrom == that.replayFrom
            && replayPrevTag0 == that.replayPrevTag0 && replayPrevTag1 == that.replayPrevTag1
            && candidates.equals(that.candidates) && anchorKind == that.anchorKind
            && Arrays.equals(anchorId, that.anchorId)
            && anchorSpec.equals(that.anchorSpec) && lastAnchored.equals(that.lastAnchored)
            && geometry.equals(that.geometry)
            && engineCommits == that.engineCommits && previousKeyNumber == that.previousKeyNumber
            && anchorTerms.equals(that.anchorTerms);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(serial) * 31 + Long.hashCode(sessionId);
    }

    @Override
    public String toString() {
        return "Superblock[serial " + serial + ", session " + sessionId + ", base " + base + ", replay from "
            + replayFrom + (closedCleanly ? ", closed cleanly" : "") + "]";
    }

    /** Collects the fields of a superblock. One thread. */
    public static final class Builder {
        private final Geometry geometry;
        private long serial;
        private int volumeKeyNumber = 1;
        private boolean closedCleanly;
        private long sessionId;
        private byte[] sessionSalt = new byte[VolumeKey.BYTES];
        private CommitId base = new CommitId(0, 0, 0, 0);
        private Place checkpointRoot = Place.NONE;
        private long replayFrom;
        private long replayPrevTag0;
        private long replayPrevTag1;
        private List<Place> candidates = List.of();
        private int anchorKind;
        private byte[] anchorId = new byte[ANCHOR_ID_BYTES];
        private String anchorSpec = "";
        private AnchorValue lastAnchored = new AnchorValue(0, 0, 0, 0);
        private long engineCommits;
        private int previousKeyNumber;
        private AnchorTerms anchorTerms = AnchorTerms.DEFAULT;

        public Builder(final Geometry geometry) {
            this.geometry = geometry;
        }

        public Builder serial(final long value) {
            serial = value;
            return this;
        }

        public Builder volumeKeyNumber(final int value) {
            volumeKeyNumber = value;
            return this;
        }

        public Builder closedCleanly(final boolean value) {
            closedCleanly = value;
            return this;
        }

        public Builder session(final long id, final byte[] salt) {
            sessionId = id;
            sessionSalt = salt;
            return this;
        }

        public Builder base(final CommitId value) {
            base = value;
            return this;
        }

        public Builder checkpointRoot(final Place value) {
            checkpointRoot = value;
            return this;
        }

        public Builder replayFrom(final long sequence, final long prevTag0, final long prevTag1,
            final List<Place> places) {
            replayFrom = sequence;
            replayPrevTag0 = prevTag0;
            replayPrevTag1 = prevTag1;
            candidates = places;
            return this;
        }

        public Builder anchor(final int kind, final byte[] id, final String spec) {
            anchorKind = kind;
            anchorId = id;
            anchorSpec = spec;
            return this;
        }

        public Builder lastAnchored(final AnchorValue value) {
            lastAnchored = value;
            return this;
        }

        public Builder engineCommits(final long value) {
            engineCommits = value;
            return this;
        }

        public Builder previousKeyNumber(final int value) {
            previousKeyNumber = value;
            return this;
        }

        public Builder anchorTerms(final AnchorTerms value) {
            anchorTerms = value;
            return this;
        }

        /** Checks lengths and counts. */
        public Superblock build() {
            return new Superblock(serial, volumeKeyNumber, closedCleanly, sessionId, sessionSalt, base, checkpointRoot,
                replayFrom,
                replayPrevTag0, replayPrevTag1, candidates, anchorKind, anchorId, anchorSpec, lastAnchored, geometry,
                engineCommits, previousKeyNumber, anchorTerms);
        }
    }
}

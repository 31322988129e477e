package io.ringvault.disk.volume;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.RandomSource;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.disk.engine.SessionIdentity;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.CommitId;
import io.ringvault.log.SessionSalt;
import io.ringvault.log.Superblock;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes a volume whose anchor refuses it, or is gone, the valid one (protocol rule 28): a deliberate restore, and the
 * only way to another anchor. The image's newest commit begins a session at an epoch above both the image's and the
 * anchor's, so that every other copy of the volume is refused from then on; what the anchor held is recorded.
 *
 * <p>Order: the anchor that will be required is advanced, then both slots are written, then a given-up anchor is
 * advanced too. A crash before the slots leaves the volume refused as before (or accepted, if it was); running it again
 * goes one epoch further. Control plane.
 */
public final class VolumeAdopter {

    /**
     * What was done, or would be done.
     *
     * @param refusal     what the anchor had against the image; null when it accepted it
     * @param imageEpoch  of the newest commit in the image
     * @param anchorEpoch that the anchor held; -1 when that could not be learned
     * @param newEpoch    at which the volume goes on
     * @param anchor      that is required from now on
     * @param warnings    what the user should know
     */
    public record Result(String refusal, long imageEpoch, long anchorEpoch, long newEpoch, String anchor,
                         List<String> warnings) {
    }

    /** What is known of the anchor that the volume requires now. */
    private record Present(Anchor anchor, AnchorValue value, String refusal) {
    }

    private VolumeAdopter() {
    }

    /**
     * Adopts.
     *
     * @param access    opened by {@link VolumeAccess#openUnanchored}
     * @param spec      where the present anchor is; null: where the volume says
     * @param instance  overrides the spec when not null; closed here
     * @param successor makes the anchor that is required from now on; null: the present one stays
     * @param accepted  false: nothing is written, and what would be lost is refused with
     * @throws StorageException CONFIGURATION when there is nothing to adopt, the risk was not accepted, or the present
     *         anchor cannot stay; INTEGRITY for a damaged image
     */
    public static Result adopt(final VolumeAccess access, final String spec, final Anchor instance,
        final VolumeFormatter.AnchorFactory successor, final boolean accepted, final EngineConfig config,
        final RandomSource random) {
        final Superblock current = access.superblocks.current();
        Present present = new Present(instance, null, null);
        try {
            present = look(access, spec, instance, config.windowBytes);
            check(present, successor, accepted);
            final VolumeState state = VolumeReplay.replayForAdoption(access, config.windowBytes);
            try {
                return begin(access, state, present, current, successor, config, random);
            } finally {
                state.keys().destroy();
                state.memtable().close();
            }
        } finally {
            if (present.anchor != null) {
                present.anchor.close();
            }
        }
    }

    private static Present look(final VolumeAccess access, final String spec, final Anchor instance,
        final long windowBytes) {
        Anchor anchor = instance;
        final AnchorValue value;
        try {
            anchor = access.requiredAnchor(spec, instance);
            value = anchor.read();
        } catch (final StorageException gone) {
            if (gone.category() != StorageException.Category.FRESHNESS
                && gone.category() != StorageException.Category.IO) {
                throw gone;
            }
            return new Present(anchor, null, gone.getMessage());
        }
        try {
            VolumeReplay.check(access, value, windowBytes);
            return new Present(anchor, value, null);
        } catch (final StorageException refused) {
            if (refused.category() != StorageException.Category.FRESHNESS) {
                anchor.close();
                throw refused;
            }
            return new Present(anchor, value, refused.getMessage());
        }
    }

    private static void check(final Present present, final VolumeFormatter.AnchorFactory successor,
        final boolean accepted) {
        if (present.refusal == null && successor == null) {
            throw StorageException.configuration("there is nothing to adopt: the anchor accepts this volume; "
                + "nothing was written. To give the volume another anchor say --new-anchor SPEC");
        }
        if (present.value == null && present.refusal != null && successor == null) {
            throw StorageException.configuration("the anchor cannot stay, since it cannot be read (" + present.refusal
                + "); nothing was written. Say --new-anchor SPEC");
        }
        if (!accepted) {
            throw StorageException.configuration("adopting was not confirmed; nothing was written. "
                + (present.refusal == null ? "The present anchor is given up: copies of the volume from before are no "
                    + "longer told from it by that anchor. "
                    : "The volume is refused: " + present.refusal + ". If you adopt it, everything acknowledged that "
                    + "this image does not hold is given up for ever, and every other copy of the volume is refused. ")
                + "Say --accept-lost-writes if that is what you want");
        }
    }

    private static Result begin(final VolumeAccess access, final VolumeState state, final Present present,
        final Superblock current, final VolumeFormatter.AnchorFactory successor, final EngineConfig config,
        final RandomSource random) {
        final CommitId found = state.commit();
        final AnchorValue held = present.value;
        final List<String> warnings = new ArrayList<>(access.warnings);
        final long seen = Math.max(current.lastAnchored().epoch(), held == null ? 0 : held.epoch());
        final CommitId commit = new CommitId(Math.max(found.epoch(), seen) + 1, found.sequence(), found.tag0(),
            found.tag1());
        final long sessionId = Math.max(Math.max(current.sessionId(), current.lastAnchored().session()),
            held == null ? 0 : held.session()) + 1;
        final AnchorValue anchored = new AnchorValue(sessionId, commit.epoch(), commit.tag0(), commit.tag1());
        access.store.flush();
        final Anchor anchor = successor == null ? present.anchor
            : successor.create(access.volumeKey, access.header.volumeId());
        try {
            final AnchorValue before = successor == null ? held : anchor.read();
            if (before != null && !anchor.advance(before, anchored)) {
                throw StorageException.freshness("the freshness anchor changed while the volume was being adopted: "
                    + "another process has opened it. Nothing was written to the volume");
            }
            final long serial = state.levelSlots() ? SessionStart.level(access, state, null, random)
                : current.serial();
            final byte[] salt = SessionSalt.draw(access.volumeKey, serial + 1, commit.epoch(), random);
            final SessionIdentity session = new SessionIdentity(sessionId, salt, access.header.volumeId());
            final Superblock.Builder slot = current.toBuilder().session(sessionId, salt).closedCleanly(true)
                .anchor(anchor.kind(), anchor.id(), anchor.kind() == Anchor.KIND_NONE ? "" : anchor.spec())
                .lastAnchored(before == null ? new AnchorValue(0, 0, 0, 0) : anchored)
                .anchorTerms(current.anchorTerms().adopted(current.anchorKind(),
                    held == null ? new AnchorValue(0, 0, 0, 0) : held, found.epoch()));
            SessionStart.publish(access.store, access.header, access.volumeKey, access.sealer, state.table(),
                state.keys(), state.index(), state.memtable(), state.directory(), commit, session,
                state.log().nextGeneration(), state.nextTableId(), slot, serial, state.lately(), config,
                random);
            access.store.flush();
            if (successor != null && held != null) {
                giveUp(present.anchor, held, anchored, warnings);
            }
            return new Result(present.refusal, found.epoch(), held == null ? -1 : held.epoch(), commit.epoch(),
                anchor.spec(), List.copyOf(warnings));
        } finally {
            if (successor != null) {
                anchor.close();
            }
        }
    }

    /** The old anchor then refuses the images that required it. */
    private static void giveUp(final Anchor old, final AnchorValue held, final AnchorValue anchored,
        final List<String> warnings) {
        try {
            if (!old.advance(held, anchored)) {
                warnings.add("the anchor that was given up changed meanwhile: another process uses a copy of this "
                    + "volume with it");
            }
        } catch (final StorageException failed) {
            warnings.add("the anchor that was given up could not be told (" + failed.getMessage()
                + "): with it, older images still open");
        }
    }
}

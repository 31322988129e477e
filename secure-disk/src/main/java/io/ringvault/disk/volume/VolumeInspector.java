package io.ringvault.disk.volume;

import io.ringvault.crypto.Secret;
import io.ringvault.disk.engine.AnchorPolicy;
import io.ringvault.log.AnchorTerms;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.Anchors;
import io.ringvault.log.Geometry;
import io.ringvault.log.SegmentState;
import io.ringvault.log.Superblock;
import java.util.LinkedHashMap;
import java.util.Map;

/** Tells what a volume is, in the order in which a person would ask. Reads only; names no secret. Control plane. */
public final class VolumeInspector {

    private VolumeInspector() {
    }

    /** Recovers read-only and describes the state. */
    public static Map<String, Object> inspect(final VolumeAccess access, final long windowBytes) {
        final VolumeState state = VolumeReplay.replay(access, true, windowBytes);
        try {
            return describe(access, state);
        } finally {
            state.keys().destroy();
            state.memtable().close();
        }
    }

    private static Map<String, Object> describe(final VolumeAccess access, final VolumeState state) {
        final Geometry geometry = access.header.geometry();
        final Superblock current = access.superblocks.current();
        final AnchorValue anchored = access.anchor.read();
        final Map<String, Object> info = new LinkedHashMap<>();
        info.put("device", access.device.uri());
        info.put("isolation", access.device.isolation());
        info.put("format", 1L);
        info.put("cipher", "AES-256-GCM");
        info.put("volumeId", access.header.volumeIdText());
        info.put("sizeBytes", geometry.userBlocks() * Geometry.BLOCK_BYTES);
        info.put("deviceBytes", geometry.volumeBlocks() * Geometry.BLOCK_BYTES);
        info.put("segmentBytes", (long) geometry.segmentBytes());
        info.put("segments", (long) geometry.segmentCount());
        info.put("freeSegments", (long) state.table().count(SegmentState.FREE));
        info.put("quarantinedSegments", (long) state.table().count(SegmentState.QUARANTINED));
        info.put("closedCleanly", current.closedCleanly());
        info.put("session", current.sessionId());
        info.put("epoch", state.commit().epoch());
        info.put("sequence", state.commit().sequence());
        info.put("replayedChunks", (long) state.log().chunks().size());
        info.put("epochsBehindServed", state.log().epochsBehind());
        info.put("engineCommits", current.engineCommits());
        info.put("tables", (long) state.index().tables().size());
        info.put("liveSessions", (long) state.keys().sessions().size());
        info.put("keySlots", access.header.keySlots().stream().filter(slot -> slot.state() != 0).count());
        info.put("volumeKey", (long) current.volumeKeyNumber());
        info.put("rotation", current.previousKeyNumber() == 0 && access.nextKey == null ? "none" : "under way");
        info.put("keyMemory", Secret.protection());
        info.put("anchor", current.anchorKind() == 0 ? "none" : current.anchorSpec());
        final AnchorTerms terms = current.anchorTerms();
        final AnchorPolicy policy = switch (terms.policy()) {
            case 1 -> AnchorPolicy.batched(terms.commits(), terms.delayNs());
            case 2 -> AnchorPolicy.ON_CLOSE;
            default -> AnchorPolicy.EVERY_SYNC;
        };
        info.put("anchorPolicy", current.anchorKind() == 0 ? null : policy.toString());
        info.put("anchorExposure", current.anchorKind() == 0 ? "everything: a complete older image opens"
            : policy.exposure());
        info.put("adoptions", (long) terms.adoptions());
        if (terms.adoptions() > 0) {
            info.put("adoptedImageEpoch", terms.adoptedEpoch());
            info.put("adoptedOver", Anchors.kindText(terms.adoptedKind()) + " anchor: " + terms.adoptedOver());
        }
        info.put("anchoredEpoch", anchored == null ? null : (Object) anchored.epoch());
        return info;
    }
}

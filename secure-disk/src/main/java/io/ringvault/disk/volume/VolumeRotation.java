package io.ringvault.disk.volume;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.KdfParameters;
import io.ringvault.crypto.KeySecret;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.disk.engine.SessionRoll;
import io.ringvault.log.Header;
import io.ringvault.log.HeaderCodec;
import io.ringvault.log.KeySlot;
import io.ringvault.log.KeySlots;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Prepares the next volume key of an open volume: draws it, wraps it under the secrets that are given, and makes the
 * two headers of the switch. Control plane.
 *
 * <p>A key slot wraps a volume key, so only slots whose secret is at hand can go on; there is no key above the volume
 * keys, since whoever once had that would have every later volume key too, and the rotation would be worth nothing.
 */
public final class VolumeRotation {
    private final VolumeAccess access;
    private final Header after;
    private final VolumeKey next;
    private final SessionRoll roll;

    private VolumeRotation(final VolumeAccess access, final Header after, final VolumeKey next,
        final SessionRoll roll) {
        this.access = access;
        this.after = after;
        this.next = next;
        this.roll = roll;
    }

    /**
     * Draws and wraps.
     *
     * @param secrets each opens a slot of the present header; that slot goes on
     * @param kdf     for passphrases, or null: as the slot has it (it opened, so its values are the user's own)
     * @param drop    agrees that all other slots are given up
     * @throws StorageException WRONG_KEY for a secret that opens no slot; CONFIGURATION when slots would be given up
     *     and
     *     {@code drop} is false, or a rotation is under way
     */
    public static VolumeRotation prepare(final VolumeAccess access, final List<KeySecret> secrets,
        final KdfParameters kdf, final boolean drop, final RandomSource random) {
        final Header header = access.header;
        final VolumeKey present = access.volumeKey;
        if (present.previous() != null) {
            throw StorageException.configuration("a rotation of the volume key is under way: volume key "
                + present.previous().number() + " still has live blocks. Let it end first");
        }
        final VolumeKey next = VolumeKey.draw(present.number() + 1, random);
        try {
            final List<KeySlot> slots = new ArrayList<>(Collections.nCopies(Header.KEY_SLOTS, KeySlot.NOTHING));
            for (final KeySecret secret : secrets) {
                final KeySlots.Unlocked unlocked = KeySlots.unlock(header, secret);
                unlocked.key().close();
                final KeySlot old = header.keySlots().get(unlocked.slot());
                final KdfParameters cost = kdf != null || !secret.isPassphrase() ? kdf
                    : new KdfParameters(old.memoryKib(), old.iterations(), old.parallelism());
                slots.set(unlocked.slot(), KeySlots.create(secret, cost, next, header.volumeId(), random));
            }
            refuseLoss(header, slots, drop);
            final Header before = header.withVolumeKey(next, slots,
                KeySlots.wrapPrevious(next, present, header.volumeId()));
            final Header after = before.withVolumeKey(next, slots, null);
            next.previous(present);
            return new VolumeRotation(access, after, next, new SessionRoll(next, HeaderCodec.encode(before),
                HeaderCodec.encode(after)));
        } catch (final RuntimeException refused) {
            next.previous(null);
            next.close();
            throw refused;
        }
    }

    private static void refuseLoss(final Header header, final List<KeySlot> slots, final boolean drop) {
        final List<Integer> lost = new ArrayList<>();
        int kept = 0;
        for (int i = 0; i < Header.KEY_SLOTS; i++) {
            final boolean active = header.keySlots().get(i).state() == KeySlot.ACTIVE;
            kept += slots.get(i).state() == KeySlot.ACTIVE ? 1 : 0;
            if (active && slots.get(i).state() != KeySlot.ACTIVE) {
                lost.add(i);
            }
        }
        if (kept == 0) {
            throw StorageException.configuration("no secret was given that could open the volume afterwards");
        }
        if (!lost.isEmpty() && !drop) {
            throw StorageException.configuration("key slots " + lost + " would be lost: their secrets were not given,"
                + " and the new volume key cannot be wrapped without them. Give them, or agree to that by force."
                + " Nothing was changed");
        }
    }

    /** What the engine carries out. */
    public SessionRoll roll() {
        return roll;
    }

    /** Both slots are under the new key. */
    public void done() {
        access.rotated(next, after);
    }

    /** The roll was given up; whether the header names the new key already is for the next open to find out. */
    public void failed() {
        access.alsoClose(next);
    }
}

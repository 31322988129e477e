package io.ringvault.anchor.tpm;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorRecords;
import io.ringvault.log.AnchorTarget;
import io.ringvault.log.AnchorValue;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;

/**
 * An anchor in an ordinary non-volatile index of a TPM 2.0, which holds the whole record, commit tag included: forks
 * are told from rollbacks, which a bare counter could not do. One thread at a time; blocks on the TPM for tens of
 * milliseconds an advance.
 *
 * <p>Compare and swap: the index's secret is HKDF(anchor MAC key, id, <em>ticket</em>). Before its first advance an
 * opener replaces the secret of ticket t by that of t + 1, which only one of several can do, and then reads; from then
 * on it alone can write, with one write an advance. Whoever takes ticket t + 2 shuts it out: its next write is refused,
 * it reads, and finds another value. A record says under which ticket it was written, so an opener finds the secret.
 *
 * <p>Security: the secret never travels in clear after the index was made, and every authorised answer carries a MAC
 * over the caller's nonce. So neither the host between here and the TPM nor whoever holds the TPM's owner password can
 * have an older record accepted: an index that was deleted and made anew does not know the secret. They can delete it.
 * The volume key's holder can write anything. Crash: a write is atomic in the TPM; a ticket taken and not used leaves
 * the value, and the next opener finds the secret a few tickets on.
 */
public final class TpmAnchor implements Anchor {
    /** Tickets that may have been taken in a row without a write. */
    private static final int TICKETS_TRIED = 64;
    private static final int ROUNDS_MAX = 16;
    private static final String SECRET = "ringvault tpm ticket";

    private final TpmAddress address;
    private final AnchorRecords records;
    private final RandomSource random;
    private final byte[] id;
    /** The index's secret is that of this ticket, as far as is known; -1: unknown. */
    private long ticket = -1;
    /** That secret is of the volume key before the newest. */
    private boolean olderKey;
    /** The ticket was taken by this opener. */
    private boolean held;
    /** What the index holds, while it is held; null: unknown. */
    private AnchorValue known;

    private TpmAnchor(final TpmAddress address, final AnchorTarget target, final byte[] id) {
        this.address = address;
        this.records = new AnchorRecords(target.key(), target.volumeId());
        this.random = target.random();
        this.id = id;
    }

    static TpmAnchor create(final TpmAddress address, final AnchorTarget target) {
        final byte[] owner = ownerAuth(address);
        final TpmAnchor anchor = new TpmAnchor(address, target, target.newId());
        try {
            anchor.onIndex("make", index -> {
                final byte[] auth = anchor.secret(0, false);
                index.define(owner, auth);
                index.look();
                index.write(auth, anchor.records.encode(anchor.id, 0, new AnchorValue(0, 0, 0, 0)));
                return null;
            });
            return anchor;
        } catch (final RuntimeException failed) {
            anchor.close();
            throw failed;
        } finally {
            Arrays.fill(owner, (byte) 0);
        }
    }

    static TpmAnchor open(final TpmAddress address, final AnchorTarget target, final byte[] requiredId) {
        final TpmAnchor anchor = new TpmAnchor(address, target, requiredId.clone());
        try {
            anchor.read();
            return anchor;
        } catch (final RuntimeException refused) {
            anchor.close();
            throw refused;
        }
    }

    private static byte[] ownerAuth(final TpmAddress address) {
        if (address.ownerFile() == null) {
            return new byte[0];
        }
        try {
            final byte[] bytes = Files.readAllBytes(address.ownerFile());
            final boolean newline = bytes.length > 0 && bytes[bytes.length - 1] == '\n';
            final byte[] password = Arrays.copyOf(bytes, bytes.length - (newline ? 1 : 0));
            Arrays.fill(bytes, (byte) 0);
            return password;
        } catch (final IOException unreadable) {
            throw new StorageException(StorageException.Category.CONFIGURATION, "cannot read the TPM owner's password: "
                + unreadable, unreadable);
        }
    }

    @Override
    public int kind() {
        return KIND_TPM;
    }

    @Override
    public byte[] id() {
        return id.clone();
    }

    @Override
    public String spec() {
        return address.spec();
    }

    @Override
    public AnchorValue read() {
        return onIndex("read", this::proven);
    }

    @Override
    public boolean advance(final AnchorValue expected, final AnchorValue next) {
        return onIndex("advance", index -> {
            for (int round = 0; round < ROUNDS_MAX; round++) {
                try {
                    if (!expected.equals(held && known != null ? known : proven(index))) {
                        return expected.equals(proven(index)) && write(index, expected, next);
                    }
                    return write(index, expected, next);
                } catch (final TpmException refused) {
                    if (!refused.wrongAuth()) {
                        throw refused;
                    }
                    held = false; // Another opener took a ticket; the value decides.
                    known = null;
                }
            }
            throw new IOException("other openers took the index away " + ROUNDS_MAX + " times in a row");
        });
    }

    private boolean write(final TpmNvIndex index, final AnchorValue expected, final AnchorValue next)
        throws IOException {
        if (!held) {
            final long taken = ticket + 1;
            index.changeAuth(secret(ticket, olderKey), secret(taken, false));
            ticket = taken;
            olderKey = false;
            held = true;
            known = null;
            if (!expected.equals(proven(index))) {
                return false;
            }
        }
        known = null; // Until the answer is here.
        index.write(secret(ticket, false), records.encode(id, ticket, next));
        known = next;
        return true;
    }

    /** The value, read with the secret; finds the ticket if need be. */
    private AnchorValue proven(final TpmNvIndex index) throws IOException {
        if (ticket >= 0) {
            try {
                known = entry(index.read(secret(ticket, olderKey))).value();
                return known;
            } catch (final TpmException refused) {
                if (!refused.wrongAuth()) {
                    throw refused;
                }
                held = false;
                known = null;
            }
        }
        final long from = entry(index.readUnproven()).serial();
        for (long tried = from; tried < from + TICKETS_TRIED; tried++) {
            for (int keys = 0; keys < (records.hasOlder() ? 2 : 1); keys++) {
                try {
                    final AnchorValue value = entry(index.read(secret(tried, keys > 0))).value();
                    ticket = tried;
                    olderKey = keys > 0;
                    return value;
                } catch (final TpmException refused) {
                    if (!refused.wrongAuth()) {
                        throw refused;
                    }
                }
            }
        }
        throw StorageException.freshness("the anchor " + spec() + " was replaced: its record is this volume's, but the "
            + "TPM does not know the secret that goes with it, so that the index was deleted and made anew" + advice());
    }

    private AnchorRecords.Entry entry(final byte[] record) {
        final AnchorRecords.Entry entry = records.decode(record);
        if (entry == null) {
            throw StorageException.freshness(records.claimsOtherVolume(record)
                ? "the anchor " + spec() + " belongs to another volume" + advice()
                : "damaged anchor: the record in " + spec() + " does not verify" + advice());
        }
        if (!Arrays.equals(entry.id(), id)) {
            throw StorageException.freshness("the anchor " + spec()
                + " is an anchor of this volume, but not the one that the volume requires now" + advice());
        }
        return entry;
    }

    private byte[] secret(final long number, final boolean older) {
        return records.secret(SECRET, id, number, older);
    }

    /** The next advance takes a ticket of the new key. */
    @Override
    public void rekey(final VolumeKey key) {
        records.rekey(key);
        olderKey = true;
        held = false;
        known = null;
    }

    /** What is done over one link. */
    private interface Action<T> {
        T on(TpmNvIndex index) throws IOException;
    }

    private <T> T onIndex(final String what, final Action<T> action) {
        try (TpmNvIndex index = new TpmNvIndex(address.connect(), address.index(), AnchorRecords.BYTES, random)) {
            if (!what.equals("make") && !index.look()) {
                throw StorageException.freshness("the anchor " + spec()
                    + " was replaced: the index is not one that Ringvault makes" + advice());
            }
            return action.on(index);
        } catch (final TpmException refused) {
            known = null;
            throw refused(what, refused);
        } catch (final IOException failed) {
            known = null;
            ticket = held ? ticket : -1;
            throw new StorageException(StorageException.Category.IO, "cannot " + what + " the anchor " + spec()
                + ": " + failed, failed);
        }
    }

    private StorageException refused(final String what, final TpmException refused) {
        if (refused.noIndex()) {
            return new StorageException(StorageException.Category.FRESHNESS, "missing anchor: the TPM has no index of "
                + spec() + advice(), refused);
        }
        if (refused.neverWritten()) {
            return new StorageException(StorageException.Category.FRESHNESS, "damaged anchor: the index of " + spec()
                + " was never written" + advice(), refused);
        }
        if (refused.indexExists()) {
            return new StorageException(StorageException.Category.CONFIGURATION, "the TPM has an index " + spec()
                + " already, and it may belong to another volume; choose another, or delete it if no volume needs it "
                + "(tpm2_nvundefine)", refused);
        }
        if (what.equals("make") && refused.wrongAuth()) {
            return new StorageException(StorageException.Category.CONFIGURATION, "the TPM's owner has a password, and "
                + "it was not given or is another one; say " + TpmAnchorProvider.FORM, refused);
        }
        return new StorageException(StorageException.Category.IO, "cannot " + what + " the anchor " + spec() + ": "
            + refused.getMessage(), refused);
    }

    private static String advice() {
        return ": whether the volume is the newest cannot be told. Nothing was written; 'ringvault adopt' gives up "
            + "what cannot be told";
    }

    /** Zeroes the MAC key. The index stays. Idempotent. */
    @Override
    public void close() {
        records.destroy();
    }
}

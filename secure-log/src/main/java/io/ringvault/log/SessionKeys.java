package io.ringvault.log;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.Aead;
import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.VolumeKey;
import java.util.Arrays;

/**
 * The AEAD keys of sessions, derived when first asked for, for one thread's {@link Aead}. A look-up that was made
 * before costs a multiplication and a comparison, and allocates nothing.
 *
 * <p>One thread. {@link #destroy()} zeroes every key.
 */
public final class SessionKeys {
    private VolumeKey volumeKey;
    private final byte[] volumeId;
    private final Aead aead;
    private SessionTable sessions;

    /** Open addressing, a power of two, at most half full; a slot is free when its key is null. */
    private long[] ids = new long[16];
    private AeadKey[] keys = new AeadKey[16];
    private int size;

    public SessionKeys(final VolumeKey volumeKey, final byte[] volumeId, final Aead aead, final SessionTable sessions) {
        this.volumeKey = volumeKey;
        this.volumeId = volumeId.clone();
        this.aead = aead;
        this.sessions = sessions;
    }

    /** The session's key, or null when neither derived nor in the table. */
    public AeadKey key(final long session) {
        int at = home(session, ids.length);
        while (keys[at] != null) {
            if (ids[at] == session) {
                return keys[at];
            }
            at = at + 1 & ids.length - 1;
        }
        return derive(session);
    }

    /** Sessions come and go: later look-ups use this table. Keys already derived stay. */
    public void sessions(final SessionTable table) {
        sessions = table;
    }

    /** The volume key was rotated: keys that are not derived yet come from this one or the one before it. */
    public void volumeKey(final VolumeKey key) {
        volumeKey = key;
    }

    /** Zeroes the keys of sessions that are no longer in the table. The thread of the cipher. */
    public void forgetOthers() {
        final long[] oldIds = ids;
        final AeadKey[] oldKeys = keys;
        ids = new long[oldIds.length];
        keys = new AeadKey[oldIds.length];
        size = 0;
        for (int i = 0; i < oldIds.length; i++) {
            if (oldKeys[i] == null) {
                continue;
            }
            if (sessions.indexOf(oldIds[i]) >= 0) {
                put(oldIds[i], oldKeys[i]);
                size++;
            } else {
                oldKeys[i].destroy();
            }
        }
        aead.forgetKeys();
    }

    /** The table in use. */
    public SessionTable sessions() {
        return sessions;
    }

    /** Zeroes all keys; none can be derived again until {@link #sessions(SessionTable)}. */
    public void destroy() {
        for (final AeadKey key : keys) {
            if (key != null) {
                key.destroy();
            }
        }
        Arrays.fill(keys, null);
        size = 0;
        sessions = SessionTable.EMPTY;
        aead.forgetKeys();
    }

    private AeadKey derive(final long session) {
        final int index = sessions.indexOf(session);
        if (index < 0) {
            return null;
        }
        final VolumeKey owner = volumeKey.byNumber(sessions.volumeKeyNumber(index));
        if (owner == null) {
            throw StorageException.integrity("session " + session + " is sealed under volume key number "
                + sessions.volumeKeyNumber(index) + ", but number " + volumeKey.number() + " was unlocked"
                + (volumeKey.previous() == null ? "" : " with the one before it"));
        }
        final byte[] bytes = owner.sessionKey(volumeId, session, sessions.salt(index));
        final AeadKey key;
        try {
            key = aead.importKey(bytes);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
        if (2 * (size + 1) > ids.length) {
            grow();
        }
        put(session, key);
        size++;
        return key;
    }

    private void grow() {
        final long[] oldIds = ids;
        final AeadKey[] oldKeys = keys;
        ids = new long[oldIds.length * 2];
        keys = new AeadKey[oldIds.length * 2];
        for (int i = 0; i < oldIds.length; i++) {
            if (oldKeys[i] != null) {
                put(oldIds[i], oldKeys[i]);
            }
        }
    }

    private void put(final long session, final AeadKey key) {
        int at = home(session, ids.length);
        while (keys[at] != null) {
            at = at + 1 & ids.length - 1;
        }
        ids[at] = session;
        keys[at] = key;
    }

    private static int home(final long session, final int length) {
        return (int) (session * 0x9E3779B97F4A7C15L >>> 64 - Integer.numberOfTrailingZeros(length));
    }
}

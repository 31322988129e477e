package io.ringvault.disk.engine;

import io.ringvault.crypto.VolumeKey;
import java.util.concurrent.CountDownLatch;

/**
 * A roll that somebody asked for: the running session ends and the next begins, under the same volume key or a new one
 * (protocol rules 7 and 48). Made by the control plane, carried out by the data agent, awaited by any thread.
 */
public final class SessionRoll {
    final VolumeKey key;
    final byte[] headerBefore;
    final byte[] headerAfter;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile String failure;

    /** Under the same volume key. */
    public SessionRoll() {
        this(null, null, null);
    }

    /**
     * Under a new volume key.
     *
     * @param key          holds the present one as the one before
     * @param headerBefore header block that wraps both; written before anything is sealed under the new key
     * @param headerAfter  header block that wraps the new one alone; written when both slots are under it
     */
    public SessionRoll(final VolumeKey key, final byte[] headerBefore, final byte[] headerAfter) {
        this.key = key;
        this.headerBefore = headerBefore;
        this.headerAfter = headerAfter;
    }

    void end(final String reason) {
        failure = reason;
        ended.countDown();
    }

    /** Whether it has ended, well or not. */
    public boolean ended() {
        return ended.getCount() == 0;
    }

    /** Why it was given up; null when it was not. */
    public String failure() {
        return failure;
    }
}

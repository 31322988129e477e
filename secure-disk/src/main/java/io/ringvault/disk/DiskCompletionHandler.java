package io.ringvault.disk;

/** Receives completions from {@link DiskClient#poll}, on the polling thread. */
@FunctionalInterface
public interface DiskCompletionHandler {
    /**
     * A request has ended; its buffer is the caller's again.
     *
     * @param token  as given at submission
     * @param status {@link io.ringvault.ring.OpStatus}
     */
    void onCompletion(long token, int status);
}

package io.ringvault.block;

/** Receives completions during {@link BlockQueue#poll}, on the queue's owner thread. */
@FunctionalInterface
public interface BlockCompletionHandler {

    /**
     * One request has ended.
     *
     * @param token  as given at submission
     * @param status {@link BlockStatus#OK}, or an error code to be read with {@link BlockStatus}
     */
    void onCompletion(long token, int status);
}

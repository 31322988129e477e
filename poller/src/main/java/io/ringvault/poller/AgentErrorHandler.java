package io.ringvault.poller;

/** Told of everything an agent throws, on the agent's thread; the agent goes on with its next duty cycle. */
@FunctionalInterface
public interface AgentErrorHandler {

    /**
     * {@code roleName} is the agent's. What this throws itself ends the agent in a threaded mode, and reaches the
     * caller otherwise.
     */
    void onError(String roleName, Throwable thrown);
}

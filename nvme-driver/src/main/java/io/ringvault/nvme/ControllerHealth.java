package io.ringvault.nvme;

/**
 * What happened to a controller since it was opened.
 *
 * @param resets    completed resets, each with its queues rebuilt and its commands sent again
 * @param aborts    commands that the controller was asked to abort
 * @param events    asynchronous events by type 0..7, see {@link io.ringvault.nvme.spec.AsyncEvent}
 * @param lastReset why the last reset was made; empty without one
 * @param failure   why the controller was given up; empty while it works
 */
public record ControllerHealth(long resets, long aborts, long[] events, String lastReset, String failure) {
}

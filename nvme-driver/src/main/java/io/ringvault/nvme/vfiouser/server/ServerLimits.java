package io.ringvault.nvme.vfiouser.server;

/**
 * What a server grants its clients.
 *
 * @param helloMs           how long a new client may take for its VERSION message
 * @param messageMs         how long a message may take from its first byte to its last, and a reply to be taken
 * @param mappableDoorbells whether the doorbell page is passed to clients; otherwise they ring by messages
 */
public record ServerLimits(long helloMs, long messageMs, boolean mappableDoorbells) {
    /** Five seconds for each, doorbells are mapped. */
    public static final ServerLimits DEFAULTS = new ServerLimits(5_000, 5_000, true);
}

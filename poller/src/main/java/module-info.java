/** Agents on threads: threading modes, idle strategies, blocking workers. */
module io.ringvault.poller {
    requires io.ringvault.sys;
    requires transitive io.ringvault.ring;

    exports io.ringvault.poller;
}

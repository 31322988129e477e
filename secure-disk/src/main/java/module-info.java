/** The secure disk: public API, data agent, index agent. */
module io.ringvault.disk {
    requires io.ringvault.sys;
    requires transitive io.ringvault.ring;
    requires io.ringvault.nvme;
    requires transitive io.ringvault.log;
    requires transitive io.ringvault.lsm;
    requires transitive io.ringvault.poller;

    exports io.ringvault.disk;
    exports io.ringvault.disk.engine;

    provides io.ringvault.crypto.SecretPages with io.ringvault.disk.LockedPages;
}

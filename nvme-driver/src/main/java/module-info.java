/** The user-space NVMe driver, its transports and the controller model. */
module io.ringvault.nvme {
    requires io.ringvault.sys;
    requires transitive io.ringvault.ring;

}

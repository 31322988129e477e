/** The user-space NVMe driver, its transports and the controller model. */
module io.ringvault.nvme {
    requires io.ringvault.sys;
    requires transitive io.ringvault.ring;

    exports io.ringvault.nvme;
    exports io.ringvault.nvme.model;
    exports io.ringvault.nvme.spec;
    exports io.ringvault.nvme.vfio;
    exports io.ringvault.nvme.vfiouser;
    exports io.ringvault.nvme.vfiouser.server;

    provides io.ringvault.block.BlockDeviceProvider with io.ringvault.nvme.model.NvmeModelProvider,
        io.ringvault.nvme.vfio.VfioProvider, io.ringvault.nvme.vfiouser.VfioUserProvider;
}

/** Rings, pools and the block device port. */
module io.ringvault.ring {
    requires transitive org.agrona;

    exports io.ringvault.block;
    exports io.ringvault.device;
    exports io.ringvault.ring;

    uses io.ringvault.block.BlockDeviceProvider;

    provides io.ringvault.block.BlockDeviceProvider
        with io.ringvault.device.MemoryDeviceProvider, io.ringvault.device.FileDeviceProvider;
}

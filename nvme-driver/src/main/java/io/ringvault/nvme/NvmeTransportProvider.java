package io.ringvault.nvme;

import io.ringvault.block.BlockDeviceProvider;
import io.ringvault.block.DeviceUri;

/**
 * A provider whose devices are NVMe controllers: its controllers can also be reached for admin commands alone, see
 * {@link NvmeAdmin}. Control plane only.
 */
public interface NvmeTransportProvider extends BlockDeviceProvider {

    /**
     * Reaches a controller without bringing it up: nothing on it has changed yet.
     *
     * @throws io.ringvault.block.StorageException CONFIGURATION for a bad URI or a controller in use, IO when it cannot
     *                                             be reached
     */
    NvmeTransport openTransport(DeviceUri uri);
}

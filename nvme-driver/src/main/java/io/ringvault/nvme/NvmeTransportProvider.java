package io.ringvault.nvme;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDeviceProvider;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;

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

    /** {@inheritDoc} What the URI says to the driver is checked before the controller is touched. */
    @Override
    default BlockDevice open(final DeviceUri uri, final OpenMode mode) {
        final NvmeOptions options = NvmeOptions.parse(uri);
        return NvmeBlockDevice.open(uri.text(), openTransport(uri), mode, options);
    }

    @Override
    default boolean creatable() {
        return false;
    }
}

package io.ringvault.nvme.vfio;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeOptions;
import io.ringvault.nvme.NvmeTransport;
import io.ringvault.nvme.NvmeTransportProvider;

/**
 * Opens {@code nvme:0000:BB:DD.F[?ns=N&iommu=any|type1|iommufd|none-all-memory-exposed]}. Control plane only.
 */
public final class VfioProvider implements NvmeTransportProvider {

    @Override
    public String scheme() {
        return "nvme";
    }

    @Override
    public BlockDevice open(final DeviceUri uri, final OpenMode mode) {
        final NvmeOptions driver = NvmeOptions.parse(uri);
        return NvmeBlockDevice.open(uri.text(), VfioTransport.open(VfioOptions.parse(uri), VfioHost.machine()), mode,
            driver);
    }

    @Override
    public NvmeTransport openTransport(final DeviceUri uri) {
        return VfioTransport.open(VfioOptions.parse(uri), VfioHost.machine());
    }

    @Override
    public boolean creatable() {
        return false;
    }

    @Override
    public void create(final DeviceUri uri, final long sizeBytes) {
        throw StorageException.configuration("device '" + uri.text()
            + "': a controller's namespace has the size that it has; leave --size out");
    }
}

package io.ringvault.nvme.vfio;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.StorageException;
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
    public NvmeTransport openTransport(final DeviceUri uri) {
        return VfioTransport.open(VfioOptions.parse(uri), VfioHost.machine());
    }

    @Override
    public void create(final DeviceUri uri, final long sizeBytes) {
        throw StorageException.configuration("device '" + uri.text()
            + "': a controller's namespace has the size that it has; leave --size out");
    }
}

package io.ringvault.nvme.vfiouser;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeTransport;
import io.ringvault.nvme.NvmeTransportProvider;

/** {@code nvme+vfio-user:DIR}: the driver over a vfio-user server. See {@link VfioUserOptions} for the parameters. */
public final class VfioUserProvider implements NvmeTransportProvider {

    /** For {@link java.util.ServiceLoader}. */
    public VfioUserProvider() {
    }

    @Override
    public String scheme() {
        return "nvme+vfio-user";
    }

    @Override
    public NvmeTransport openTransport(final DeviceUri uri) {
        return VfioUserTransport.open(uri);
    }

    @Override
    public void create(final DeviceUri uri, final long sizeBytes) {
        throw StorageException.configuration("device '" + uri.text()
            + "' has the size that its server gives it; start the server with another size");
    }
}

package io.ringvault.nvme.model;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeBlockDevice;
import io.ringvault.nvme.NvmeOptions;
import io.ringvault.nvme.NvmeTransport;
import io.ringvault.nvme.NvmeTransportProvider;
import java.nio.file.Path;

/**
 * {@code nvme+model:/path/image?block=4096&mdts=1m&queues=16&mqes=1024&dstrd=0&cache=0&mode=thread&fua=range}: the
 * driver over the in-process controller model. See {@link ModelOptions} for the parameters.
 */
public final class NvmeModelProvider implements NvmeTransportProvider {

    /** For {@link java.util.ServiceLoader}. */
    public NvmeModelProvider() {
    }

    @Override
    public String scheme() {
        return "nvme+model";
    }

    @Override
    public BlockDevice open(final DeviceUri uri, final OpenMode mode) {
        checkPath(uri);
        final NvmeOptions options = NvmeOptions.parse(uri);
        return NvmeBlockDevice.open(uri.text(), ModelTransport.open(uri, mode), mode, options);
    }

    @Override
    public NvmeTransport openTransport(final DeviceUri uri) {
        checkPath(uri);
        return ModelTransport.open(uri, OpenMode.READ_WRITE);
    }

    @Override
    public boolean creatable() {
        return true;
    }

    @Override
    public void create(final DeviceUri uri, final long sizeBytes) {
        checkPath(uri);
        final ModelOptions options = ModelOptions.parse(uri);
        if (sizeBytes <= 0) {
            throw StorageException.configuration("device '" + uri.text() + "': size " + sizeBytes + " is not positive");
        }
        FileMedium.create(uri.text(), Path.of(uri.path()),
            options.format().mediumBytes(sizeBytes, options.blockBytes()));
    }

    private static void checkPath(final DeviceUri uri) {
        if (uri.path().isEmpty()) {
            throw StorageException.configuration("device '" + uri.text()
                + "': the path of the image is missing; write for"
                + " example nvme+model:/var/lib/ringvault/image");
        }
    }
}

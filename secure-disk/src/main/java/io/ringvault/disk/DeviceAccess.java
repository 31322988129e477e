package io.ringvault.disk;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDevices;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.KeySecret;

/** Opens what a context names: a device by URI or as given, and the key. Control plane. */
final class DeviceAccess {

    private DeviceAccess() {
    }

    static BlockDevice open(final String uri, final BlockDevice given, final OpenMode mode) {
        if (given != null) {
            return given;
        }
        if (uri == null) {
            throw StorageException.configuration("no device: name one by URI, for example nvme+model:/path/to/image");
        }
        return BlockDevices.open(uri, mode);
    }

    static void close(final BlockDevice device, final BlockDevice given) {
        if (device != given) {
            device.close();
        }
    }

    /** The secret of a context; the caller closes it. */
    static KeySecret key(final KeySource source) {
        if (source == null) {
            throw StorageException.configuration("no key: name a key file, a key command or a passphrase");
        }
        return source.obtain();
    }
}

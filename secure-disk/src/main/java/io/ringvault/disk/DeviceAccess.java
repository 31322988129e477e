package io.ringvault.disk;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDevices;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.log.KeyFile;
import java.nio.file.Path;

/** Opens what a context names: a device by URI or as given, and the bytes of the key. Control plane. */
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

    /** A copy of the key's bytes; the caller zeroes it. */
    static byte[] key(final byte[] given, final Path keyFile) {
        if (given != null) {
            return given.clone();
        }
        if (keyFile == null) {
            throw StorageException.configuration("no key: name a key file");
        }
        return KeyFile.read(keyFile);
    }
}

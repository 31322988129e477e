package io.ringvault.block;

import java.util.ServiceLoader;
import java.util.TreeSet;

/** Finds the provider for a device URI. Control plane only. */
public final class BlockDevices {

    private BlockDevices() {
    }

    /** Opens the device that {@code uri} names. */
    public static BlockDevice open(final String uri, final OpenMode mode) {
        final DeviceUri parsed = DeviceUri.parse(uri);
        return provider(parsed).open(parsed, mode);
    }

    /** The provider for the URI's scheme; CONFIGURATION, listing the known schemes, when there is none. */
    public static BlockDeviceProvider provider(final DeviceUri uri) {
        final TreeSet<String> known = new TreeSet<>();
        for (final BlockDeviceProvider provider : ServiceLoader.load(BlockDeviceProvider.class)) {
            if (provider.scheme().equals(uri.scheme())) {
                return provider;
            }
            known.add(provider.scheme() + ":");
        }
        throw StorageException.configuration("device '" + uri.text() + "': unknown scheme '" + uri.scheme()
            + "'; known: " + String.join(" ", known));
    }
}

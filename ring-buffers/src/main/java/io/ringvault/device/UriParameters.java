package io.ringvault.device;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.StorageException;
import java.util.List;

/** Parameters of device URIs; an unknown or malformed one is refused rather than ignored. */
final class UriParameters {

    private UriParameters() {
    }

    static void known(final DeviceUri uri, final List<String> names) {
        for (final String name : uri.parameters().keySet()) {
            if (!names.contains(name)) {
                throw StorageException.configuration("device '" + uri.text() + "': unknown parameter '" + name
                    + "'; known: "
                    + String.join(", ", names));
            }
        }
    }

    static boolean flag(final DeviceUri uri, final String name) {
        return switch (uri.parameters().getOrDefault(name, "false")) {
            case "true" -> true;
            case "false" -> false;
            default -> throw StorageException.configuration("device '" + uri.text() + "': " + name
                + " is true or false");
        };
    }

    static int blockSizeBytes(final DeviceUri uri) {
        return switch (uri.parameters().getOrDefault("block", "4096")) {
            case "4096" -> 4096;
            case "512" -> 512;
            default -> throw StorageException.configuration("device '" + uri.text() + "': block is 512 or 4096");
        };
    }
}

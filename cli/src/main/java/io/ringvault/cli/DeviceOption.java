package io.ringvault.cli;

import io.ringvault.block.DeviceUri;
import io.ringvault.disk.SecureDiskContext;
import picocli.CommandLine.Parameters;

/** What names a volume, for commands that need no key. */
final class DeviceOption {
    @Parameters(index = "0", paramLabel = "DEVICE",
        description = "The device, as a URI: nvme+model:PATH, file:PATH, ...")
    String device;

    /** The settings for looking at it. */
    SecureDiskContext context() {
        return new SecureDiskContext().device(DeviceUri.parse(device).text());
    }
}

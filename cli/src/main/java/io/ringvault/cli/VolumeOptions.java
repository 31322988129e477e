package io.ringvault.cli;

import io.ringvault.block.DeviceUri;
import io.ringvault.disk.SecureDiskContext;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What names a volume and opens it. The key is never on the command line. */
final class VolumeOptions {
    @Parameters(index = "0", paramLabel = "DEVICE",
        description = "The device, as a URI: nvme+model:PATH, file:PATH, ...")
    String device;

    @Mixin
    KeyOptions key;

    @Option(names = "--anchor", paramLabel = "SPEC",
        description = "The freshness anchor: file:PATH, tpm:..., quorum:... or none. A volume made with one does "
            + "not open without it.")
    String anchor;

    /** The device, once it is clear that it is a URI: a plain path could mean a file or the model over a file. */
    String device() {
        return DeviceUri.parse(device).text();
    }

    /** The settings for opening. */
    SecureDiskContext context() {
        return new SecureDiskContext().device(device()).keySource(key.source(false)).anchor(anchor);
    }
}

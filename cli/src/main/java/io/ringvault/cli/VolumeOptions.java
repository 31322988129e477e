package io.ringvault.cli;

import io.ringvault.block.DeviceUri;
import io.ringvault.disk.SecureDiskContext;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What names a volume and opens it. The key comes from a file, never from the command line. */
final class VolumeOptions {
    @Parameters(paramLabel = "DEVICE", description = "The device, as a URI: nvme+model:PATH, file:PATH, ...")
    String device;

    @Option(names = "--key-file", required = true, paramLabel = "FILE",
        description = "The key: any file of 16 to 4096 bytes, for example from 'head -c 32 /dev/urandom'.")
    Path keyFile;

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
        return new SecureDiskContext().device(device()).keyFile(keyFile).anchor(anchor);
    }
}

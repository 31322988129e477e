package io.ringvault.nvme.vfiouser.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.nvme.model.ModelEndpoint;
import io.ringvault.nvme.model.NvmeModelProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A server over a fresh image, for clients of the tests' own. */
abstract class ServerTestBase {
    static final int EPERM = 1;
    static final int ENOENT = 2;
    static final int EINVAL = 22;
    static final int EOPNOTSUPP = 95;
    static final int FATAL = 2;
    static final int ENABLE = 0x00460001;
    static final long ADDRESS = 0x1_0000_0000L;
    static final long SHORT_LIMIT_MS = 150;

    final List<String> log = Collections.synchronizedList(new ArrayList<>());
    @TempDir
    Path folder;
    Path directory;
    ModelEndpoint endpoint;
    VfioUserServer server;

    @BeforeEach
    void start() {
        directory = folder.resolve("endpoint");
        final DeviceUri uri = DeviceUri.parse("nvme+model:" + folder.resolve("image"));
        new NvmeModelProvider().create(uri, 1 << 20);
        endpoint = ModelEndpoint.open(uri, OpenMode.READ_WRITE);
        serve(ServerLimits.DEFAULTS);
    }

    void serve(final ServerLimits limits) {
        if (server != null) {
            server.close();
        }
        server = VfioUserServer.start(directory, endpoint, limits, log::add);
    }

    void serveShort() {
        serve(new ServerLimits(SHORT_LIMIT_MS, SHORT_LIMIT_MS, true));
    }

    @AfterEach
    void stop() {
        server.close();
        endpoint.close();
        assertFalse(Files.exists(directory.resolve("cntrl")));
    }

    RawClient client() throws IOException {
        return new RawClient(directory);
    }

    void assertNextIsServed() throws IOException {
        try (RawClient next = client().hello()) {
            assertEquals(0, next.read32(0x1C));
        }
    }
}

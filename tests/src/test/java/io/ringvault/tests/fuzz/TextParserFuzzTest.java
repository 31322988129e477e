package io.ringvault.tests.fuzz;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.Sizes;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.model.ModelOptions;
import io.ringvault.nvme.vfiouser.CapabilityText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What comes as text: device URIs with their parameters, sizes, the capabilities of a vfio-user peer. */
class TextParserFuzzTest {
    private static final long BOUND = 4 << 20;
    private static final double SHARE = 0.2;
    private static final String[] URIS = {"nvme+model:/a/b?block=512&mdts=64k&cache=1m&ms=8&pi=1&namespaces=2",
        "file:/x?direct=1", "mem:64M", "nvme+model:i?queues=1&mqes=4&dstrd=3&timeout=5&lbaf=1&protect=1"};
    private static final String[] SIZES = {"1G", "512", "16M", "9223372036854775807", "1.5T", "-1k"};
    private static final String[] CAPABILITIES = {
        "{\"capabilities\": {\"max_msg_fds\": 8, \"max_data_xfer_size\": 1048576, \"twin_socket\": "
        + "{\"supported\": false}, \"a\": [1, [2, {\"b\": null}], \"\\u00e4\\n\"]}}", "{}"};

    @Test
    void shouldReadDeviceUrisOrRefuseThem() {
        new FuzzRun("device URI", BOUND).run(SHARE, random -> {
            final String text = text(random, URIS);
            try {
                ModelOptions.parse(DeviceUri.parse(text));
                return "read";
            } catch (final StorageException refused) {
                return refused.category().toString();
            }
        }).met("read", "CONFIGURATION");
    }

    @Test
    void shouldReadSizesOrRefuseThem() {
        new FuzzRun("size", BOUND).run(SHARE, random -> {
            try {
                if (Sizes.parse(text(random, SIZES)) < 0) {
                    throw new AssertionError("a negative size");
                }
                return "read";
            } catch (final StorageException refused) {
                return refused.category().toString();
            }
        }).met("read", "CONFIGURATION");
    }

    @Test
    void shouldReadCapabilitiesOrRefuseThem() {
        new FuzzRun("vfio-user capabilities", BOUND).run(SHARE, random -> {
            try {
                CapabilityText.parse(text(random, CAPABILITIES));
                return "read";
            } catch (final IOException refused) {
                return "refused";
            }
        }).met("read", "refused");
    }

    private static String text(final Random random, final String... valid) {
        final byte[] bytes = valid[random.nextInt(valid.length)].getBytes(StandardCharsets.UTF_8);
        final byte[] donor = valid[random.nextInt(valid.length)].getBytes(StandardCharsets.UTF_8);
        if (random.nextInt(8) > 0) {
            Mutations.change(random, bytes, 0, bytes.length, donor);
        }
        final int length = random.nextInt(4) == 0 ? random.nextInt(bytes.length + 1) : bytes.length;
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }
}

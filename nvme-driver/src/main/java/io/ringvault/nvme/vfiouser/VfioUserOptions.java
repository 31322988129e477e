package io.ringvault.nvme.vfiouser;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.Sizes;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeOptions;
import io.ringvault.sys.NativeMemory;
import io.ringvault.sys.UnixSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;

/**
 * What a device URI says to this transport: {@code nvme+vfio-user:DIR?dma=256M&pages=4k&message-timeout=5000}, and
 * what {@link NvmeOptions} leaves to the driver.
 *
 * @param socket      the server's socket, in the directory that the URI names
 * @param regionBytes of one region of DMA memory; it takes real memory as it is used
 * @param pages       wanted for it; huge ones where they are to be had
 * @param timeoutMs   how long the server may take for a message
 */
record VfioUserOptions(Path socket, long regionBytes, NativeMemory.Pages pages, long timeoutMs) {
    private static final String MESSAGE_TIMEOUT_KEY = "message-timeout";
    private static final Set<String> KNOWN = Set.of("dma", "pages", MESSAGE_TIMEOUT_KEY,
        NvmeOptions.NAMESPACE_KEY, NvmeOptions.SHADOW_KEY, NvmeOptions.TIMEOUT_KEY, NvmeOptions.ADMIN_TIMEOUT_KEY);
    private static final long LARGEST_REGION = 1L << 40;
    private static final long LONGEST_TIMEOUT_MS = 600_000;

    /** Throws CONFIGURATION naming the parameter. */
    static VfioUserOptions parse(final DeviceUri uri) {
        for (final String key : uri.parameters().keySet()) {
            if (!KNOWN.contains(key)) {
                throw wrong(uri, "unknown parameter '" + key + "'; known: "
                    + String.join(" ", KNOWN.stream().sorted().toList()));
            }
        }
        if (uri.path().isEmpty()) {
            throw wrong(uri, "the server's directory is missing; write for example nvme+vfio-user:/run/ringvault/nvme");
        }
        final Path socket = Path.of(uri.path()).resolve(VfioUserWire.SOCKET_NAME);
        final int length = socket.toString().getBytes(StandardCharsets.UTF_8).length;
        if (length > UnixSocket.MAX_PATH_BYTES) {
            throw wrong(uri, "the socket's path has " + length + " bytes and " + UnixSocket.MAX_PATH_BYTES
                + " fit; use a shorter directory, or a relative one");
        }
        final long region = Sizes.parse(uri.parameters().getOrDefault("dma", "256M"));
        if (region < 2L << 20 || region > LARGEST_REGION) {
            throw wrong(uri, "dma=" + uri.parameters().get("dma") + " must be 2M to 1T");
        }
        return new VfioUserOptions(socket, region, pages(uri), timeout(uri));
    }

    private static NativeMemory.Pages pages(final DeviceUri uri) {
        return switch (uri.parameters().getOrDefault("pages", "4k")) {
            case "4k" -> NativeMemory.Pages.BASE;
            case "2m" -> NativeMemory.Pages.HUGE_2M;
            case "1g" -> NativeMemory.Pages.HUGE_1G;
            default -> throw wrong(uri, "pages=" + uri.parameters().get("pages") + " must be 4k, 2m or 1g");
        };
    }

    private static long timeout(final DeviceUri uri) {
        final String text = uri.parameters().getOrDefault(MESSAGE_TIMEOUT_KEY, "5000");
        final long value = text.matches("[0-9]{1,6}") ? Long.parseLong(text) : 0;
        if (value < 1 || value > LONGEST_TIMEOUT_MS) {
            throw wrong(uri, MESSAGE_TIMEOUT_KEY + "=" + text + " must be 1 to " + LONGEST_TIMEOUT_MS
                + " milliseconds");
        }
        return value;
    }

    private static StorageException wrong(final DeviceUri uri, final String what) {
        return StorageException.configuration("device '" + uri.text() + "': " + what);
    }
}

package io.ringvault.tests.guest;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** QEMU's monitor protocol, as much as a device_del needs. One thread; calls block. */
final class Qmp implements AutoCloseable {
    private final SocketChannel channel;
    private final StringBuilder received = new StringBuilder();
    private final ByteBuffer buffer = ByteBuffer.allocate(4096);

    Qmp(final Path socket) throws IOException {
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        await("\"QMP\"");
        command("{\"execute\": \"qmp_capabilities\"}");
    }

    /** Sends a command and waits for its answer; an error fails. */
    void command(final String json) throws IOException {
        channel.write(ByteBuffer.wrap((json + "\n").getBytes(StandardCharsets.UTF_8)));
        final String answer = await("\"return\"", "\"error\"");
        GuestMain.check(!answer.contains("\"error\""), json + ": " + answer);
    }

    /** Waits for a line with one of the texts, and returns it; other lines are skipped. */
    String await(final String... texts) throws IOException {
        while (true) {
            final int end = received.indexOf("\n");
            if (end >= 0) {
                final String line = received.substring(0, end);
                received.delete(0, end + 1);
                for (final String text : texts) {
                    if (line.contains(text)) {
                        return line;
                    }
                }
                continue;
            }
            buffer.clear();
            if (channel.read(buffer) < 0) {
                throw new IOException("QEMU closed its monitor; still there: " + received);
            }
            received.append(StandardCharsets.UTF_8.decode(buffer.flip()));
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}

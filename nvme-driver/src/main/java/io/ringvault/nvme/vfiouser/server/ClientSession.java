package io.ringvault.nvme.vfiouser.server;

import io.ringvault.nvme.model.ModelEndpoint;
import io.ringvault.nvme.vfiouser.CapabilityText;
import io.ringvault.nvme.vfiouser.VfioUserWire;
import io.ringvault.sys.Errno;
import io.ringvault.sys.NativeDescriptor;
import io.ringvault.sys.NativeIoException;
import io.ringvault.sys.UnixSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One client from its VERSION message to its end: framing, replies and errors. What the commands do is {@link
 * DeviceCommands}. Errors in a well-framed message are answered with an errno and the connection lives; what cannot be
 * framed, and silence in the middle of a message, ends it. One thread.
 */
final class ClientSession {
    private static final int MOST_DESCRIPTORS = 8;
    private static final long IDLE_MS = 3_600_000;
    private static final long MOST_CLIENT_DESCRIPTORS = 1024;
    private static final String CAPABILITIES =
        "{ \"capabilities\": { \"max_msg_fds\": 8, \"max_data_xfer_size\": 1048576 } }";

    private final UnixSocket socket;
    private final ServerLimits limits;
    private final DeviceCommands commands;
    private final ModelEndpoint.Session controller;
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment header = arena.allocate(VfioUserWire.HEADER_BYTES, 8);
    private final MemorySegment input = arena.allocate(VfioUserWire.MAX_PAYLOAD_BYTES, 8);
    private final MemorySegment output =
        arena.allocate(VfioUserWire.HEADER_BYTES + VfioUserWire.MAX_PAYLOAD_BYTES, 8);
    private final List<NativeDescriptor> descriptors = new ArrayList<>();
    private boolean tooManyDescriptors;
    private int length;

    ClientSession(final UnixSocket socket, final ModelEndpoint.Session controller, final DmaTable memory,
        final PciConfigSpace config, final long bar0Bytes, final ServerLimits limits) {
        this.socket = socket;
        this.limits = limits;
        this.controller = controller;
        this.commands = new DeviceCommands(controller, memory, config, bar0Bytes, limits.mappableDoorbells());
    }

    /** The controller that this client drives. */
    ModelEndpoint.Session controller() {
        return controller;
    }

    /** Wakes the session's thread, which then ends it. */
    void shutdown() {
        socket.shutdown();
    }

    /** Serves until the client leaves. */
    void run() throws IOException {
        try {
            if (!receive(limits.helloMs())) {
                return;
            }
            negotiate();
            descriptors.forEach(NativeDescriptor::close);
            descriptors.clear();
            while (awaitNext() && receive(limits.messageMs())) {
                answer();
                descriptors.forEach(NativeDescriptor::close);
                descriptors.clear();
            }
        } finally {
            descriptors.forEach(NativeDescriptor::close);
        }
    }

    private boolean awaitNext() throws IOException {
        while (!socket.awaitReadable(IDLE_MS)) {
            Thread.onSpinWait(); // A client that only rings doorbells sends nothing for as long as it likes.
        }
        return true;
    }

    /** Takes one message within the limit; false at the end of the stream. */
    private boolean receive(final long limitMs) throws IOException {
        tooManyDescriptors = false;
        final long began = System.nanoTime();
        final long came = take(header, limitMs);
        if (came == 0) {
            return false;
        }
        if (came < VfioUserWire.HEADER_BYTES) {
            throw new IOException("it left in the middle of a header");
        }
        final int size = header.get(VfioUserWire.U32, VfioUserWire.SIZE_OFFSET);
        length = size - VfioUserWire.HEADER_BYTES;
        if (length < 0 || length > VfioUserWire.MAX_PAYLOAD_BYTES) {
            reply(Errno.EINVAL, 0);
            throw new IOException("a message of " + Integer.toUnsignedString(size) + " bytes; "
                + VfioUserWire.HEADER_BYTES + " to " + (VfioUserWire.HEADER_BYTES + VfioUserWire.MAX_PAYLOAD_BYTES)
                + " are possible");
        }
        final long left = Math.max(1, limitMs - (System.nanoTime() - began) / 1_000_000);
        if (length > 0 && take(input.asSlice(0, length), left) < length) {
            throw new IOException("it left in the middle of a message");
        }
        return true;
    }

    private long take(final MemorySegment part, final long limitMs) throws IOException {
        try {
            return socket.receive(part, limitMs, descriptors, MOST_DESCRIPTORS);
        } catch (final NativeIoException failed) {
            if (failed.errno() == Errno.EMSGSIZE) {
                tooManyDescriptors = true;
                return part.byteSize();
            }
            if (failed.errno() == Errno.ECONNRESET) {
                return 0;
            }
            throw failed;
        }
    }

    private int command() {
        return header.get(VfioUserWire.U16, VfioUserWire.COMMAND_OFFSET) & 0xFFFF;
    }

    private boolean isCommand() {
        return (header.get(VfioUserWire.U32, VfioUserWire.FLAGS_OFFSET) & VfioUserWire.TYPE_MASK)
            == VfioUserWire.TYPE_COMMAND;
    }

    /** The first message; whatever is wrong with it ends the connection, after an error reply. */
    private void negotiate() throws IOException {
        final String wrong = versionMistake();
        if (!wrong.isEmpty()) {
            reply(Errno.EINVAL, 0);
            throw new IOException("version: " + wrong);
        }
        final int minor = input.get(VfioUserWire.U16, 2) & 0xFFFF;
        final byte[] text = CAPABILITIES.getBytes(StandardCharsets.US_ASCII);
        final MemorySegment payload = output.asSlice(VfioUserWire.HEADER_BYTES);
        payload.set(VfioUserWire.U16, 0, (short) VfioUserWire.MAJOR);
        payload.set(VfioUserWire.U16, 2, (short) Math.min(minor, VfioUserWire.MINOR));
        MemorySegment.copy(text, 0, payload, ValueLayout.JAVA_BYTE, VfioUserWire.VERSION_BYTES, text.length);
        payload.set(ValueLayout.JAVA_BYTE, VfioUserWire.VERSION_BYTES + (long) text.length, (byte) 0);
        reply(0, VfioUserWire.VERSION_BYTES + text.length + 1);
    }

    private String versionMistake() {
        if (command() != VfioUserWire.VERSION || !isCommand()) {
            return "the first message is " + VfioUserWire.name(command());
        }
        if (!descriptors.isEmpty() || tooManyDescriptors) {
            return "descriptors came with it";
        }
        if (length < VfioUserWire.VERSION_BYTES) {
            return length + " bytes";
        }
        final int major = input.get(VfioUserWire.U16, 0) & 0xFFFF;
        if (major != VfioUserWire.MAJOR) {
            return "major " + major;
        }
        return length == VfioUserWire.VERSION_BYTES ? "" : capabilityMistake();
    }

    private String capabilityMistake() {
        if (input.get(ValueLayout.JAVA_BYTE, length - 1) != 0) {
            return "the capabilities do not end with a NUL";
        }
        final int bytes = length - VfioUserWire.VERSION_BYTES - 1;
        if (bytes > CapabilityText.MAX_BYTES) {
            return bytes + " bytes of capabilities";
        }
        final byte[] text = new byte[bytes];
        MemorySegment.copy(input, ValueLayout.JAVA_BYTE, VfioUserWire.VERSION_BYTES, text, 0, bytes);
        try {
            final Map<String, Object> values = CapabilityText.parse(new String(text, StandardCharsets.UTF_8));
            final Object most = values.getOrDefault("capabilities.max_msg_fds", 1L);
            final Object largest = values.getOrDefault("capabilities.max_data_xfer_size", 1L);
            final Object twin = values.getOrDefault("capabilities.twin_socket.supported", false);
            return most instanceof final Long fds && fds >= 0 && fds <= MOST_CLIENT_DESCRIPTORS
                && largest instanceof final Long transfer && transfer > 0 && twin instanceof Boolean
                ? "" : "impossible capabilities";
        } catch (final IOException bad) {
            return bad.getMessage();
        }
    }

    private void answer() throws IOException {
        int result;
        try {
            if (tooManyDescriptors || !isCommand() || length == 0 && command() != VfioUserWire.DEVICE_RESET) {
                result = -Errno.EINVAL;
            } else {
                result = commands.execute(command(), input.asSlice(0, length),
                    output.asSlice(VfioUserWire.HEADER_BYTES), descriptors);
            }
        } catch (final NativeIoException failed) {
            result = -failed.errno();
        }
        if ((header.get(VfioUserWire.U32, VfioUserWire.FLAGS_OFFSET) & VfioUserWire.FLAG_NO_REPLY) == 0) {
            reply(Math.max(0, -result), Math.max(0, result));
        }
    }

    private void reply(final int errno, final int payloadBytes) throws IOException {
        output.set(VfioUserWire.U16, VfioUserWire.ID_OFFSET, header.get(VfioUserWire.U16, VfioUserWire.ID_OFFSET));
        output.set(VfioUserWire.U16, VfioUserWire.COMMAND_OFFSET, (short) command());
        output.set(VfioUserWire.U32, VfioUserWire.SIZE_OFFSET, VfioUserWire.HEADER_BYTES + payloadBytes);
        output.set(VfioUserWire.U32, VfioUserWire.FLAGS_OFFSET,
            VfioUserWire.TYPE_REPLY | (errno == 0 ? 0 : VfioUserWire.FLAG_ERROR));
        output.set(VfioUserWire.U32, VfioUserWire.ERRNO_OFFSET, errno);
        final MemorySegment message = output.asSlice(0, VfioUserWire.HEADER_BYTES + payloadBytes);
        final int attached = commands.takeReplyDescriptor();
        if (attached >= 0) {
            socket.send(message, limits.messageMs(), attached);
        } else {
            socket.send(message, limits.messageMs());
        }
    }
}

package io.ringvault.nvme.vfiouser;

import io.ringvault.sys.NativeDescriptor;
import io.ringvault.sys.NativeMemory;
import io.ringvault.sys.UnixSocket;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A server that answers as it should until a test tells it to answer one command otherwise; with an encoder of its own.
 * It has no controller: registers are an array.
 */
final class FakeServer implements AutoCloseable {
    static final long LIMIT_MS = 20_000;

    /** One answer on its way: what a test may change. */
    static final class Answer {
        int id;
        int command;
        int flags = 1;
        int errno;
        int size = -1;
        ByteBuffer payload = buffer(0);
        int[] descriptors = {};
        boolean silent;
        boolean close;
        int pieces = 1;
    }

    final Path directory;
    final NativeMemory bar = NativeMemory.memfd("fake-bar0", 0x2000, NativeMemory.Pages.BASE);
    final List<Integer> commands = Collections.synchronizedList(new ArrayList<>());
    final List<ByteBuffer> requests = Collections.synchronizedList(new ArrayList<>());
    final List<Integer> descriptorCounts = Collections.synchronizedList(new ArrayList<>());
    volatile int pciCommand;
    volatile int csts;
    private final UnixSocket listener;
    private final Thread thread;
    private volatile UnixSocket client;
    private volatile int changedCommand;
    private volatile UnaryOperator<Answer> change = answer -> answer;

    FakeServer(final Path directory) throws IOException {
        this.directory = directory;
        this.listener = UnixSocket.listen(directory.resolve("cntrl"), 4);
        this.thread = Thread.ofPlatform().daemon(true).start(this::run);
    }

    static ByteBuffer buffer(final int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** From now on the answers to one command are changed. */
    FakeServer changing(final int command, final UnaryOperator<Answer> changer) {
        change = changer;
        changedCommand = command;
        return this;
    }

    /** Closes the connection now. */
    void disconnect() {
        client.shutdown();
    }

    private void run() {
        while (true) {
            try (UnixSocket accepted = listener.accept(LIMIT_MS)) {
                if (accepted == null) {
                    return;
                }
                client = accepted;
                while (serveOne(accepted)) {
                    Thread.onSpinWait();
                }
            } catch (final IOException gone) {
                continue;
            }
        }
    }

    private boolean serveOne(final UnixSocket from) throws IOException {
        final List<NativeDescriptor> came = new ArrayList<>();
        final ByteBuffer header = buffer(16);
        if (from.receive(MemorySegment.ofBuffer(header), LIMIT_MS, came, 8) != 16) {
            return false;
        }
        final ByteBuffer payload = buffer(header.getInt(4) - 16);
        if (payload.capacity() > 0) {
            from.receive(MemorySegment.ofBuffer(payload), LIMIT_MS, came, 8);
        }
        final Answer answer = new Answer();
        answer.id = header.getShort(0);
        answer.command = header.getShort(2);
        commands.add(answer.command);
        requests.add(payload);
        descriptorCounts.add(came.size());
        came.forEach(NativeDescriptor::close);
        fill(answer, payload);
        final Answer changed = answer.command == changedCommand ? change.apply(answer) : answer;
        if (changed.close) {
            return false;
        }
        if (!changed.silent && (header.getInt(8) & 1 << 4) == 0) {
            send(from, changed);
        }
        return true;
    }

    private void fill(final Answer answer, final ByteBuffer in) {
        switch (answer.command) {
            case 1 -> answer.payload = buffer(7).putShort((short) 0).putShort((short) 1)
                .put((byte) '{').put((byte) '}').put((byte) 0).flip();
            case 4 -> answer.payload = buffer(16).putInt(16).putInt(3).putInt(9).putInt(5).flip();
            case 5 -> {
                answer.payload = regionInfo();
                answer.descriptors = new int[] {bar.descriptor()};
            }
            case 9 -> {
                final int count = in.getInt(12);
                answer.payload = buffer(16 + count).put(0, in, 0, 16);
                final long value = in.getInt(8) == 7 ? pciCommand : in.getLong(0) == 0x1C ? csts : 0;
                for (int i = 0; i < count; i++) {
                    answer.payload.put(16 + i, (byte) (value >>> 8 * i));
                }
            }
            case 10 -> {
                if (in.getInt(8) == 7) {
                    pciCommand = in.getShort(16);
                }
                answer.payload = buffer(16).put(0, in, 0, 16);
            }
            default -> answer.payload = buffer(0);
        }
    }

    static ByteBuffer regionInfo() {
        return buffer(64).putInt(64).putInt(0xF).putInt(0).putInt(32).putLong(0x2000).putLong(0)
            .putShort((short) 1).putShort((short) 1).putInt(0).putInt(1).putInt(0).putLong(0x1000).putLong(0x1000)
            .flip();
    }

    private static void send(final UnixSocket to, final Answer answer) throws IOException {
        final int size = answer.size >= 0 ? answer.size : 16 + answer.payload.remaining();
        final ByteBuffer message = buffer(16 + answer.payload.remaining()).putShort((short) answer.id)
            .putShort((short) answer.command).putInt(size).putInt(answer.flags).putInt(answer.errno)
            .put(answer.payload.duplicate()).flip();
        final int step = Math.max(1, message.limit() / answer.pieces);
        for (int at = 0; at < message.limit(); at += step) {
            final ByteBuffer piece = message.duplicate().position(at).limit(Math.min(at + step, message.limit()));
            to.send(MemorySegment.ofBuffer(piece.slice()), LIMIT_MS, at == 0 ? answer.descriptors : new int[0]);
        }
    }

    @Override
    public void close() {
        listener.shutdown();
        if (client != null) {
            client.shutdown();
        }
        try {
            thread.join(LIMIT_MS);
        } catch (final InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        listener.close();
        bar.close();
    }
}

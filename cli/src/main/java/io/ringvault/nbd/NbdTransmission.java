package io.ringvault.nbd;

import static io.ringvault.nbd.NbdProtocol.CMD_DISC;
import static io.ringvault.nbd.NbdProtocol.CMD_FLAG_DF;
import static io.ringvault.nbd.NbdProtocol.CMD_FLAG_FUA;
import static io.ringvault.nbd.NbdProtocol.CMD_FLUSH;
import static io.ringvault.nbd.NbdProtocol.CMD_READ;
import static io.ringvault.nbd.NbdProtocol.CMD_TRIM;
import static io.ringvault.nbd.NbdProtocol.CMD_WRITE;
import static io.ringvault.nbd.NbdProtocol.CMD_WRITE_ZEROES;
import static io.ringvault.nbd.NbdProtocol.MAX_REQUEST_BYTES;
import static io.ringvault.nbd.NbdProtocol.REQUEST_BYTES;
import static io.ringvault.nbd.NbdProtocol.REQUEST_MAGIC;

import io.ringvault.nbd.NbdOperation.Framing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The transmission phase of one connection: a loop on the connection's thread that polls the disk, writes replies,
 * takes requests and submits operations, none of which waits.
 *
 * <p>Requests longer than {@link #PIECE_BYTES} become several operations and one answer; the first error wins. A long
 * read leaves as several chunks where structured replies allow, else piece by piece with nothing in between. While
 * operations are in flight the loop backs off from spinning to parking; with none it sleeps in the selector.
 *
 * <p>However it ends (disconnect, hang-up, garbage, stop), it returns only when the disk has given back every buffer
 * lent.
 */
final class NbdTransmission implements AutoCloseable {
    /** The longest single operation; the disk takes up to 1 MiB. */
    static final int PIECE_BYTES = 1 << 20;

    /** A longer payload than this cannot be skipped politely: the connection is dropped. */
    private static final long MAX_SKIPPED_BYTES = 2L * MAX_REQUEST_BYTES;
    private static final int INPUT_BYTES = 64 * 1024;
    private static final int SMALL_PAYLOAD_BYTES = 16 * 1024;
    private static final int RECEIVE_LIMIT = 64;
    private static final int POLL_LIMIT = 64;
    private static final int SPINS = 100;
    private static final int YIELDS = 20;
    private static final long MIN_PARK_NS = 10_000;
    private static final long MAX_PARK_NS = 500_000;
    private static final long SELECT_MS = 1000;
    private static final long FAREWELL_NS = TimeUnit.SECONDS.toNanos(5);
    private static final long ABANDON_NS = TimeUnit.SECONDS.toNanos(60);

    /** What the next bytes from the client are, or what must happen before they are looked at. */
    private enum Input { HEADER, READ, WRITE, SKIP, STREAM }

    private final NbdChannel channel;
    private final SocketChannel socket;
    private final NbdExport export;
    private final NbdExport.Client client;
    private final boolean structured;
    private final NbdSlots slots;
    private final NbdReplies replies;
    private final NbdExport.Completion completion = this::onCompletion;
    private final ByteBuffer in = ByteBuffer.allocateDirect(INPUT_BYTES).limit(0);
    private final ByteBuffer poolView;
    private final NbdOperation[] waiting;
    private int waitingHead;
    private int waitingTail;
    private int inFlight;

    private Input input = Input.HEADER;
    private NbdRequest current;
    private long position;
    private long left;
    private NbdOperation receiving;
    private int received;
    private boolean ending;
    private boolean dropped;
    /** Whether the last step stopped for want of bytes, not of slots: only then does a readable socket mean work. */
    private boolean wantsBytes;
    private int idleCount;

    NbdTransmission(final NbdChannel channel, final NbdExport export, final boolean structured, final int depth,
            final int poolBytes) {
        this.channel = channel;
        this.socket = channel.socket();
        this.export = export;
        this.structured = structured;
        waiting = new NbdOperation[depth];
        slots = new NbdSlots(depth, poolBytes);
        try {
            poolView = slots.pool().view();
            replies = new NbdReplies(socket, slots, structured);
            client = export.openClient(depth);
        } catch (final RuntimeException | OutOfMemoryError e) {
            slots.close(); // the disk may have no place for one more client
            throw e;
        }
    }

    /** Serves until the client leaves, breaks the protocol, or the server stops. */
    void run() throws IOException {
        long farewellNs = 0;
        while (true) {
            int work = client.poll(completion, POLL_LIMIT);
            work += replies.write();
            if (dropped) {
                return;
            }
            if (!ending) {
                if (idleCount >= SPINS || (idleCount & 7) == 0) {
                    work += receive();
                }
                ending |= channel.stopping();
            }
            work += submitWaiting();
            if (ending) {
                if (inFlight == 0 && waitingHead == waitingTail && replies.empty()) {
                    return;
                }
                final long now = System.nanoTime();
                if (farewellNs == 0) {
                    farewellNs = now + FAREWELL_NS;
                } else if (inFlight == 0 && now - farewellNs > 0) {
                    return;
                }
            }
            idle(work);
        }
    }

    private void idle(final int work) throws IOException {
        if (work > 0) {
            idleCount = 0;
        } else if (inFlight == 0 && waitingHead == waitingTail) {
            final int reading = wantsBytes && !ending ? SelectionKey.OP_READ : 0;
            final int interest = reading | (replies.empty() ? 0 : SelectionKey.OP_WRITE);
            channel.await(interest, SELECT_MS);
            idleCount = 0;
        } else {
            backOff();
        }
    }

    private void backOff() {
        idleCount++;
        if (idleCount < SPINS) {
            Thread.onSpinWait();
        } else if (idleCount < SPINS + YIELDS) {
            Thread.yield();
        } else {
            LockSupport.parkNanos(Math.min(MAX_PARK_NS, MIN_PARK_NS * (idleCount - SPINS - YIELDS + 1)));
        }
    }

    private int receive() throws IOException {
        int work = 0;
        wantsBytes = false;
        while (work < RECEIVE_LIMIT && !ending && step()) {
            work++;
        }
        return work;
    }

    private boolean step() throws IOException {
        return switch (input) {
            case HEADER -> receiveHeader();
            case READ -> issueReads();
            case WRITE -> receivePayload();
            case SKIP -> skipPayload();
            case STREAM -> streamNext();
        };
    }

    private boolean receiveHeader() throws IOException {
        if (!slots.hasRequest() || in.remaining() < REQUEST_BYTES && !(fill() && in.remaining() >= REQUEST_BYTES)) {
            return false;
        }
        if (in.getInt() != REQUEST_MAGIC) {
            throw new NbdProtocolException("a request does not begin with the request magic");
        }
        final int flags = in.getShort() & 0xFFFF;
        final int type = in.getShort() & 0xFFFF;
        final long cookie = in.getLong();
        final long offset = in.getLong();
        final long length = Integer.toUnsignedLong(in.getInt());
        if (type == CMD_DISC) {
            ending = true;
            return true;
        }
        if (type == CMD_WRITE && length > MAX_SKIPPED_BYTES) {
            throw new NbdProtocolException("a write of " + length + " bytes; the advertised maximum is "
                + MAX_REQUEST_BYTES);
        }
        current = slots.takeRequest();
        current.begin(cookie, type, flags, offset, (int) length);
        position = offset;
        left = length;
        begin(NbdRules.check(type, flags, offset, length, export));
        return true;
    }

    private void begin(final int error) {
        final NbdRequest request = current;
        final boolean large = left > pieceAt(position, left);
        if (error != NbdError.OK) {
            request.fail(error, -1);
            if (request.type == CMD_WRITE && left > 0) {
                input = Input.SKIP;
            } else {
                replies.finish(request);
            }
        } else if (request.type != CMD_FLUSH && left == 0) {
            replies.finish(request);
        } else if (request.type == CMD_WRITE) {
            request.flushAfter = large && request.has(CMD_FLAG_FUA);
            input = Input.WRITE;
        } else if (request.type != CMD_READ) {
            input = Input.READ;
        } else if (request.has(CMD_FLAG_DF) && (large || !structured)) {
            request.fail(structured ? NbdError.EOVERFLOW : NbdError.EINVAL, -1);
            replies.finish(request);
        } else {
            request.fragmented = large;
            input = large && !structured ? Input.STREAM : Input.READ;
        }
    }

    /** The length of the next piece: pieces after the first begin on a block boundary. */
    private static int pieceAt(final long position, final long left) {
        return (int) Math.min(left, PIECE_BYTES - (position & BufferPool.PAGE_BYTES - 1));
    }

    /** Issues what carries no payload: reads, and commands of one operation. */
    private boolean issueReads() {
        final NbdRequest request = current;
        if (request.type != CMD_READ) {
            final NbdOperation operation = slots.takeOperation(request, request.type, request.offset, 0);
            if (operation == null) {
                return false;
            }
            operation.fua = request.has(CMD_FLAG_FUA);
            issue(operation);
            left = 0;
        }
        while (left > 0) {
            final NbdOperation operation = slots.takeOperation(request, CMD_READ, position, pieceAt(position, left));
            if (operation == null) {
                return false;
            }
            issue(operation);
            position += operation.length;
            left -= operation.length;
        }
        request.issued = true;
        input = Input.HEADER;
        return true;
    }

    private boolean receivePayload() throws IOException {
        if (receiving == null) {
            receiving = slots.takeOperation(current, CMD_WRITE, position, pieceAt(position, left));
            if (receiving == null) {
                return false;
            }
            received = 0;
        }
        final int missing = receiving.length - received;
        if (!in.hasRemaining() && missing <= SMALL_PAYLOAD_BYTES && !fill()) {
            return false;
        }
        poolView.limit(receiving.buffer + receiving.length).position(receiving.buffer + received);
        if (in.hasRemaining()) {
            final int count = Math.min(in.remaining(), missing);
            final int limit = in.limit();
            poolView.put(in.limit(in.position() + count));
            in.limit(limit);
            received += count;
        } else {
            final int count = socket.read(poolView);
            if (count <= 0) {
                ending |= count < 0;
                wantsBytes = true;
                return false;
            }
            received += count;
        }
        if (received == receiving.length) {
            receiving.fua = current.has(CMD_FLAG_FUA) && !current.flushAfter;
            position += received;
            left -= received;
            current.issued = left == 0;
            issue(receiving);
            receiving = null;
            if (left == 0) {
                input = Input.HEADER;
            }
        }
        return true;
    }

    private boolean skipPayload() throws IOException {
        if (!in.hasRemaining() && !fill()) {
            return false;
        }
        final int count = (int) Math.min(left, in.remaining());
        in.position(in.position() + count);
        left -= count;
        if (left == 0) {
            replies.finish(current);
            input = Input.HEADER;
        }
        return true;
    }

    /** A long read under simple replies: one piece at a time, nothing else in between. */
    private boolean streamNext() {
        if (inFlight > 0 || waitingHead != waitingTail || !replies.empty()) {
            return false;
        }
        if (left == 0) {
            slots.release(current);
            input = Input.HEADER;
            return true;
        }
        final NbdOperation operation = slots.takeOperation(current, CMD_READ, position, pieceAt(position, left));
        if (operation == null) {
            return false;
        }
        issue(operation);
        position += operation.length;
        left -= operation.length;
        return true;
    }

    private boolean fill() throws IOException {
        in.compact();
        final int count;
        try {
            count = socket.read(in);
        } finally {
            in.flip();
        }
        ending |= count < 0;
        wantsBytes = true;
        return count > 0;
    }

    private void issue(final NbdOperation operation) {
        operation.request.outstanding++;
        waiting[waitingTail++ & waiting.length - 1] = operation;
    }

    private int submitWaiting() {
        int work = 0;
        while (waitingHead != waitingTail) {
            final NbdOperation operation = waiting[waitingHead & waiting.length - 1];
            final int result = submit(operation);
            if (result == NbdExport.Client.BACK_PRESSURED) {
                break;
            }
            waitingHead++;
            work++;
            inFlight++;
            if (result != NbdExport.Client.ACCEPTED) {
                onCompletion(operation.index, NbdError.ESHUTDOWN);
            }
        }
        return work;
    }

    private int submit(final NbdOperation operation) {
        final int token = operation.index;
        final long offset = operation.offset;
        return switch (operation.type) {
            case CMD_READ -> client.submitRead(token, offset, slots.pool().segment(), operation.buffer,
                operation.length);
            case CMD_WRITE -> client.submitWrite(token, offset, slots.pool().segment(), operation.buffer,
                operation.length, operation.fua);
            case CMD_FLUSH -> client.submitFlush(token);
            case CMD_TRIM -> client.submitTrim(token, offset, Integer.toUnsignedLong(operation.request.length));
            case CMD_WRITE_ZEROES -> client.submitWriteZeroes(token, offset,
                Integer.toUnsignedLong(operation.request.length), operation.fua);
            default -> throw new IllegalStateException("operation type " + operation.type);
        };
    }

    private void onCompletion(final long token, final int error) {
        final NbdOperation operation = slots.operation((int) token);
        final NbdRequest request = operation.request;
        inFlight--;
        request.outstanding--;
        if (input == Input.STREAM && request == current) {
            streamed(operation, error);
            return;
        }
        if (operation.type == CMD_READ && error == NbdError.OK) {
            if (!request.fragmented) {
                replies.data(operation, structured ? Framing.LAST_CHUNK : Framing.SIMPLE);
                return;
            }
            replies.data(operation, Framing.CHUNK);
        } else {
            if (error != NbdError.OK) {
                request.fail(error, operation.offset);
            }
            slots.release(operation);
        }
        if (request.outstanding == 0 && request.issued) {
            settle(request);
        }
    }

    private void streamed(final NbdOperation operation, final int error) {
        final boolean first = operation.offset == current.offset;
        if (error == NbdError.OK) {
            replies.data(operation, first ? Framing.SIMPLE : Framing.BARE);
            return;
        }
        slots.release(operation);
        if (first) {
            current.fail(error, operation.offset);
            replies.finish(current);
            input = Input.HEADER;
        } else {
            dropped = true;
        }
    }

    private void settle(final NbdRequest request) {
        if (request.flushAfter && request.error == NbdError.OK) {
            request.flushAfter = false;
            final NbdOperation flush = slots.takeOperation(request, CMD_FLUSH, 0, 0);
            if (flush == null) {
                throw new IllegalStateException("no operation for a flush although one has just been released");
            }
            issue(flush);
        } else {
            replies.finish(request);
        }
    }

    /** Waits for the buffers that the disk still holds, then releases everything. */
    @Override
    public void close() {
        final long deadlineNs = System.nanoTime() + ABANDON_NS;
        waitingHead = waitingTail;
        idleCount = 0;
        while (inFlight > 0 && System.nanoTime() - deadlineNs < 0) {
            if (client.poll((token, error) -> inFlight--, POLL_LIMIT) > 0) {
                idleCount = 0;
            } else {
                backOff();
            }
        }
        client.close();
        if (inFlight == 0) {
            slots.close();
        }
    }
}

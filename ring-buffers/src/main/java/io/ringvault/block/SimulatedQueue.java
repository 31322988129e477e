package io.ringvault.block;

import java.util.ArrayList;
import java.util.List;

/**
 * A queue of a {@link SimulatedDevice}: checks every argument, completes only inside {@link #poll}, in an order by the
 * seed.
 */
final class SimulatedQueue implements BlockQueue {

    private static final class Request {
        private final long token;
        private final SimulatedDevice.Operation operation;
        private final long acceptedAt;
        private final List<VolatileWrite> commands;
        private final byte[] data;
        private final DmaBuffer buffer;
        private final long bufferOffset;
        private final DeviceFault fault;
        private long readyAtPoll;
        private boolean acrossReset;

        private Request(final long token, final SimulatedDevice.Operation operation, final long acceptedAt,
            final List<VolatileWrite> commands, final byte[] data, final DmaBuffer buffer, final long bufferOffset,
            final DeviceFault fault) {
            this.token = token;
            this.operation = operation;
            this.acceptedAt = acceptedAt;
            this.commands = commands;
            this.data = data;
            this.buffer = buffer;
            this.bufferOffset = bufferOffset;
            this.fault = fault;
        }
    }

    private final SimulatedDevice device;
    private final int depth;
    private final List<Request> accepted = new ArrayList<>();
    private final List<Request> submitted = new ArrayList<>();
    private long polls;
    private long resetsNoticed;
    private long resetsAcknowledged;
    private boolean closed;

    SimulatedQueue(final SimulatedDevice device, final int depth) {
        if (depth < 1 || depth > 4096) {
            throw new IllegalArgumentException("queue depth " + depth + " is outside 1..4096");
        }
        this.device = device;
        this.depth = depth;
    }

    @Override
    public int depth() {
        return depth;
    }

    @Override
    public int inFlight() {
        return accepted.size() + submitted.size();
    }

    @Override
    public boolean read(final long token, final long offsetBytes, final int lengthBytes, final DmaBuffer buffer,
        final long bufferOffsetBytes) {
        checkTransfer(offsetBytes, lengthBytes, buffer, bufferOffsetBytes);
        return accept(token, SimulatedDevice.Kind.READ, offsetBytes, lengthBytes, false, buffer, bufferOffsetBytes);
    }

    @Override
    public boolean write(final long token, final long offsetBytes, final int lengthBytes, final DmaBuffer buffer,
        final long bufferOffsetBytes, final boolean fua) {
        checkTransfer(offsetBytes, lengthBytes, buffer, bufferOffsetBytes);
        return accept(token, SimulatedDevice.Kind.WRITE, offsetBytes, lengthBytes, fua, buffer, bufferOffsetBytes);
    }

    @Override
    public boolean flush(final long token) {
        checkOpen();
        return accept(token, SimulatedDevice.Kind.FLUSH, 0, 0, false, null, 0);
    }

    @Override
    public boolean deallocate(final long token, final long offsetBytes, final long lengthBytes) {
        checkRange(offsetBytes, lengthBytes);
        return accept(token, SimulatedDevice.Kind.DEALLOCATE, offsetBytes, lengthBytes, false, null, 0);
    }

    @Override
    public boolean writeZeroes(final long token, final long offsetBytes, final long lengthBytes) {
        checkRange(offsetBytes, lengthBytes);
        return accept(token, SimulatedDevice.Kind.WRITE_ZEROES, offsetBytes, lengthBytes, false, null, 0);
    }

    private boolean accept(final long token, final SimulatedDevice.Kind kind, final long offset, final long length,
        final boolean fua, final DmaBuffer buffer, final long bufferOffset) {
        if (inFlight() >= depth) {
            return false;
        }
        final boolean changes = kind != SimulatedDevice.Kind.READ && kind != SimulatedDevice.Kind.FLUSH;
        final SimulatedDevice.Operation operation = device.begin(kind, offset, length, fua);
        if (changes) {
            checkOverlap(operation, device.inFlight());
            for (final Request other : accepted) {
                checkOverlap(operation, other.commands);
            }
        }
        final byte[] data = kind == SimulatedDevice.Kind.WRITE ? capture(buffer, bufferOffset, (int) length) : null;
        final long now = device.nextEvent();
        accepted.add(new Request(token, operation, now, changes ? device.commands(operation, data, now) : List.of(),
            data,
            buffer, bufferOffset, device.drawFault(kind)));
        return true;
    }

    private void checkOverlap(final SimulatedDevice.Operation operation, final List<VolatileWrite> pending) {
        if (device.settings().refuseOverlaps()) {
            for (final VolatileWrite other : pending) {
                if (other.overlaps(operation.offsetBytes(), operation.lengthBytes())) {
                    throw new IllegalStateException(operation + " overlaps a write in flight at " + other.offset
                        + " of " + other.length + " bytes");
                }
            }
        }
    }

    private static byte[] capture(final DmaBuffer buffer, final long offset, final int length) {
        final byte[] data = new byte[length];
        buffer.copyOut(offset, data, 0, length);
        return data;
    }

    private void checkTransfer(final long offset, final int length, final DmaBuffer buffer, final long bufferOffset) {
        checkRange(offset, length);
        if (length > device.maxTransferBytes()) {
            throw new IllegalArgumentException("a transfer of " + length + " bytes is longer than "
                + device.maxTransferBytes());
        }
        if (bufferOffset < 0 || bufferOffset % 4096 != 0 || bufferOffset + length > buffer.lengthBytes()) {
            throw new IllegalArgumentException("buffer offset " + bufferOffset + " with " + length
                + " bytes is not a multiple of 4096 inside " + buffer.lengthBytes() + " bytes");
        }
    }

    private void checkRange(final long offset, final long length) {
        checkOpen();
        final int block = device.blockSizeBytes();
        if (offset < 0 || length <= 0 || offset % block != 0 || length % block != 0 || offset > device.sizeBytes()
            - length) {
            throw new IllegalArgumentException("range " + offset + " of " + length + " bytes is not whole blocks of "
                + block
                + " inside " + device.sizeBytes() + " bytes");
        }
    }

    private void checkOpen() {
        device.checkOpen();
        if (closed) {
            throw new IllegalStateException("the queue is closed");
        }
    }

    @Override
    public void submit() {
        checkOpen();
        for (final Request request : List.copyOf(accepted)) {
            final int delay = device.settings().maxDelayPolls();
            request.readyAtPoll = polls + 1 + (delay == 0 ? 0 : device.random.nextInt(delay + 1));
            accepted.remove(request);
            submitted.add(request);
            device.submitted(request.operation, request.commands);
        }
    }

    @Override
    public int poll(final BlockCompletionHandler handler, final int limit) {
        checkOpen();
        polls++;
        if (resetsNoticed != device.resets()) {
            resetsNoticed = device.resets();
            accepted.forEach(this::cutShort);
            submitted.forEach(this::cutShort);
            return 0;
        }
        final List<Request> ready = new ArrayList<>();
        for (final Request request : submitted) {
            if (request.readyAtPoll <= polls) {
                ready.add(request);
            }
        }
        int delivered = 0;
        while (delivered < limit && !ready.isEmpty() && !closed) {
            final int next = device.settings().shuffle() ? device.random.nextInt(ready.size()) : 0;
            final Request request = ready.remove(next);
            submitted.remove(request);
            final int status = finish(request);
            device.finished(request.operation, status);
            delivered++;
            handler.onCompletion(request.token, status);
        }
        return delivered;
    }

    private void cutShort(final Request request) {
        request.acrossReset = request.operation.kind() == SimulatedDevice.Kind.FLUSH && device.volatileCache();
    }

    @Override
    public long resets() {
        return resetsNoticed;
    }

    @Override
    public void acknowledgeReset() {
        resetsAcknowledged = resetsNoticed;
    }

    private int finish(final Request request) {
        if (request.operation.kind() == SimulatedDevice.Kind.FLUSH && (request.acrossReset
            || device.volatileCache() && resetsAcknowledged != device.resets())) {
            return BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_RESET, false);
        }
        switch (request.operation.kind()) {
            case READ -> {
                final byte[] data = device.finishRead(request.operation, request.fault);
                if (data != null) {
                    request.buffer.copyIn(data, 0, request.bufferOffset, data.length);
                }
            }
            case FLUSH -> device.finishFlush(request.acceptedAt, request.fault);
            default -> {
                checkUnchanged(request);
                device.finishWrite(request.commands, request.operation.fua(), request.fault);
            }
        }
        return request.fault == null ? BlockStatus.OK : request.fault.status();
    }

    private static void checkUnchanged(final Request request) {
        if (request.data != null && !java.util.Arrays.equals(request.data,
            capture(request.buffer, request.bufferOffset, request.data.length))) {
            throw new IllegalStateException("the buffer of " + request.operation + " changed while it was lent");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            submitted.forEach(request -> device.abandon(request.commands, request.operation.fua()));
            submitted.clear();
            accepted.clear();
        }
    }
}

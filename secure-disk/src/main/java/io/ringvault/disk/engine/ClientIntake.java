package io.ringvault.disk.engine;

import io.ringvault.log.Geometry;
import io.ringvault.ring.OpCode;
import io.ringvault.ring.OpFlags;
import io.ringvault.ring.OpStatus;
import io.ringvault.ring.RequestHandler;
import io.ringvault.ring.RequestRing;

/**
 * Drains the request ring, checks each request once, and passes it on. The ring is always drained: credits bound what
 * clients can have in flight. Data agent only.
 */
final class ClientIntake {
    static final int REQUEST_BYTES_MAX = 1 << 20;
    private static final int DRAIN_LIMIT = 64;

    private final EngineState state;
    private final RequestRing ring;
    private final ClientPort[] clients;
    private final long sizeBytes;
    private final WritePath writes;
    private final CommitSequencer commits;
    private final RequestHandler onRequest = this::onRequest;
    private int refusal = OpStatus.OK;

    ClientIntake(final EngineState state, final RequestRing ring, final ClientPort[] clients, final long userBlocks,
                 final WritePath writes, final CommitSequencer commits) {
        this.state = state;
        this.ring = ring;
        this.clients = clients;
        this.sizeBytes = userBlocks * Geometry.BLOCK_BYTES;
        this.writes = writes;
        this.commits = commits;
    }

    /** From now on every new request ends with CLOSED. */
    void close() {
        if (refusal == OpStatus.OK) {
            refusal = OpStatus.CLOSED;
        }
    }

    /** Ends every request that was accepted, wherever it is, and every later one: no stage will do it any more. */
    void fail() {
        refusal = OpStatus.POISONED;
        for (final ClientPort client : clients) {
            if (client != null) {
                client.completeAll(OpStatus.POISONED);
            }
        }
    }

    int step() {
        return ring.drain(onRequest, DRAIN_LIMIT);
    }

    private void onRequest(final int clientId, final int opSlot, final int opcode, final int flags,
        final long offsetBytes,
                           final long lengthBytes) {
        final Op op = clients[clientId].accept(opSlot);
        op.opcode = opcode;
        op.fua = (flags & OpFlags.FUA) != 0;
        op.offsetBytes = offsetBytes;
        op.lengthBytes = lengthBytes;
        if (refusal != OpStatus.OK) {
            op.complete(refusal);
        } else if (opcode == OpCode.SYNC) {
            if (state.readOnly) {
                op.complete(OpStatus.OK);
            } else {
                commits.await(op);
            }
        } else {
            dispatch(op);
        }
    }

    private void dispatch(final Op op) {
        if (op.offsetBytes < 0 || op.lengthBytes < 1 || op.lengthBytes > sizeBytes
            || op.offsetBytes > sizeBytes - op.lengthBytes
            || OpCode.hasBuffer(op.opcode) && op.lengthBytes > REQUEST_BYTES_MAX) {
            op.complete(OpStatus.INVALID);
            return;
        }
        if (op.mutates() && state.writeRefusal() != OpStatus.OK) {
            op.complete(state.writeRefusal());
            return;
        }
        op.firstLba = op.offsetBytes / Geometry.BLOCK_BYTES;
        op.lastLba = (op.offsetBytes + op.lengthBytes - 1) / Geometry.BLOCK_BYTES;
        if (op.opcode == OpCode.WRITE && op.lastLba - op.firstLba >= state.requestBlocks) {
            op.complete(OpStatus.INVALID);
            return;
        }
        if (op.opcode == OpCode.TRIM && !roundInward(op)) {
            op.complete(OpStatus.OK);
            return;
        }
        writes.begin(op);
    }

    /** A trim frees whole blocks only; false when it covers none. */
    private static boolean roundInward(final Op op) {
        final long first = (op.offsetBytes + Geometry.BLOCK_BYTES - 1) / Geometry.BLOCK_BYTES;
        final long end = (op.offsetBytes + op.lengthBytes) / Geometry.BLOCK_BYTES;
        op.offsetBytes = first * Geometry.BLOCK_BYTES;
        op.lengthBytes = (end - first) * Geometry.BLOCK_BYTES;
        op.firstLba = first;
        op.lastLba = end - 1;
        return first < end;
    }
}

package io.ringvault.disk.engine;

import io.ringvault.ring.ClientChannel;

/** The data agent's side of one client: its channel and the preallocated ops of its slots. Data agent only. */
final class ClientPort {
    private final ClientChannel channel;
    private final Op[] ops;

    ClientPort(final ClientChannel channel) {
        this.channel = channel;
        this.ops = new Op[channel.depth()];
        for (int i = 0; i < ops.length; i++) {
            ops[i] = new Op(this, i);
        }
    }

    Op accept(final int slot) {
        channel.accept(slot);
        final Op op = ops[slot];
        op.buffer = channel.ops().buffer(slot);
        op.bufferOffset = channel.ops().bufferOffset(slot);
        return op;
    }

    void complete(final Op op, final int status) {
        channel.complete(op.slot, status, 0);
    }
}

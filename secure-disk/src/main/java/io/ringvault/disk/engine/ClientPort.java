package io.ringvault.disk.engine;

import io.ringvault.ring.ClientChannel;

/** The data agent's side of one client: its channel and the preallocated ops of its slots. Data agent only. */
final class ClientPort {
    private final ClientChannel channel;
    private final Op[] ops;
    private long lastRound;

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

    /**
     * True for the client's first waiting write that is looked at in a round: the ones behind it wait for it anyway,
     * and looking at each would cost the square of their number.
     */
    boolean firstWriteOf(final long round) {
        if (lastRound == round) {
            return false;
        }
        lastRound = round;
        return true;
    }

    /** The write that was looked at has left the list: the next one's turn has come. */
    void writeLeft() {
        lastRound = 0;
    }

    /** Ends whatever was accepted; no op of this client may be completed afterwards. */
    void completeAll(final int status) {
        channel.completeAll(status);
    }

    void complete(final Op op, final int status) {
        channel.complete(op.slot, status, 0);
    }
}

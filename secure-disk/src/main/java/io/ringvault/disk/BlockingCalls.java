package io.ringvault.disk;

import io.ringvault.block.StorageException;
import io.ringvault.disk.engine.Engine;
import io.ringvault.poller.AgentGroup;
import io.ringvault.poller.ThreadingMode;
import io.ringvault.ring.ClientChannel;
import io.ringvault.ring.OpCode;
import io.ringvault.ring.OpFlags;
import io.ringvault.ring.OpStatus;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The blocking face: many threads share one channel. Whoever waits and gets the lock polls for all; the others park
 * until their completion was delivered or it is their turn to poll. No thread of its own. Any thread, virtual ones too.
 */
final class BlockingCalls {
    private static final int DEPTH = 256;
    private static final int SPINS = 200;
    private static final long PARK_NS = 30_000;

    private final Engine engine;
    private final AgentGroup agents;
    private final boolean invoker;
    private final ClientChannel channel;
    private final ReentrantLock lock = new ReentrantLock();
    private final Call[] calls = new Call[DEPTH];
    private final int[] freeTokens = new int[DEPTH];
    private int freeCount = DEPTH;
    private final ClientChannel.Handler onCompletion = this::onCompletion;

    private static final class Call {
        final Thread thread = Thread.currentThread();
        volatile int status = -1;
    }

    BlockingCalls(final Engine engine, final AgentGroup agents) {
        this.engine = engine;
        this.agents = agents;
        this.invoker = agents.mode() == ThreadingMode.INVOKER;
        this.channel = engine.connect(DEPTH);
        for (int i = 0; i < DEPTH; i++) {
            freeTokens[i] = i;
        }
    }

    void read(final long offset, final MemorySegment target, final long targetOffset, final int length) {
        for (int done = 0; done < length; done += DiskClient.MAX_REQUEST_BYTES) {
            final int piece = Math.min(DiskClient.MAX_REQUEST_BYTES, length - done);
            call(OpCode.READ, offset + done, piece, target, targetOffset + done);
        }
    }

    void write(final long offset, final MemorySegment source, final long sourceOffset, final int length) {
        final int most = Math.min(DiskClient.MAX_REQUEST_BYTES, engine.writeBytesMax());
        for (int done = 0; done < length; done += most) {
            call(OpCode.WRITE, offset + done, Math.min(most, length - done), source, sourceOffset + done);
        }
    }

    void sync() {
        call(OpCode.SYNC, 0, 0, null, 0);
    }

    void trim(final long offset, final long length) {
        call(OpCode.TRIM, offset, length, null, 0);
    }

    void writeZeroes(final long offset, final long length) {
        call(OpCode.WRITE_ZEROES, offset, length, null, 0);
    }

    private void call(final int opcode, final long offset, final long length, final MemorySegment buffer,
        final long bufferOffset) {
        final Call call = new Call();
        int waits = 0;
        while (!submit(call, opcode, offset, length, buffer, bufferOffset)) {
            progress(waits++);
        }
        waits = 0;
        while (call.status < 0) {
            progress(waits++);
        }
        if (call.status != OpStatus.OK) {
            throw failure(opcode, offset, length, call.status);
        }
    }

    private StorageException failure(final int opcode, final long offset, final long length, final int status) {
        final String what = OpCode.name(opcode) + (opcode == OpCode.SYNC ? "" : " of " + length + " bytes at "
            + offset);
        final String reason = engine.poisonReason();
        return OpStatus.toException(status, status == OpStatus.POISONED && reason != null ? what + " (" + reason + ")"
            : what);
    }

    private boolean submit(final Call call, final int opcode, final long offset, final long length,
        final MemorySegment buffer,
                           final long bufferOffset) {
        lock.lock();
        try {
            if (freeCount == 0) {
                return false;
            }
            final int token = freeTokens[freeCount - 1];
            if (!channel.submit(opcode, OpFlags.NONE, offset, length, buffer, bufferOffset, token, 0)) {
                return false;
            }
            freeCount--;
            calls[token] = call;
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void progress(final int waits) {
        boolean delivered = false;
        if (lock.tryLock()) {
            try {
                if (invoker) {
                    agents.invoke();
                }
                delivered = channel.poll(onCompletion, DEPTH) > 0;
            } finally {
                lock.unlock();
            }
        }
        if (!delivered && !invoker) {
            if (waits < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(PARK_NS);
            }
            if (!agents.isRunning()) {
                throw StorageException.io("the disk's agents have ended" + (engine.poisonReason() == null ? ""
                    : ": " + engine.poisonReason()));
            }
        }
    }

    private void onCompletion(final long token, final int status, final long detail) {
        final Call call = calls[(int) token];
        calls[(int) token] = null;
        freeTokens[freeCount++] = (int) token;
        call.status = status;
        LockSupport.unpark(call.thread);
    }
}

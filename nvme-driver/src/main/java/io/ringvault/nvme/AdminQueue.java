package io.ringvault.nvme;

import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.StatusField;
import io.ringvault.nvme.spec.StatusText;

/**
 * The admin queue, one command at a time: NVM Express Base 2.1, section 5. Control plane, any thread; calls block up
 * to the time-out, spinning briefly and then parking.
 *
 * <p>After a time-out or an impossible completion the controller's state is unknown: every later command fails at once.
 */
final class AdminQueue {
    /** Entries of both admin queues. */
    static final int ENTRIES = 16;

    private static final int SPINS = 200;
    private static final long PARK_NS = 50_000;
    private static final int PAGES = 1;

    private final String uri;
    private final NvmeTransport transport;
    private final QueuePair pair;
    private final QueueMemory memory;
    private final long timeoutMs;
    private String dead;

    private boolean answered;
    private int status;
    private int result;

    AdminQueue(final String uri, final NvmeTransport transport, final QueueMemory memory,
        final QueuePair pair, final long timeoutMs) {
        this.uri = uri;
        this.transport = transport;
        this.memory = memory;
        this.pair = pair;
        this.timeoutMs = timeoutMs;
    }

    /** Memory for the queues and one page of data. */
    static QueueMemory allocate(final NvmeTransport transport) {
        return QueueMemory.allocate(transport, ENTRIES, PAGES, 0);
    }

    /** Device address of the page that Identify and the like write to. */
    long dataAddress() {
        return memory.pages().deviceAddress(0);
    }

    /** A private copy of the data page, taken once. */
    byte[] copyOfData() {
        final byte[] copy = new byte[PrpList.PAGE_BYTES];
        memory.pages().copyOut(0, copy, 0, copy.length);
        return copy;
    }

    /**
     * Zeroes the data page, so that a device that writes less than it should shows zeros and not the previous answer.
     */
    void clearData() {
        memory.pages().segment().fill((byte) 0);
    }

    /** Whether an earlier command left the controller in an unknown state. */
    synchronized boolean isDead() {
        return dead != null;
    }

    /**
     * Runs one command.
     *
     * @param what for messages, for example {@code "Identify Controller"}
     * @return dword 0 of the completion
     * @throws StorageException IO with the name of the status, or when no answer comes in time
     */
    int execute(final String what, final int opcode, final int nsid, final long prp1, final long cdw10and11,
        final int cdw12) {
        return execute(what, opcode, nsid, prp1, cdw10and11, cdw12, timeoutMs);
    }

    /** The same with a time-out of its own: formatting takes minutes. */
    synchronized int execute(final String what, final int opcode, final int nsid, final long prp1,
        final long cdw10and11, final int cdw12, final long waitMs) {
        if (dead != null) {
            throw StorageException.io("device '" + uri + "': " + what + " not sent: " + dead);
        }
        final int tracker = pair.claim();
        answered = false;
        pair.place(tracker, opcode, nsid, prp1, 0, cdw10and11, cdw12);
        pair.ring();
        await(what, waitMs);
        pair.release(tracker);
        if (!StatusField.isSuccess(status)) {
            throw StorageException.io("device '" + uri + "': " + what + " failed: " + StatusText.describe(status));
        }
        return result;
    }

    private void await(final String what, final long waitMs) {
        final long deadline = transport.nanoTime() + waitMs * 1_000_000;
        for (int i = 0; !answered; i++) {
            pair.poll(this::onCommand, 1);
            if (pair.broken()) {
                dead = "the controller answered " + what + " with an impossible completion";
                throw StorageException.io("device '" + uri + "': " + dead);
            }
            if (!answered && transport.nanoTime() - deadline > 0) {
                dead = "no answer to " + what + " within " + waitMs + " ms";
                throw StorageException.io("device '" + uri + "': " + dead);
            }
            if (i > SPINS) {
                transport.pause(PARK_NS);
            } else {
                Thread.onSpinWait();
            }
        }
    }

    private void onCommand(final int tracker, final int commandStatus, final int commandResult) {
        status = commandStatus;
        result = commandResult;
        answered = true;
    }
}

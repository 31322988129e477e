package io.ringvault.nvme;

import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.Opcode;
import io.ringvault.nvme.spec.StatusField;
import io.ringvault.nvme.spec.StatusText;

/**
 * The admin queue, one command at a time, beside requests for asynchronous events: NVM Express Base 2.1, section 5.
 * Control plane, any thread; calls block up to the time-out, spinning briefly and then parking.
 *
 * <p>After a time-out or an impossible completion the controller's state is unknown: every later command fails at once,
 * and the recovery resets the controller and makes a new admin queue over the same memory.
 */
final class AdminQueue {
    /** Entries of both admin queues. */
    static final int ENTRIES = 16;

    /** Hears of requests for events that have ended, under the controller's lock. */
    @FunctionalInterface
    interface EventListener {
        /** The completion's status and dword 0. */
        void onEvent(int status, int result);
    }

    private static final String FAULT = "a doorbell of its admin queue faulted: the registers are no longer there";
    private static final int PAGES = 1;
    private static final int COMMAND_TRACKERS = 8;

    private final String uri;
    private final QueuePair pair;
    private final QueueMemory memory;
    private final long timeoutMs;
    private final Waiter waiter;
    private final EventListener events;
    private final boolean[] isEvent = new boolean[ENTRIES];
    private final QueuePair.Listener onCommand = this::onCommand;
    private int eventsOutstanding;
    private String dead;
    private boolean brokeProtocol;

    private boolean answered;
    private int status;
    private int result;

    AdminQueue(final String uri, final QueueMemory memory, final QueuePair pair, final long timeoutMs,
               final Waiter waiter, final EventListener events) {
        this.waiter = waiter;
        this.events = events;
        this.uri = uri;
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
    int execute(final String what, final int opcode, final int nsid, final long prp1, final long cdw10and11,
                final int cdw12, final long waitMs) {
        return execute(what, opcode, nsid, prp1, 0, cdw10and11, cdw12, waitMs);
    }

    /** Runs a command that says no more than where two pages are. */
    void giveTwoPages(final String what, final int opcode, final long firstAddress, final long secondAddress) {
        execute(what, opcode, 0, firstAddress, secondAddress, 0, 0, timeoutMs);
    }

    private synchronized int execute(final String what, final int opcode, final int nsid, final long prp1,
                                     final long prp2,
                             final long cdw10and11, final int cdw12, final long waitMs) {
        if (dead != null) {
            throw StorageException.io("device '" + uri + "': " + what + " not sent: " + dead);
        }
        final int tracker = pair.claim();
        answered = false;
        pair.place(tracker, opcode, nsid, prp1, prp2, cdw10and11, cdw12);
        ring();
        await(what, waitMs);
        if (!StatusField.isSuccess(status)) {
            throw StorageException.io("device '" + uri + "': " + what + " failed: " + StatusText.describe(status));
        }
        return result;
    }

    private void await(final String what, final long waitMs) {
        final long deadline = waiter.deadline(waitMs);
        for (int turn = 0; !answered; turn++) {
            poll();
            if (dead != null) {
                throw StorageException.io("device '" + uri + "': " + dead);
            }
            if (!answered && (waiter.over(deadline) || waiter.closing())) {
                dead = waiter.closing() ? what + " was not awaited: the device is being closed"
                    : "no answer to " + what + " within " + waitMs + " ms";
                throw StorageException.io("device '" + uri + "': " + dead);
            }
            waiter.pause(turn);
        }
    }

    /** Takes what has been answered, events above all. */
    synchronized void poll() {
        if (dead == null) {
            try {
                if (pair.poll(onCommand, ENTRIES) > 0) {
                    Thread.yield();
                }
            } catch (final InternalError fault) {
                dead = FAULT;
            }
            if (pair.broken()) {
                brokeProtocol = true;
                dead = "the controller sent an impossible completion on its admin queue";
            }
        }
    }

    /** The yield makes the JVM report a fault here, and not where this thread next happens to look. */
    private void ring() {
        try {
            pair.ring();
            Thread.yield();
        } catch (final InternalError fault) {
            dead = FAULT;
        }
    }

    /** Why no more commands are sent; null while they are. */
    synchronized String death() {
        return dead;
    }

    /** Whether it died of a completion that cannot be one of its commands'. */
    synchronized boolean brokeProtocol() {
        return brokeProtocol;
    }

    /** Sends one more request for an event; false when enough are outstanding. */
    synchronized boolean requestEvent() {
        if (dead != null || eventsOutstanding >= ENTRIES - 1 - COMMAND_TRACKERS) {
            return false;
        }
        final int tracker = pair.claim();
        isEvent[tracker] = true;
        eventsOutstanding++;
        pair.place(tracker, Opcode.ASYNC_EVENT_REQUEST, 0, 0, 0, 0, 0);
        ring();
        return true;
    }

    private void onCommand(final int tracker, final int commandStatus, final int commandResult) {
        pair.release(tracker);
        if (isEvent[tracker]) {
            isEvent[tracker] = false;
            eventsOutstanding--;
            events.onEvent(commandStatus, commandResult);
        } else {
            status = commandStatus;
            result = commandResult;
            answered = true;
        }
    }
}

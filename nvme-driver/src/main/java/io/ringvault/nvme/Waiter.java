package io.ringvault.nvme;

import io.ringvault.block.StorageException;

/**
 * How the control plane waits for a controller: it spins, then rests as the transport says, up to a time limit measured
 * by the transport's clock, and gives up early when the device is being closed.
 */
final class Waiter {
    private static final int SPINS = 200;
    private static final long PARK_NS = 50_000;

    private final NvmeTransport transport;
    private volatile boolean closing;

    Waiter(final NvmeTransport transport) {
        this.transport = transport;
    }

    /** The transport's clock in ns; any origin. */
    long nowNs() {
        return transport.nanoTime();
    }

    /** The moment so many milliseconds from now, for {@link #over}. */
    long deadline(final long timeoutMs) {
        return nowNs() + timeoutMs * 1_000_000;
    }

    boolean over(final long deadlineNs) {
        return nowNs() - deadlineNs > 0;
    }

    /** Waits a little; {@code turn} counts from 0 within one wait. */
    void pause(final int turn) {
        if (turn < SPINS) {
            Thread.onSpinWait();
        } else {
            transport.pause(PARK_NS);
        }
    }

    /** From now on a recovery under way ends at its next wait. */
    void close() {
        closing = true;
    }

    boolean closing() {
        return closing;
    }

    /** @throws StorageException IO when the device is being closed */
    void checkOpen(final String uri) {
        if (closing) {
            throw StorageException.io("device '" + uri + "' was closed meanwhile");
        }
    }
}

package io.ringvault.nvme;

import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.Registers;

/**
 * A controller by its registers alone: on, off, and how it is. NVM Express Base 2.1, sections 3.5 and 3.6.
 * <pre>
 *  CC.EN = 0  --&gt; CSTS.RDY = 0   from here on it touches no memory
 *  AQA, ASQ, ACQ, CC.EN = 1 --&gt; CSTS.RDY = 1, or CSTS.CFS = 1: it does not work
 *  CC.SHN = 1 --&gt; CSTS.SHST = complete   what its cache held is durable
 * </pre>
 * Control plane, under the controller's lock; calls block up to CAP.TO and a margin.
 */
final class ControllerPower {
    private static final long READY_MARGIN_MS = 1_000;
    private static final long SHUTDOWN_MS = 10_000;

    private final String uri;
    private final NvmeTransport transport;
    private final Waiter waiter;
    private final long readyTimeoutMs;
    private boolean lettingGo;

    /** @param cap CAP, checked */
    ControllerPower(final String uri, final NvmeTransport transport, final Waiter waiter, final long cap) {
        this.uri = uri;
        this.transport = transport;
        this.waiter = waiter;
        this.readyTimeoutMs = Registers.readyTimeoutMs(cap) + READY_MARGIN_MS;
    }

    /** CSTS by one access. */
    int status() {
        return transport.read32(Registers.CSTS_OFFSET);
    }

    /**
     * Whether the controller has left the bus: not only CSTS, VS too reads as all ones; or both read as zeros, as some
     * bridges answer for a function without power. No version of the specification is numbered either way.
     */
    boolean gone() {
        final int csts = status();
        return (csts == Registers.ALL_ONES || csts == 0) && transport.read32(Registers.VS_OFFSET) == csts;
    }

    /** Disables a controller in any state: one that is just coming up is awaited first, as the standard asks. */
    void disable() {
        final int cc = transport.read32(Registers.CC_OFFSET);
        if ((cc & Registers.CC_EN) != 0 && (transport.read32(Registers.CSTS_OFFSET) & Registers.CSTS_CFS) == 0) {
            awaitReady(true, "the enabled controller never became ready, so it cannot be reset in order");
        }
        stop();
    }

    /** Disables the controller: afterwards it touches no memory. */
    void stop() {
        transport.write32(Registers.CC_OFFSET, 0);
        awaitReady(false, "CSTS.RDY did not clear after CC.EN = 0");
    }

    /** Enables a stopped controller over zeroed admin queues. */
    void enable(final QueueMemory adminMemory) {
        transport.write32(Registers.CSTS_OFFSET, Registers.CSTS_NSSRO);
        transport.write32(Registers.AQA_OFFSET, Registers.adminQueueAttributes(AdminQueue.ENTRIES, AdminQueue.ENTRIES));
        transport.write64(Registers.ASQ_OFFSET, adminMemory.submissions().deviceAddress(0));
        transport.write64(Registers.ACQ_OFFSET, adminMemory.completions().deviceAddress(0));
        transport.write32(Registers.CC_OFFSET, Registers.enable());
        awaitReady(true, "CSTS.RDY did not follow CC.EN = 1");
    }

    /** Shuts the controller down in order, so that it keeps what its cache holds, and disables it. */
    void shutdown() {
        final int csts = status();
        if ((csts & Registers.CSTS_RDY) != 0 && (csts & Registers.CSTS_CFS) == 0) {
            final int cc = transport.read32(Registers.CC_OFFSET) & ~Registers.CC_SHN_MASK;
            transport.write32(Registers.CC_OFFSET, cc | Registers.CC_SHN_NORMAL);
            final long deadline = waiter.deadline(SHUTDOWN_MS);
            int now = status();
            for (int turn = 0; now != Registers.ALL_ONES && !Registers.shutdownComplete(now)
                && !waiter.over(deadline); turn++) {
                waiter.pause(turn);
                now = status();
            }
        }
        transport.write32(Registers.CC_OFFSET, 0);
        awaitReady(false, "CSTS.RDY did not clear at shutdown");
    }

    /** From now on waits are not cut short by the device being closed: this is the close. */
    void letGo() {
        lettingGo = true;
    }

    private void awaitReady(final boolean ready, final String otherwise) {
        final long deadline = waiter.deadline(readyTimeoutMs);
        for (int turn = 0;; turn++) {
            final int csts = status();
            if (csts == Registers.ALL_ONES && gone()) {
                throw StorageException.io("device '" + uri + "': CSTS reads as all ones; the controller is gone");
            }
            if (csts != Registers.ALL_ONES && ((csts & Registers.CSTS_RDY) != 0) == ready) {
                return;
            }
            if (ready && csts != Registers.ALL_ONES && (csts & Registers.CSTS_CFS) != 0) {
                throw StorageException.io("device '" + uri + "': the controller reports a fatal state (CSTS.CFS)");
            }
            if (waiter.over(deadline)) {
                throw StorageException.io("device '" + uri + "': " + otherwise + " within " + readyTimeoutMs + " ms");
            }
            if (!lettingGo) {
                waiter.checkOpen(uri);
            }
            waiter.pause(turn);
        }
    }
}

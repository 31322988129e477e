package io.ringvault.nvme.vfiouser;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Doorbells for a server that lets nobody map them: private memory whose changes each poll passes on as messages
 * without reply. Far slower than mapped doorbells, but the driver need not know. A doorbell that was passed on is set
 * back to a value that no queue has, so that the same value can be rung again after a queue was made anew.
 *
 * <p>Any queue's owner runs it; a lock keeps the messages in order.
 */
final class DoorbellRelay {
    private static final int NOTHING = -1;
    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

    private final VfioUserConnection connection;
    private final MemorySegment doorbells;
    private final MemorySegment quiet;

    /** @param doorbells and {@code quiet}: of the same length, set to all ones here */
    DoorbellRelay(final VfioUserConnection connection, final MemorySegment doorbells, final MemorySegment quiet) {
        this.connection = connection;
        this.doorbells = doorbells.fill((byte) NOTHING);
        this.quiet = quiet.fill((byte) NOTHING);
    }

    /** Passes on what was rung since the last call. */
    void run() {
        if (doorbells.mismatch(quiet) >= 0 && connection.gone().isEmpty()) {
            passOn();
        }
    }

    private synchronized void passOn() {
        try {
            for (long at = doorbells.mismatch(quiet) & -4; at >= 0 && at < doorbells.byteSize(); at += 4) {
                final int value = (int) INT.getAcquire(doorbells, at);
                if (value != NOTHING) {
                    final long offset = RegionInfo.DOORBELLS + at;
                    connection.tell(VfioUserWire.REGION_WRITE, VfioUserWire.REGION_ACCESS_BYTES + Integer.BYTES,
                        payload -> {
                            payload.set(VfioUserWire.U64, VfioUserWire.ACCESS_OFFSET, offset);
                            payload.set(VfioUserWire.U32, VfioUserWire.ACCESS_COUNT, Integer.BYTES);
                            payload.set(VfioUserWire.U32, VfioUserWire.ACCESS_DATA, value);
                        });
                    INT.compareAndSet(doorbells, at, value, NOTHING);
                }
            }
        } catch (final IOException lost) {
            // The connection keeps the reason, and the owner learns of it by the controller's status.
            assert !connection.gone().isEmpty() : lost;
        }
    }
}

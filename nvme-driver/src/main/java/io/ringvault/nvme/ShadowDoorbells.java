package io.ringvault.nvme;

import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.spec.Opcode;
import io.ringvault.nvme.spec.Registers;
import io.ringvault.nvme.spec.Wire;
import java.lang.foreign.MemorySegment;

/**
 * The two pages of shadow doorbells and event indexes that an emulated controller may be given, so that most doorbells
 * cost no exit to it. Control plane; the queues' {@link Doorbell}s use the memory. Configured anew after each reset.
 * The admin queue keeps to its registers.
 */
final class ShadowDoorbells {
    private final MemorySegment registers;
    private final int strideBytes;
    private final DmaBuffer shadow;
    private final DmaBuffer eventIndexes;

    private ShadowDoorbells(final MemorySegment registers, final int strideBytes, final DmaBuffer shadow,
                            final DmaBuffer eventIndexes) {
        this.registers = registers;
        this.strideBytes = strideBytes;
        this.shadow = shadow;
        this.eventIndexes = eventIndexes;
    }

    /** No shadows: every doorbell is a register write. */
    static ShadowDoorbells none(final NvmeTransport transport, final int strideBytes) {
        return new ShadowDoorbells(transport.doorbells(), strideBytes, null, null);
    }

    /** Allocates the pages; without shadows when the doorbells of {@code queues} I/O queues do not fit one page. */
    static ShadowDoorbells allocate(final NvmeTransport transport, final int strideBytes, final int queues) {
        if ((2L * queues + 2) * strideBytes > PrpList.PAGE_BYTES) {
            return none(transport, strideBytes);
        }
        return new ShadowDoorbells(transport.doorbells(), strideBytes, transport.allocate(PrpList.PAGE_BYTES),
            transport.allocate(PrpList.PAGE_BYTES));
    }

    boolean inUse() {
        return shadow != null;
    }

    /** Tells a controller that was just enabled; before any I/O queue is created. */
    void configure(final AdminQueue admin) {
        if (inUse()) {
            shadow.segment().fill((byte) 0);
            eventIndexes.segment().fill((byte) 0);
            admin.giveTwoPages("Doorbell Buffer Config", Opcode.DOORBELL_BUFFER_CONFIG, shadow.deviceAddress(0),
                eventIndexes.deviceAddress(0));
        }
    }

    /** Makes a queue's shadows as new, before it is created. */
    void clear(final int queue) {
        if (inUse()) {
            for (final MemorySegment memory : new MemorySegment[] {shadow.segment(), eventIndexes.segment()}) {
                Wire.INT.setRelease(memory, Registers.submissionDoorbell(queue, strideBytes), 0);
                Wire.INT.setRelease(memory, Registers.completionDoorbell(queue, strideBytes), 0);
            }
        }
    }

    /** The tail doorbell of an I/O queue. */
    Doorbell submission(final int queue) {
        return doorbell(Registers.submissionDoorbell(queue, strideBytes));
    }

    /** The head doorbell of an I/O queue. */
    Doorbell completion(final int queue) {
        return doorbell(Registers.completionDoorbell(queue, strideBytes));
    }

    private Doorbell doorbell(final long offset) {
        return inUse() ? new Doorbell(registers, offset, shadow.segment(), eventIndexes.segment())
            : new Doorbell(registers, offset);
    }
}

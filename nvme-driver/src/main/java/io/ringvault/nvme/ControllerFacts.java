package io.ringvault.nvme;

import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.IdentifyController;
import io.ringvault.nvme.spec.Registers;
import java.lang.foreign.MemorySegment;

/**
 * What a controller says about itself, read once into private memory and checked. Nothing later asks the device again.
 *
 * @param model              printable, for people
 * @param serial             printable, for people
 * @param firmware           printable, for people
 * @param version            of the specification it implements
 * @param queueEntries       most entries of an I/O queue, 2..65536 (CAP.MQES)
 * @param doorbellStride     bytes from doorbell to doorbell (CAP.DSTRD)
 * @param commandBytes       most bytes that one read or write command may carry, a multiple of 4096
 * @param namespaces         highest namespace identifier, unsigned
 * @param volatileCache      completed writes may be lost until a flush
 * @param deallocates        Dataset Management is there
 * @param zeroes             Write Zeroes is there
 */
public record ControllerFacts(String model, String serial, String firmware, String version, int queueEntries,
                              int doorbellStride, int commandBytes, long namespaces, boolean volatileCache,
                              boolean deallocates, boolean zeroes) {

    /** CAP, checked for what this driver needs: 4 KiB pages, the NVM command set, queues of at least two entries. */
    static long checkCapabilities(final String uri, final long cap) {
        if (cap == -1L) {
            throw StorageException.io("device '" + uri
                + "': registers read as all ones; the controller is gone or powered off");
        }
        if (!Registers.nvmCommandSet(cap)) {
            throw StorageException.io("device '" + uri + "': CAP.CSS says that the NVM command set is not supported");
        }
        if (Registers.minimumPageShift(cap) > PrpList.PAGE_SHIFT) {
            throw StorageException.io("device '" + uri + "': smallest memory page is 2^"
                + Registers.minimumPageShift(cap) + " bytes; this driver uses pages of 4096");
        }
        if (Registers.maximumQueueEntries(cap) < 2) {
            throw StorageException.io("device '" + uri + "': CAP.MQES allows "
                + Registers.maximumQueueEntries(cap) + " queue entry; at least 2 are needed");
        }
        return cap;
    }

    /** The doorbells of the admin queue must be mapped; CAP says how far apart they lie. */
    static void checkDoorbells(final String uri, final long cap, final long mappedBytes) {
        final int stride = Registers.doorbellStrideBytes(cap);
        if (mappedBytes < 2L * stride) {
            throw StorageException.io("device '" + uri + "': " + mappedBytes
                + " bytes of doorbells are mapped, but CAP.DSTRD puts them " + stride + " bytes apart");
        }
    }

    /** Reads a private copy of Identify Controller. */
    static ControllerFacts of(final String uri, final long cap, final int version, final MemorySegment identify) {
        if (!IdentifyController.standardEntrySizes(identify)) {
            throw StorageException.io("device '" + uri
                + "': Identify says that queue entries of 64 and 16 bytes are not supported");
        }
        return new ControllerFacts(IdentifyController.modelNumber(identify), IdentifyController.serialNumber(identify),
            IdentifyController.firmwareRevision(identify), Registers.version(version),
            Registers.maximumQueueEntries(cap),
            Registers.doorbellStrideBytes(cap),
            commandBytes(IdentifyController.maximumTransferExponent(identify), Registers.minimumPageShift(cap)),
            IdentifyController.namespaces(identify), IdentifyController.volatileWriteCache(identify),
            IdentifyController.datasetManagement(identify), IdentifyController.writeZeroes(identify));
    }

    /** Whether this is the same controller with the same limits; its firmware may be another. */
    boolean sameControllerAs(final ControllerFacts before) {
        return new ControllerFacts(model, serial, before.firmware, before.version, queueEntries, doorbellStride,
            commandBytes, namespaces, volatileCache, deallocates, zeroes).equals(before);
    }

    /** MDTS in bytes, at most what one page of PRP entries describes. */
    static int commandBytes(final int exponent, final int pageShift) {
        final int shift = exponent + pageShift;
        return exponent == 0 || shift >= 31 ? PrpList.MAXIMUM_BYTES : Math.min(PrpList.MAXIMUM_BYTES, 1 << shift);
    }
}

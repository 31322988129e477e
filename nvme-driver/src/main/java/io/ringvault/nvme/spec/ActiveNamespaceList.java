package io.ringvault.nvme.spec;

import java.lang.foreign.MemorySegment;

/**
 * Active Namespace ID list: NVM Express Base 2.1, section 5.1.13.2.2. Up to 1024 identifiers in rising order, 0 ends
 * it. Read from a private copy only.
 */
public final class ActiveNamespaceList {
    /** Bytes of the structure. */
    public static final int LENGTH = 4096;
    /** CNS value that asks for it. */
    public static final int CNS = 0x02;
    /** Most identifiers in one list. */
    public static final int CAPACITY = LENGTH / 4;

    private ActiveNamespaceList() {
    }

    /** Identifier at {@code index} (0..1023); 0 = the list has ended. */
    public static int namespace(final MemorySegment data, final int index) {
        return data.get(Wire.U32, 4L * index);
    }
}

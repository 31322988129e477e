package io.ringvault.nvme.spec;

import java.lang.foreign.MemorySegment;

/**
 * Identify Namespace data structure of the NVM command set (CNS 05h, CSI 0), 4096 bytes: NVM Command Set 1.1, section
 * 4.1.5.3. Read from a private copy only.
 *
 * <pre>
 *  extended LBA format, 4 bytes at 12 + 4 * index:  storage tag bits 6:0, protection information format 8:7
 * </pre>
 */
public final class NamespaceProtection {
    /** CNS value that asks for it. */
    public static final int CNS = 0x05;
    /** The first extended LBA format. */
    public static final int ELBAF_OFFSET = 12;
    /** Protection information of 8 bytes with a guard of 16 bits. */
    public static final int GUARD_16 = 0;

    private NamespaceProtection() {
    }

    /** Protection information format of LBA format {@code index} (0..63): {@link #GUARD_16}, or one of others. */
    public static int format(final MemorySegment data, final int index) {
        return data.get(Wire.U32, ELBAF_OFFSET + 4L * index) >>> 7 & 3;
    }
}

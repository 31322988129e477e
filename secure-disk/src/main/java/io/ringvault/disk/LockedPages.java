package io.ringvault.disk;

import io.ringvault.crypto.SecretPages;
import io.ringvault.sys.NativeMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Pages for keys that are neither swapped nor dumped, where native access is granted and the limits allow it; plain
 * memory outside the heap otherwise, and {@link #protection} says so. Found by the module of the keys as a service. Any
 * thread.
 */
public final class LockedPages implements SecretPages {
    private volatile String protection = "off heap, nothing allocated yet";

    @Override
    public MemorySegment page() {
        if (!NativeMemory.class.getModule().isNativeAccessEnabled()) {
            protection = "off heap only (native access is not granted to " + NativeMemory.class.getModule() + ")";
            return SecretPages.PLAIN.page();
        }
        try {
            final NativeMemory memory = NativeMemory.anonymous(PAGE_BYTES);
            final boolean locked = memory.lock();
            memory.excludeFromDump();
            protection = "off heap, not in core dumps, " + (locked ? "locked" : "not locked (limit of locked memory)");
            return memory.segment();
        } catch (final IOException | RuntimeException | LinkageError unavailable) {
            protection = "off heap only (" + unavailable.getMessage() + ")";
            return SecretPages.PLAIN.page();
        }
    }

    @Override
    public String protection() {
        return protection;
    }
}

package io.ringvault.crypto;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Where keys lie: pages outside the Java heap. A port, found by {@link java.util.ServiceLoader}, so that a module with
 * native access can lock them against swapping and leave them out of core dumps; without one they are plain memory.
 * Pages are never given back: {@link Secret} reuses them. Control plane, any thread.
 */
public interface SecretPages {
    /** Length of a page. */
    int PAGE_BYTES = 4096;

    /** A zeroed page of {@link #PAGE_BYTES} bytes that lives as long as the process. */
    MemorySegment page();

    /** What the pages are protected from, for {@code info} and {@code doctor}; for example {@code locked, no dump}. */
    String protection();

    /** Plain memory outside the heap: no collector copies it, but it may be swapped or dumped. */
    SecretPages PLAIN = new SecretPages() {
        @Override
        public MemorySegment page() {
            return Arena.global().allocate(PAGE_BYTES, Long.BYTES);
        }

        @Override
        public String protection() {
            return "off heap";
        }
    };
}

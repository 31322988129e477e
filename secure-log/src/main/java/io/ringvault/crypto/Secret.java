package io.ringvault.crypto;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.ServiceLoader;

/**
 * A few secret bytes outside the Java heap, where no collector copies them; zeroed by {@link #close}. Any thread, but
 * not concurrently with {@link #close}. Not for the path of an I/O, except {@link #copy()}.
 *
 * <p>All secrets of a process share a few pages ({@link SecretPages}), in cells of 64 bytes: locked memory is scarce.
 */
public final class Secret implements AutoCloseable {
    /** Longest secret in bytes. */
    public static final int MAX_BYTES = SecretPages.PAGE_BYTES;

    private static final int CELL_BYTES = 64;
    private static final int CELLS = SecretPages.PAGE_BYTES / CELL_BYTES;
    private static final SecretPages SOURCE = ServiceLoader.load(SecretPages.class, Secret.class.getClassLoader())
        .findFirst().orElse(SecretPages.PLAIN);
    private static final List<Page> PAGES = new ArrayList<>();

    private final Page page;
    private final int firstCell;
    private final int cells;
    private final MemorySegment memory;
    private boolean closed;

    private static final class Page {
        final MemorySegment memory = SOURCE.page();
        final BitSet used = new BitSet(CELLS);
    }

    private Secret(final Page page, final int firstCell, final int cells, final int length) {
        this.page = page;
        this.firstCell = firstCell;
        this.cells = cells;
        this.memory = page.memory.asSlice((long) firstCell * CELL_BYTES, length);
    }

    /**
     * A secret with a copy of the bytes, which stay the caller's to zero.
     *
     * @throws IllegalArgumentException for none or more than {@link #MAX_BYTES}
     */
    public static Secret of(final byte[] bytes) {
        if (bytes.length < 1 || bytes.length > MAX_BYTES) {
            throw new IllegalArgumentException("a secret of " + bytes.length + " bytes, allowed 1.." + MAX_BYTES);
        }
        final Secret secret = allocate(bytes.length);
        MemorySegment.copy(bytes, 0, secret.memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return secret;
    }

    /** What all secrets of this process are protected from. */
    public static String protection() {
        return SOURCE.protection();
    }

    private static Secret allocate(final int length) {
        final int cells = (length + CELL_BYTES - 1) / CELL_BYTES;
        synchronized (PAGES) {
            for (final Page page : PAGES) {
                final int at = gap(page.used, cells);
                if (at >= 0) {
                    page.used.set(at, at + cells);
                    return new Secret(page, at, cells, length);
                }
            }
            final Page fresh = new Page();
            PAGES.add(fresh);
            fresh.used.set(0, cells);
            return new Secret(fresh, 0, cells, length);
        }
    }

    /** The first run of so many free cells, or -1. */
    private static int gap(final BitSet used, final int cells) {
        int from = used.nextClearBit(0);
        while (from + cells <= CELLS) {
            final int end = used.nextSetBit(from);
            if (end < 0 || end - from >= cells) {
                return from;
            }
            from = used.nextClearBit(end);
        }
        return -1;
    }

    /** Length in bytes. */
    public int length() {
        return (int) memory.byteSize();
    }

    /** The bytes; the caller zeroes the copy as soon as it can. */
    public byte[] copy() {
        if (closed) {
            throw new IllegalStateException("this secret was destroyed");
        }
        return memory.toArray(ValueLayout.JAVA_BYTE);
    }

    /** Whether {@link #close} was called. */
    public boolean isClosed() {
        return closed;
    }

    /** Overwrites an array. */
    public static void zero(final byte[] bytes) {
        Arrays.fill(bytes, (byte) 0);
    }

    /** Zeroes the bytes. Idempotent. */
    @Override
    public void close() {
        synchronized (PAGES) {
            if (!closed) {
                closed = true;
                memory.fill((byte) 0);
                page.used.clear(firstCell, firstCell + cells);
            }
        }
    }

    /** Says nothing. */
    @Override
    public String toString() {
        return closed ? "Secret[destroyed]" : "Secret";
    }
}

package io.ringvault.block;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The content of a simulated medium in pages of 4096 bytes. A stored page is never changed, only replaced, so a copy
 * of the image is a copy of the page table. Pages never written read as zeros. One thread.
 */
final class PagedImage {
    static final int PAGE_BYTES = 4096;

    private static final byte[] ZEROS = new byte[PAGE_BYTES];

    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long ZEROS_DIGEST = digest(ZEROS) | 1;

    private final byte[][] pages;
    /** Digest of each page, 0 = not reckoned yet; made when first asked for. */
    private long[] digests;

    PagedImage(final long sizeBytes) {
        this(new byte[Math.toIntExact((sizeBytes + PAGE_BYTES - 1) / PAGE_BYTES)][], null);
    }

    private PagedImage(final byte[][] pages, final long[] digests) {
        this.pages = pages;
        this.digests = digests;
    }

    PagedImage copy() {
        return new PagedImage(pages.clone(), digests == null ? null : digests.clone());
    }

    /** A digest of the content; copies inherit what was reckoned, so it costs what changed since. */
    long fingerprint() {
        return fingerprint(this);
    }

    /** The same; pages that {@code akin} holds too, and knows the digest of, are not reckoned again. */
    long fingerprint(final PagedImage akin) {
        if (digests == null) {
            digests = new long[pages.length];
        }
        long sum = pages.length;
        for (int i = 0; i < pages.length; i++) {
            if (digests[i] == 0) {
                final boolean known = akin.digests != null && akin.pages[i] == pages[i] && akin.digests[i] != 0;
                digests[i] = known ? akin.digests[i] : pages[i] == null ? ZEROS_DIGEST : digest(pages[i]) | 1;
            }
            sum = (sum ^ digests[i]) * 0x9E37_79B9_7F4A_7C15L;
            sum ^= sum >>> 32;
        }
        return sum;
    }

    private static long digest(final byte[] page) {
        long state = 1;
        for (int at = 0; at < PAGE_BYTES; at += Long.BYTES) {
            state = (state ^ (long) WORD.get(page, at)) * 0xBF58_476D_1CE4_E5B9L;
            state ^= state >>> 29;
        }
        return state;
    }

    /** The page that starts at {@code offset}, not to be changed. */
    byte[] page(final long offset) {
        final byte[] page = pages[(int) (offset / PAGE_BYTES)];
        return page == null ? ZEROS : page;
    }

    /** Replaces the page at {@code offset}; null for zeros. The caller never changes the array again. */
    void putPage(final long offset, final byte[] page) {
        pages[(int) (offset / PAGE_BYTES)] = page;
        if (digests != null) {
            digests[(int) (offset / PAGE_BYTES)] = 0;
        }
    }

    void read(final long offset, final byte[] target, final int targetOffset, final int length) {
        int done = 0;
        while (done < length) {
            final int within = (int) ((offset + done) % PAGE_BYTES);
            final int chunk = Math.min(length - done, PAGE_BYTES - within);
            System.arraycopy(page(offset + done), within, target, targetOffset + done, chunk);
            done += chunk;
        }
    }

    void write(final long offset, final byte[] source, final int sourceOffset, final int length) {
        int done = 0;
        while (done < length) {
            final int within = (int) ((offset + done) % PAGE_BYTES);
            final int chunk = Math.min(length - done, PAGE_BYTES - within);
            final byte[] page = chunk == PAGE_BYTES ? new byte[PAGE_BYTES] : page(offset + done).clone();
            System.arraycopy(source, sourceOffset + done, page, within, chunk);
            putPage(offset + done, page);
            done += chunk;
        }
    }

    void zero(final long offset, final long length) {
        long done = 0;
        while (done < length) {
            final int within = (int) ((offset + done) % PAGE_BYTES);
            final int chunk = (int) Math.min(length - done, PAGE_BYTES - within);
            if (chunk == PAGE_BYTES) {
                putPage(offset + done, null);
            } else {
                write(offset + done, ZEROS, 0, chunk);
            }
            done += chunk;
        }
    }

    boolean sameAs(final PagedImage other) {
        for (int i = 0; i < pages.length; i++) {
            final byte[] mine = pages[i] == null ? ZEROS : pages[i];
            final byte[] theirs = other.pages[i] == null ? ZEROS : other.pages[i];
            if (mine != theirs && !Arrays.equals(mine, theirs)) {
                return false;
            }
        }
        return pages.length == other.pages.length;
    }
}

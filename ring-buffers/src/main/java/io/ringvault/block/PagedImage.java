package io.ringvault.block;

import java.util.Arrays;

/**
 * The content of a simulated medium in pages of 4096 bytes. A stored page is never changed, only replaced, so a copy
 * of the image is a copy of the page table. Pages never written read as zeros. One thread.
 */
final class PagedImage {
    static final int PAGE_BYTES = 4096;

    private static final byte[] ZEROS = new byte[PAGE_BYTES];

    private final byte[][] pages;

    PagedImage(final long sizeBytes) {
        this(new byte[Math.toIntExact((sizeBytes + PAGE_BYTES - 1) / PAGE_BYTES)][]);
    }

    private PagedImage(final byte[][] pages) {
        this.pages = pages;
    }

    PagedImage copy() {
        return new PagedImage(pages.clone());
    }

    /** The page that starts at {@code offset}, not to be changed. */
    byte[] page(final long offset) {
        final byte[] page = pages[(int) (offset / PAGE_BYTES)];
        return page == null ? ZEROS : page;
    }

    /** Replaces the page at {@code offset}; null for zeros. The caller never changes the array again. */
    void putPage(final long offset, final byte[] page) {
        pages[(int) (offset / PAGE_BYTES)] = page;
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

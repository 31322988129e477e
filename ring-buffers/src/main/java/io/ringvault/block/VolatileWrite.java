package io.ringvault.block;

import java.util.BitSet;
import java.util.SplittableRandom;

/**
 * One write command that a simulated device has accepted and that a power failure may still take away, whole or in
 * sectors of 512 bytes. Content is captured at submission. Times are the device's event count. One thread.
 */
final class VolatileWrite {
    static final int SECTOR_BYTES = 512;

    private static final int SECTORS_PER_PAGE = PagedImage.PAGE_BYTES / SECTOR_BYTES;
    private static final int FULL_PAGE = (1 << SECTORS_PER_PAGE) - 1;

    final long offset;
    final long length;
    final long submittedAt;
    long completedAt = Long.MAX_VALUE;
    private final byte[][] pages;
    private final byte[] flat;
    private BitSet superseded;

    private VolatileWrite(final long offset, final long length, final long submittedAt, final byte[][] pages,
        final byte[] flat) {
        this.offset = offset;
        this.length = length;
        this.submittedAt = submittedAt;
        this.pages = pages;
        this.flat = flat;
    }

    /** A write of {@code length} bytes of {@code source}. */
    static VolatileWrite of(final long offset, final byte[] source, final int sourceOffset, final int length,
        final long submittedAt) {
        if (offset % PagedImage.PAGE_BYTES != 0 || length % PagedImage.PAGE_BYTES != 0) {
            final byte[] flat = new byte[length];
            System.arraycopy(source, sourceOffset, flat, 0, length);
            return new VolatileWrite(offset, length, submittedAt, null, flat);
        }
        final byte[][] pages = new byte[length / PagedImage.PAGE_BYTES][PagedImage.PAGE_BYTES];
        for (int i = 0; i < pages.length; i++) {
            System.arraycopy(source, sourceOffset + i * PagedImage.PAGE_BYTES, pages[i], 0, PagedImage.PAGE_BYTES);
        }
        return new VolatileWrite(offset, length, submittedAt, pages, null);
    }

    /** A write of zeros. */
    static VolatileWrite zeros(final long offset, final long length, final long submittedAt) {
        return new VolatileWrite(offset, length, submittedAt, null, null);
    }

    /** The same command aimed elsewhere. */
    VolatileWrite movedTo(final long newOffset) {
        if (flat == null && pages != null && newOffset % PagedImage.PAGE_BYTES != 0) {
            final byte[] joined = new byte[(int) length];
            for (int i = 0; i < pages.length; i++) {
                System.arraycopy(pages[i], 0, joined, i * PagedImage.PAGE_BYTES, PagedImage.PAGE_BYTES);
            }
            return new VolatileWrite(newOffset, length, submittedAt, null, joined);
        }
        return new VolatileWrite(newOffset, length, submittedAt, pages, flat);
    }

    VolatileWrite copy() {
        final VolatileWrite copy = new VolatileWrite(offset, length, submittedAt, pages, flat);
        copy.completedAt = completedAt;
        copy.superseded = superseded == null ? null : (BitSet) superseded.clone();
        return copy;
    }

    int sectors() {
        return (int) (length / SECTOR_BYTES);
    }

    boolean overlaps(final long otherOffset, final long otherLength) {
        return offset < otherOffset + otherLength && otherOffset < offset + length;
    }

    /** Something newer and durable covers part of this write: that part will not come back. */
    void supersede(final long newerOffset, final long newerLength) {
        final long from = Math.max(offset, newerOffset) - offset;
        final long to = Math.min(offset + length, newerOffset + newerLength) - offset;
        if (from < to) {
            if (superseded == null) {
                superseded = new BitSet(sectors());
            }
            superseded.set((int) (from / SECTOR_BYTES), (int) (to / SECTOR_BYTES));
        }
    }

    /** Stores the write, except what is superseded. */
    void applyTo(final PagedImage image) {
        if (superseded != null) {
            final BitSet sectors = new BitSet(sectors());
            sectors.set(0, sectors());
            applySectors(image, sectors);
        } else if (pages != null) {
            for (int i = 0; i < pages.length; i++) {
                image.putPage(offset + (long) i * PagedImage.PAGE_BYTES, pages[i]);
            }
        } else if (flat != null) {
            image.write(offset, flat, 0, flat.length);
        } else {
            image.zero(offset, length);
        }
    }

    /** Stores some sectors only, drawn by {@code random}; with {@code garbage} some of the others become noise. */
    void applyTorn(final PagedImage image, final SplittableRandom random, final boolean garbage) {
        final BitSet landed = new BitSet(sectors());
        if (random.nextBoolean()) {
            landed.set(0, random.nextInt(sectors() + 1));
        } else {
            for (int i = 0; i < sectors(); i++) {
                landed.set(i, random.nextBoolean());
            }
        }
        applySectors(image, landed);
        if (garbage) {
            final byte[] noise = new byte[SECTOR_BYTES];
            for (int i = landed.nextClearBit(0); i < sectors(); i = landed.nextClearBit(i + 1)) {
                if (random.nextInt(4) == 0 && (superseded == null || !superseded.get(i))) {
                    random.nextBytes(noise);
                    image.write(offset + (long) i * SECTOR_BYTES, noise, 0, SECTOR_BYTES);
                }
            }
        }
    }

    /** Stores the first {@code sectors} sectors only, or all but these. */
    void applyPart(final PagedImage image, final int sectors, final boolean head) {
        final BitSet landed = new BitSet(sectors());
        landed.set(head ? 0 : sectors, head ? sectors : sectors());
        applySectors(image, landed);
    }

    private void applySectors(final PagedImage image, final BitSet chosen) {
        if (superseded != null) {
            chosen.andNot(superseded);
        }
        if (pages == null) {
            for (int i = chosen.nextSetBit(0); i >= 0; i = chosen.nextSetBit(i + 1)) {
                final long at = offset + (long) i * SECTOR_BYTES;
                if (flat == null) {
                    image.zero(at, SECTOR_BYTES);
                } else {
                    image.write(at, flat, i * SECTOR_BYTES, SECTOR_BYTES);
                }
            }
            return;
        }
        for (int i = 0; i < pages.length; i++) {
            applyPageSectors(image, i, chosen);
        }
    }

    private void applyPageSectors(final PagedImage image, final int index, final BitSet chosen) {
        int mask = 0;
        for (int s = 0; s < SECTORS_PER_PAGE; s++) {
            mask |= chosen.get(index * SECTORS_PER_PAGE + s) ? 1 << s : 0;
        }
        final long at = offset + (long) index * PagedImage.PAGE_BYTES;
        if (mask == FULL_PAGE) {
            image.putPage(at, pages[index]);
        } else if (mask != 0) {
            final byte[] merged = image.page(at).clone();
            for (int s = 0; s < SECTORS_PER_PAGE; s++) {
                if ((mask & 1 << s) != 0) {
                    System.arraycopy(pages[index], s * SECTOR_BYTES, merged, s * SECTOR_BYTES, SECTOR_BYTES);
                }
            }
            image.putPage(at, merged);
        }
    }
}

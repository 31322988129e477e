package io.ringvault.lsm;

import io.ringvault.log.Geometry;
import io.ringvault.log.Le;

/**
 * Block of index records, sorted by LBA ({@code docs/format.md}, section 7.1): run headers of one fixed width per
 * block, so that a search is binary and decodes nothing but what it compares, then the tags. A run is n consecutive
 * LBAs of one kind; PRESENT ones lie at n consecutive slots of one generation.
 *
 * <p>Stateless; any thread. Every accessor is memory-safe on any bytes once {@link #fits(byte[])} said yes; {@link
 * #check} says whether the block is wholly sound.
 */
final class RecordBlockCodec {
    static final int RUNS_OFFSET = 0;
    static final int TAGS_OFFSET = 2;
    static final int RECORDS_OFFSET = 4;
    static final int BASE_LBA_OFFSET = 8;
    static final int BASE_GENERATION_OFFSET = 16;
    static final int LBA_WIDTH_OFFSET = 24;
    static final int GENERATION_WIDTH_OFFSET = 25;
    static final int SLOT_WIDTH_OFFSET = 26;
    static final int META_WIDTH_OFFSET = 27;
    static final int VERSION_WIDTH_OFFSET = 28;
    static final int BASE_VERSION_OFFSET = 32;
    static final int HEADERS_OFFSET = 40;

    static final int TAG_LENGTH = 16;
    static final int META_LENGTH = 3;
    /** Free bytes after the run headers, so that a header field can be read as 8 bytes. */
    static final int SLACK = 8;
    static final int MAX_PRESENT_RUN = 255;
    static final int MAX_EMPTY_RUN = 1 << 14;
    static final int MAX_LBA_WIDTH = 5;
    static final int MAX_GENERATION_WIDTH = 5;
    static final int MAX_SLOT_WIDTH = 2;
    private static final int LENGTH = Geometry.SEALED_BYTES;
    private static final long LBA_LIMIT = Memtable.MAX_LBA + 1;

    private RecordBlockCodec() {
    }

    /** Bytes that {@code runs} headers of {@code width} bytes and {@code tags} tags need. */
    static int lengthBytes(final int runs, final int width, final int tags) {
        return HEADERS_OFFSET + runs * width + Math.max(tags * TAG_LENGTH, SLACK);
    }

    /** Whether the header is in range, so that no accessor can leave the block. */
    static boolean fits(final byte[] block) {
        final int runs = runs(block);
        final int lbaWidth = block[LBA_WIDTH_OFFSET];
        final int generationWidth = block[GENERATION_WIDTH_OFFSET];
        final int slotWidth = block[SLOT_WIDTH_OFFSET];
        final int metaWidth = block[META_WIDTH_OFFSET];
        return runs > 0
            && lbaWidth >= 1 && lbaWidth <= MAX_LBA_WIDTH
            && generationWidth >= 0 && generationWidth <= MAX_GENERATION_WIDTH
            && slotWidth >= 0 && slotWidth <= MAX_SLOT_WIDTH
            && (metaWidth == 0 || metaWidth == META_LENGTH)
            && block[VERSION_WIDTH_OFFSET] == 0
            && (metaWidth != 0 || runs == tags(block))
            && lengthBytes(runs, lbaWidth + generationWidth + slotWidth + metaWidth, tags(block)) <= LENGTH;
    }

    /**
     * Looks an LBA up. Allocates nothing.
     *
     * @return {@link Lookup#FOUND} with place and tag in {@code out}, TRIMMED, LOST, ABSENT, or ERROR when the block
     * does not decode
     */
    static int find(final byte[] block, final long lba, final Found out) {
        if (!fits(block)) {
            return Lookup.ERROR;
        }
        final long delta = lba - baseLba(block);
        if (delta < 0) {
            return Lookup.ABSENT;
        }
        final int lbaWidth = block[LBA_WIDTH_OFFSET];
        final int width = width(block);
        final long mask = mask(lbaWidth);
        int low = 0;
        int high = runs(block) - 1;
        while (low < high) {
            final int middle = low + high + 1 >>> 1;
            if ((Le.getLong(block, HEADERS_OFFSET + middle * width) & mask) <= delta) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        final long into = delta - (Le.getLong(block, HEADERS_OFFSET + low * width) & mask);
        if (into < 0 || into >= count(block, low)) {
            return Lookup.ABSENT;
        }
        final int kind = kind(block, low);
        if (kind != Lookup.FOUND) {
            return kind == Lookup.TRIMMED || kind == Lookup.LOST ? kind : Lookup.ERROR;
        }
        final int tag = firstTag(block, low) + (int) into;
        if (tag >= tags(block)) {
            return Lookup.ERROR;
        }
        out.generation = generation(block, low);
        out.slot = slot(block, low) + (int) into;
        out.tag0 = tag0(block, tag);
        out.tag1 = tag1(block, tag);
        return Lookup.FOUND;
    }

    /**
     * Null when the block is sound and all its LBAs lie in {@code firstLba..lastLba}, beginning at the first; else
     * what is wrong.
     */
    static String check(final byte[] block, final long firstLba, final long lastLba) {
        if (!fits(block)) {
            return "its header is out of range";
        }
        if (baseLba(block) != firstLba) {
            return "it begins at LBA " + baseLba(block) + " though its fence is " + firstLba;
        }
        if (!Le.isZero(block, VERSION_WIDTH_OFFSET, HEADERS_OFFSET) || baseGeneration(block) < 0) {
            return "a reserved field is not zero";
        }
        final int runs = runs(block);
        long next = firstLba;
        long records = 0;
        int tags = 0;
        for (int run = 0; run < runs; run++) {
            final int kind = kind(block, run);
            final int count = count(block, run);
            final long first = lba(block, run);
            if (kind < Lookup.FOUND || kind > Lookup.LOST || count < 1) {
                return "run " + run + " has kind " + kind + " and " + count + " records";
            }
            if (first < next || first + count - 1 > lastLba || first + count > LBA_LIMIT) {
                return "run " + run + " at LBA " + first + " is out of order or beyond LBA " + lastLba;
            }
            if (kind == Lookup.FOUND) {
                if (firstTag(block, run) != tags) {
                    return "run " + run + " names tag " + firstTag(block, run) + " instead of " + tags;
                }
                tags += count;
            }
            next = first + count;
            records += count;
        }
        if (tags != tags(block) || records != Le.getInt(block, RECORDS_OFFSET)) {
            return "its counts do not add up";
        }
        final boolean clean = Le.isZero(block, HEADERS_OFFSET + runs * width(block), LENGTH - tags * TAG_LENGTH);
        return clean ? null : "bytes that nothing uses are not zero";
    }

    static int runs(final byte[] block) {
        return Le.getShort(block, RUNS_OFFSET);
    }

    static int tags(final byte[] block) {
        return Le.getShort(block, TAGS_OFFSET);
    }

    static long baseLba(final byte[] block) {
        return Le.getLong(block, BASE_LBA_OFFSET);
    }

    static long lba(final byte[] block, final int run) {
        return baseLba(block)
            + (Le.getLong(block, HEADERS_OFFSET + run * width(block)) & mask(block[LBA_WIDTH_OFFSET]));
    }

    static int kind(final byte[] block, final int run) {
        return block[META_WIDTH_OFFSET] == 0 ? Lookup.FOUND : Le.getShort(block, metaOffset(block, run) + 1) >>> 14;
    }

    /** Records of a run. */
    static int count(final byte[] block, final int run) {
        return block[META_WIDTH_OFFSET] == 0 ? 1 : (Le.getShort(block, metaOffset(block, run) + 1) & MAX_EMPTY_RUN - 1)
            + 1;
    }

    /** Index of the first tag of a PRESENT run. */
    static int firstTag(final byte[] block, final int run) {
        return block[META_WIDTH_OFFSET] == 0 ? run : Le.getByte(block, metaOffset(block, run));
    }

    static long generation(final byte[] block, final int run) {
        final int offset = HEADERS_OFFSET + run * width(block) + block[LBA_WIDTH_OFFSET];
        return baseGeneration(block) + (Le.getLong(block, offset) & mask(block[GENERATION_WIDTH_OFFSET]));
    }

    /** Slot of a run's first record. */
    static int slot(final byte[] block, final int run) {
        final int offset = HEADERS_OFFSET + run * width(block) + block[LBA_WIDTH_OFFSET]
            + block[GENERATION_WIDTH_OFFSET];
        return (int) (Le.getLong(block, offset) & mask(block[SLOT_WIDTH_OFFSET]));
    }

    static long tag0(final byte[] block, final int tag) {
        return Le.getLong(block, tagOffset(block, tag));
    }

    static long tag1(final byte[] block, final int tag) {
        return Le.getLong(block, tagOffset(block, tag) + 8);
    }

    /**
     * Stores a number's low {@code width} bytes; the caller writes headers in order, so what is behind may be
     * overwritten.
     */
    static void putNumber(final byte[] block, final int offset, final long value, final int width) {
        for (int i = 0; i < width; i++) {
            block[offset + i] = (byte) (value >>> 8 * i);
        }
    }

    private static long baseGeneration(final byte[] block) {
        return Le.getLong(block, BASE_GENERATION_OFFSET);
    }

    private static int width(final byte[] block) {
        return block[LBA_WIDTH_OFFSET] + block[GENERATION_WIDTH_OFFSET] + block[SLOT_WIDTH_OFFSET]
            + block[META_WIDTH_OFFSET];
    }

    private static int metaOffset(final byte[] block, final int run) {
        return HEADERS_OFFSET + (run + 1) * width(block) - META_LENGTH;
    }

    private static int tagOffset(final byte[] block, final int tag) {
        return LENGTH - (tags(block) - tag) * TAG_LENGTH;
    }

    private static long mask(final int width) {
        return (1L << 8 * width) - 1;
    }
}

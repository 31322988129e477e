package io.ringvault.tests.hostile;

import io.ringvault.block.DmaBuffer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Finds secrets in memory and files: every 16-byte window of every secret, at any alignment. Windows that are all one
 * byte say nothing and are left out.
 */
final class SecretIndex {
    private static final int WINDOW = 16;
    private static final int PAGE = 4096;
    private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[PAGE]);
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

    private final Set<String> known = new HashSet<>();
    private final List<String> names = new ArrayList<>();
    private long[] first = new long[1 << 12];
    private long[] second = new long[1 << 12];
    private int[] owner = new int[1 << 12];
    private int count;
    private long searchedBytes;

    /** Adds all windows of a secret of 16 bytes or more; the same secret only once. */
    void add(final String name, final byte[] secret) {
        if (!known.add(name + ":" + java.util.Arrays.hashCode(secret)) || secret.length < WINDOW) {
            return;
        }
        names.add(name);
        final MemorySegment bytes = MemorySegment.ofArray(secret);
        for (int at = 0; at + WINDOW <= secret.length; at++) {
            final long low = bytes.get(WORD, at);
            final long high = bytes.get(WORD, at + 8);
            if (low != high || low != Long.rotateLeft(low, 8)) {
                put(low, high, names.size());
            }
        }
    }

    /** Windows to look for. */
    int windows() {
        return count;
    }

    /** Bytes looked at so far. */
    long searchedBytes() {
        return searchedBytes;
    }

    private void put(final long low, final long high, final int name) {
        if (count * 2 > first.length) {
            final long[] oldFirst = first;
            final long[] oldSecond = second;
            final int[] oldOwner = owner;
            first = new long[oldFirst.length * 4];
            second = new long[first.length];
            owner = new int[first.length];
            count = 0;
            for (int i = 0; i < oldFirst.length; i++) {
                if (oldOwner[i] != 0) {
                    put(oldFirst[i], oldSecond[i], oldOwner[i]);
                }
            }
        }
        int slot = slot(low);
        while (owner[slot] != 0) {
            if (first[slot] == low && second[slot] == high) {
                return;
            }
            slot = slot + 1 & first.length - 1;
        }
        first[slot] = low;
        second[slot] = high;
        owner[slot] = name;
        count++;
    }

    private int slot(final long low) {
        return (int) (low * 0x9E37_79B9_7F4A_7C15L >>> 33) & first.length - 1;
    }

    /** What is found in the memory, or null: the name of the secret and where. Pages of zeros are passed over. */
    String find(final MemorySegment memory) {
        searchedBytes += memory.byteSize();
        final long end = memory.byteSize() - WINDOW + 1;
        String found = null;
        for (long page = 0; page < end && found == null; page += PAGE) {
            final long next = Math.min(page + PAGE, memory.byteSize());
            final boolean zero = MemorySegment.mismatch(memory, page, next, ZEROS, 0, next - page) < 0;
            found = find(memory, zero ? Math.max(page, next - WINDOW) : page, Math.min(next, end));
        }
        return found;
    }

    private String find(final MemorySegment memory, final long from, final long to) {
        for (long at = from; at < to; at++) {
            final long low = memory.get(WORD, at);
            int slot = slot(low);
            while (owner[slot] != 0) {
                if (first[slot] == low && second[slot] == memory.get(WORD, at + 8)) {
                    return names.get(owner[slot] - 1) + " at byte " + at;
                }
                slot = slot + 1 & first.length - 1;
            }
        }
        return null;
    }

    /** Throws when a secret lies in memory that the device sees. */
    void checkAbsent(final List<DmaBuffer> buffers, final String when) {
        for (int i = 0; i < buffers.size(); i++) {
            final String found = find(buffers.get(i).segment());
            if (found != null) {
                throw new AssertionError(when + ": " + found + " of DMA buffer " + i + " of " + buffers.size() + " ("
                    + buffers.get(i).lengthBytes() + " bytes)");
            }
        }
    }

    /** Throws when a secret lies in a file. */
    void checkAbsent(final Path file, final String when) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ); Arena arena = Arena.ofConfined()) {
            final String found = find(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
            if (found != null) {
                throw new AssertionError(when + ": " + found + " of " + file);
            }
        }
    }
}

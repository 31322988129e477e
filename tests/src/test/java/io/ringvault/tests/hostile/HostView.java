package io.ringvault.tests.hostile;

import io.ringvault.block.DmaBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What a controller sees of its host, and no more: all DMA memory, the addresses that registers and admin commands
 * name, and the doorbells. From that it knows where the rings are, where the newest command's data will be, and where
 * shadow doorbells lie. Belongs to a {@link HostileTransport}, under its lock.
 */
final class HostView {
    static final ValueLayout.OfInt DWORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong QWORD = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final int PAGE = 4096;

    private static final int ADMIN_SUBMISSIONS = 0x28;
    private static final int ADMIN_COMPLETIONS = 0x30;
    private static final int ADMIN_ENTRIES = 16;
    private static final int ENTRY = 64;
    private static final int CREATE_SUBMISSION_QUEUE = 0x01;
    private static final int CREATE_COMPLETION_QUEUE = 0x05;
    private static final int DOORBELL_BUFFER_CONFIG = 0x7C;

    /** A completion queue that the host has made. */
    final class Ring {
        private final int queue;
        private final MemorySegment entries;

        Ring(final int queue, final MemorySegment entries) {
            this.queue = queue;
            this.entries = entries;
        }

        int queue() {
            return queue;
        }

        int entries() {
            return (int) (entries.byteSize() / 16);
        }

        /** Where the host looks next, as its doorbell tells. */
        int head() {
            return doorbell(2L * queue + 1);
        }

        int get(final int slot, final int word) {
            return entries.get(DWORD, 16L * slot + 4L * word);
        }

        void set(final int slot, final int word, final int value) {
            entries.set(DWORD, 16L * slot + 4L * word, value);
        }
    }

    private final MemorySegment doorbells;
    private final List<DmaBuffer> buffers = new ArrayList<>();
    private final List<Ring> rings = new ArrayList<>();
    private final Map<Integer, Integer> tails = new HashMap<>();
    private MemorySegment adminSubmissions;
    private MemorySegment shadows;
    private MemorySegment eventIndexes;
    private int strideBytes = 4;

    HostView(final MemorySegment doorbells) {
        this.doorbells = doorbells;
    }

    /** CAP as the host has read it: it says how far apart doorbells lie. */
    void capabilities(final long cap) {
        strideBytes = 4 << (int) (cap >>> 32 & 0xF);
    }

    void allocated(final DmaBuffer buffer) {
        buffers.add(buffer);
    }

    List<DmaBuffer> buffers() {
        return buffers;
    }

    /** The host tells where the admin queues are. */
    void register(final int offset, final long value) {
        if (offset == ADMIN_SUBMISSIONS) {
            adminSubmissions = memory(value);
            shadows = null;
            tails.clear();
        } else if (offset == ADMIN_COMPLETIONS) {
            rings.clear();
            addRing(0, value, ADMIN_ENTRIES);
        }
    }

    private int doorbell(final long number) {
        final long at = number * strideBytes;
        return at + 4 <= doorbells.byteSize() ? doorbells.get(DWORD, at) : 0;
    }

    /** Whether the host has said where its admin queues are. */
    boolean isUp() {
        return adminSubmissions != null && !rings.isEmpty();
    }

    private int newestAdminSlot() {
        return Math.floorMod(doorbell(0) - 1, ADMIN_ENTRIES);
    }

    /** What the newest admin command asks for. */
    int newestAdminOpcode() {
        return opcode(newestAdminSlot());
    }

    /** The newest admin command. */
    MemorySegment newestAdminCommand() {
        return adminSubmissions.asSlice((long) ENTRY * newestAdminSlot(), ENTRY);
    }

    /** The newest command of the I/O queue that the admin entry at {@code slot} has made, or null. */
    MemorySegment newestCommand(final int slot) {
        if (adminSubmissions == null || opcode(slot) != CREATE_SUBMISSION_QUEUE) {
            return null;
        }
        final int size = adminSubmissions.get(DWORD, (long) ENTRY * slot + 40);
        final MemorySegment ring = memory(adminSubmissions.get(QWORD, (long) ENTRY * slot + 24));
        if (ring == null || ring.byteSize() < ENTRY) {
            return null;
        }
        final int entries = (int) Math.min((size >>> 16) + 1, ring.byteSize() / ENTRY);
        return ring.asSlice((long) ENTRY * Math.floorMod(doorbell(2L * (size & 0xFFFF)) - 1, entries), ENTRY);
    }

    /** Tells of each I/O command that has been handed over since the last call, by its queue's doorbell. */
    void newCommands(final Consumer<MemorySegment> hears) {
        for (int slot = 0; adminSubmissions != null && slot < ADMIN_ENTRIES; slot++) {
            if (opcode(slot) != CREATE_SUBMISSION_QUEUE) {
                continue;
            }
            final int size = adminSubmissions.get(DWORD, (long) ENTRY * slot + 40);
            final int queue = size & 0xFFFF;
            final int entries = (size >>> 16) + 1;
            final MemorySegment ring = memory(adminSubmissions.get(QWORD, (long) ENTRY * slot + 24));
            final int tail = doorbell(2L * queue);
            int at = tails.getOrDefault(queue, 0);
            while (at != tail && tail < entries) {
                hears.accept(ring.asSlice((long) ENTRY * at, ENTRY));
                at = (at + 1) % entries;
            }
            tails.put(queue, at);
        }
    }

    /** Where a command's data begin, to the end of the buffer; null where that is nowhere. */
    MemorySegment data(final MemorySegment command) {
        return memory(command.get(QWORD, 24));
    }

    private int opcode(final int slot) {
        return adminSubmissions.get(DWORD, (long) ENTRY * slot) & 0xFF;
    }

    /** Whether the host has given shadow doorbells since it was last enabled. */
    boolean shadowed() {
        if (adminSubmissions != null && newestAdminOpcode() == DOORBELL_BUFFER_CONFIG) {
            shadows = memory(newestAdminCommand().get(QWORD, 24));
            eventIndexes = memory(newestAdminCommand().get(QWORD, 32));
        }
        return shadows != null && eventIndexes != null && shadows.byteSize() >= PAGE
            && eventIndexes.byteSize() >= PAGE;
    }

    /** The page of shadow doorbells or the one of event indexes; where {@link #shadowed}. */
    MemorySegment shadowPage(final boolean ofEventIndexes) {
        return ofEventIndexes ? eventIndexes : shadows;
    }

    /** All completion rings; new ones are found in the admin queue's memory. */
    List<Ring> rings() {
        for (int slot = 0; adminSubmissions != null && slot < ADMIN_ENTRIES; slot++) {
            if (opcode(slot) == CREATE_COMPLETION_QUEUE) {
                final int size = adminSubmissions.get(DWORD, (long) ENTRY * slot + 40);
                addRing(size & 0xFFFF, adminSubmissions.get(QWORD, (long) ENTRY * slot + 24), (size >>> 16) + 1);
            }
        }
        return rings;
    }

    private void addRing(final int queue, final long address, final int entries) {
        final MemorySegment memory = memory(address);
        if (memory != null && memory.byteSize() >= 16 && rings.stream().noneMatch(ring -> ring.queue == queue
            && ring.entries.address() == memory.address())) {
            rings.removeIf(ring -> ring.queue == queue);
            rings.add(new Ring(queue, memory.asSlice(0, Math.min(16L * entries, memory.byteSize()))));
        }
    }

    /** From an address to the end of its buffer, or null. */
    private MemorySegment memory(final long address) {
        for (final DmaBuffer buffer : buffers) {
            final long offset = address - buffer.deviceAddress(0);
            if (offset >= 0 && offset < buffer.lengthBytes()) {
                return buffer.segment().asSlice(offset);
            }
        }
        return null;
    }
}

package io.ringvault.lsm;

import io.ringvault.block.StorageException;
import io.ringvault.log.Geometry;
import io.ringvault.log.ObjectReader;
import io.ringvault.log.ObjectSink;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Object segments in memory: sink, asynchronous reader and synchronous loader, with damage, delays and gaps between
 * slots.
 */
final class ObjectStore implements ObjectSink, ObjectReader, BlockLoader {
    record Place(long generation, int slot) {
    }

    private record Stored(int kind, long objectId, int ordinal, byte[] plain) {
    }

    private record Read(byte[] target, byte[] plain, int[] delay) {
    }

    private static final int SEGMENT_BLOCKS = 64;

    private final Random random;
    private final Map<Place, Stored> blocks = new HashMap<>();
    private final Set<Place> damaged = new HashSet<>();
    private final Map<Integer, Read> reads = new HashMap<>();
    private int nextTicket;
    private long generation = 1_000_000;
    private int slot;
    boolean erratic;
    int appended;

    ObjectStore(final Random random) {
        this.random = random;
    }

    void damage(final long atGeneration, final int atSlot) {
        damaged.add(new Place(atGeneration, atSlot));
    }

    int damagedCount() {
        return damaged.size();
    }

    int readsInFlight() {
        return reads.size();
    }

    byte[] plain(final long atGeneration, final int atSlot) {
        return blocks.get(new Place(atGeneration, atSlot)).plain;
    }

    @Override
    public int available() {
        return erratic && random.nextInt(3) == 0 ? 0 : 1;
    }

    @Override
    public void append(final int kind, final long objectId, final int ordinal, final byte[] plain4080) {
        slot += erratic && random.nextInt(8) == 0 ? 2 : 1;
        if (slot >= SEGMENT_BLOCKS) {
            generation++;
            slot = 1;
        }
        appended++;
        if (plain4080.length != Geometry.SEALED_BYTES) {
            throw new AssertionError("a block of " + plain4080.length + " bytes");
        }
        blocks.put(new Place(generation, slot), new Stored(kind, objectId, ordinal, plain4080.clone()));
    }

    @Override
    public long lastGeneration() {
        return generation;
    }

    @Override
    public int lastSlot() {
        return slot;
    }

    @Override
    public int lastSegment() {
        return (int) (generation - 1_000_000);
    }

    @Override
    public long lastSession() {
        return 1;
    }

    @Override
    public int start(final int kind, final long objectId, final int ordinal, final long atGeneration, final int atSlot,
                     final byte[] target4080) {
        if (erratic && random.nextInt(4) == 0) {
            return -1;
        }
        final int delay = erratic ? random.nextInt(4) : 0;
        reads.put(nextTicket,
            new Read(target4080, open(kind, objectId, ordinal, atGeneration, atSlot), new int[] {delay}));
        return nextTicket++;
    }

    @Override
    public int state(final int ticket) {
        final Read read = reads.get(ticket);
        if (read.delay[0]-- > 0) {
            return PENDING;
        }
        reads.remove(ticket);
        if (read.plain == null) {
            java.util.Arrays.fill(read.target, (byte) 0);
            return FAILED;
        }
        System.arraycopy(read.plain, 0, read.target, 0, read.plain.length);
        return READY;
    }

    @Override
    public void load(final int kind, final long objectId, final int ordinal, final long atGeneration, final int atSlot,
                     final byte[] target4080) {
        final byte[] plain = open(kind, objectId, ordinal, atGeneration, atSlot);
        if (plain == null) {
            throw StorageException.integrity("bad tag at " + atGeneration + "/" + atSlot);
        }
        System.arraycopy(plain, 0, target4080, 0, plain.length);
    }

    /**
     * The plaintext, or null for a bad tag: damage, a wrong place, or other associated data than it was sealed with.
     */
    private byte[] open(final int kind, final long objectId, final int ordinal, final long atGeneration,
        final int atSlot) {
        final Place place = new Place(atGeneration, atSlot);
        final Stored stored = blocks.get(place);
        if (stored == null || damaged.contains(place)) {
            return null;
        }
        if (stored.kind != kind || stored.objectId != objectId || stored.ordinal != ordinal) {
            throw new AssertionError("block " + kind + "/" + objectId + "/" + ordinal + " asked for where " + stored
                + " lies");
        }
        return stored.plain;
    }
}

package io.ringvault.tests.adversary;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.log.Geometry;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** One change of a medium at rest, drawn by a seed, aimed at one kind of block. One thread. */
final class Edit {
    /** What is done to the blocks. */
    enum Attack {
        FLIP_BIT, NOISE_IN_SECTOR, ZERO, SWAP, SPLICE, REPLAY_BLOCK, REPLAY_REGION, REPLAY_IMAGE, REPLAY_ALL_BUT,
        CUT_CHAIN, OTHER_VOLUME, FORKED_CLONE
    }

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int SECTOR = 512;
    private static final Attack[] COMMON = {Attack.FLIP_BIT, Attack.FLIP_BIT, Attack.FLIP_BIT, Attack.NOISE_IN_SECTOR,
        Attack.NOISE_IN_SECTOR, Attack.ZERO, Attack.SWAP, Attack.SWAP, Attack.SPLICE, Attack.SPLICE,
        Attack.REPLAY_BLOCK, Attack.REPLAY_REGION, Attack.REPLAY_REGION, Attack.REPLAY_IMAGE,
        Attack.REPLAY_ALL_BUT, Attack.REPLAY_ALL_BUT,
        Attack.CUT_CHAIN, Attack.OTHER_VOLUME, Attack.FORKED_CLONE};

    private final Target target;
    private final Random random;
    private final SimulatedDevice medium;
    private final long total;
    private final long main;
    /** The kind of block that it is aimed at. */
    final String aim;
    final Attack attack;
    private long hash;
    private int changed;
    private String where;

    Edit(final Target target, final long seed) {
        this.target = target;
        random = new Random(seed);
        medium = target.copy(seed);
        total = target.kind.deviceBytes() / BLOCK;
        aim = target.kinds.get(random.nextInt(target.kinds.size()));
        main = any(aim);
        attack = draw();
        hash = target.name.hashCode();
        where = attack + " of block " + main + " (" + aim + ")";
        apply();
    }

    /** Without an anchor a whole older image is as good as the newest one: nothing there could tell. */
    private Attack draw() {
        Attack drawn = COMMON[random.nextInt(COMMON.length)];
        while (target.anchor == null && (drawn == Attack.REPLAY_IMAGE || drawn == Attack.REPLAY_ALL_BUT)) {
            drawn = COMMON[random.nextInt(COMMON.length)];
        }
        return drawn;
    }

    /** One of the blocks of a kind, rather a newer one. */
    private long any(final String kind) {
        final List<Long> blocks = target.blocks.get(kind);
        final double newer = random.nextDouble();
        return blocks.get((int) (blocks.size() * newer * newer));
    }

    private void apply() {
        final SimulatedDevice source = target.older.get(random.nextInt(target.older.size()));
        switch (attack) {
            case FLIP_BIT -> {
                final byte[] block = content(main);
                block[random.nextInt(BLOCK)] ^= (byte) (1 << random.nextInt(8));
                put(main, block);
            }
            case NOISE_IN_SECTOR -> {
                final byte[] block = content(main);
                final byte[] noise = new byte[SECTOR];
                random.nextBytes(noise);
                System.arraycopy(noise, 0, block, random.nextInt(BLOCK / SECTOR) * SECTOR, SECTOR);
                put(main, block);
            }
            case ZERO -> put(main, new byte[BLOCK]);
            case SWAP -> {
                final long other = random.nextInt(4) == 0 ? random.nextLong(total) : any(aim);
                final byte[] kept = content(main);
                put(main, content(other));
                put(other, kept);
            }
            case SPLICE -> put(main, content(random.nextInt(4) == 0 ? random.nextLong(total) : any(aim)));
            case REPLAY_BLOCK -> copy(source, main, 1);
            case REPLAY_REGION -> {
                final long first = Math.max(0, main - random.nextInt(16));
                copy(source, first, Math.min(1 << random.nextInt(8), total - first));
            }
            case REPLAY_IMAGE -> {
                copy(source, 0, total);
                final byte[] damaged = content(main);
                damaged[random.nextInt(BLOCK)] ^= (byte) (random.nextBoolean() ? 0 : 1);
                put(main, damaged);
            }
            case REPLAY_ALL_BUT -> {
                final long first = Math.max(0, main - random.nextInt(32));
                final long count = Math.min(1 << random.nextInt(7), total - first);
                copy(source, 0, first);
                copy(source, first + count, total - first - count);
            }
            case CUT_CHAIN -> cutChain();
            case OTHER_VOLUME -> {
                final long first = Math.max(0, main - random.nextInt(3));
                copy(target.foreign, first, Math.min(1 << random.nextInt(6), total - first));
            }
            case FORKED_CLONE -> {
                final long first = Math.max(0, main - random.nextInt(8));
                copyFork(first, Math.min(1 << random.nextInt(9), total - first));
            }
        }
    }

    /** From a summary on, everything of some segments is gone, or is what it was. */
    private void cutChain() {
        final List<String> summaries = target.kinds.stream().filter(kind -> kind.endsWith("summary")).toList();
        final long at = any(summaries.get(random.nextInt(summaries.size())));
        final int segmentBlocks = target.kind.geometry().segmentBlocks();
        final long inSegment = (at - Geometry.FIRST_SEGMENT_BLOCK) % segmentBlocks;
        final long end = Math.min(at - inSegment + (long) segmentBlocks * (1 + random.nextInt(3)), total);
        final SimulatedDevice source = target.older.get(random.nextInt(target.older.size()));
        final boolean zero = random.nextBoolean();
        where += ", from " + at + " to " + end;
        for (long block = at; block < end; block++) {
            put(block, zero ? new byte[BLOCK] : source.content(block * BLOCK, BLOCK));
        }
    }

    private byte[] content(final long block) {
        return medium.content(block * BLOCK, BLOCK);
    }

    private void copy(final SimulatedDevice source, final long first, final long count) {
        for (long block = first; block < first + count; block++) {
            put(block, source.content(block * BLOCK, BLOCK));
        }
    }

    /** Without an anchor the slots of a clone that went further are as good as the volume's own. */
    private void copyFork(final long first, final long count) {
        final Geometry geometry = target.kind.geometry();
        for (long block = first; block < first + count; block++) {
            if (target.anchor != null || block != geometry.slotBlock(0) && block != geometry.slotBlock(1)) {
                copy(target.fork, block, 1);
            }
        }
    }

    private void put(final long block, final byte[] bytes) {
        if (!Arrays.equals(bytes, content(block))) {
            medium.edit(block * BLOCK, bytes);
            changed++;
            hash = (hash * 31 + block) * 0x9E37_79B9_7F4A_7C15L ^ Arrays.hashCode(bytes);
        }
    }

    /** The medium afterwards. */
    SimulatedDevice medium() {
        return medium;
    }

    /** Whether anything is different. */
    boolean effective() {
        return changed > 0;
    }

    /** Of image and edit. */
    long hash() {
        return hash;
    }

    @Override
    public String toString() {
        return target.name + ": " + where + ", " + changed + " blocks changed";
    }
}

package io.ringvault.tests.adversary;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.log.Geometry;
import io.ringvault.log.ObjectKind;
import io.ringvault.log.PrefaceCodec;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.tests.harness.WatchedCipher;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An AEAD that remembers what kind of block was sealed for which place, so that the adversary can aim: it knows what
 * every block of a volume is, as somebody with the key would. One thread.
 */
final class SealLog extends WatchedCipher {
    private static final int BLOCK = Geometry.BLOCK_BYTES;

    private final Map<Long, Integer> kinds = new HashMap<>();

    @Override
    protected void sealing(final long generation, final int slot, final byte[] aad, final byte[] plain,
        final int plainLength) {
        kinds.put(place(generation, slot), (int) aad[0]);
    }

    private static long place(final long generation, final int slot) {
        return generation << 16 | slot;
    }

    /** Every block of the medium that holds anything, by what it is, the newest generation first. */
    Map<String, List<Long>> blocksByKind(final SimulatedDevice medium, final Geometry geometry) {
        final Map<String, List<Long>> found = new TreeMap<>();
        for (int which = 0; which < 2; which++) {
            found.computeIfAbsent("header", name -> new ArrayList<>()).add(geometry.headerBlock(which));
            found.computeIfAbsent("superblock slot", name -> new ArrayList<>()).add(geometry.slotBlock(which));
        }
        final List<Integer> segments = new ArrayList<>();
        for (int segment = 0; segment < geometry.segmentCount(); segment++) {
            segments.add(segment);
        }
        segments.sort(Comparator.comparingLong((Integer segment) -> PrefaceCodec.generation(
            medium.content(geometry.blockOf(segment, 0) * BLOCK, BLOCK), 0)).reversed());
        for (final int segment : segments) {
            final byte[] preface = medium.content(geometry.blockOf(segment, 0) * BLOCK, BLOCK);
            final long generation = PrefaceCodec.generation(preface, 0);
            if (generation == 0) {
                continue;
            }
            found.computeIfAbsent("preface", name -> new ArrayList<>()).add(geometry.blockOf(segment, 0));
            final String stream = switch (PrefaceCodec.purpose(preface, 0)) {
                case SegmentPurpose.USER -> "user ";
                case SegmentPurpose.RELOCATION -> "relocation ";
                default -> "";
            };
            for (int slot = 1; slot < geometry.segmentBlocks(); slot++) {
                final Integer kind = kinds.get(place(generation, slot));
                if (kind != null) {
                    found.computeIfAbsent(stream + ObjectKind.describe(kind), name -> new ArrayList<>())
                        .add(geometry.blockOf(segment, slot));
                }
            }
        }
        return found;
    }
}

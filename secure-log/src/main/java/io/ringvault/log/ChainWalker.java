package io.ringvault.log;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.AeadKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Follows one session's commit chain over an image (protocol rules 25 and 26). Reads only; control plane, one thread.
 *
 * <p>Security: nothing but the session's key decides whether a block is the next summary. What an authentic summary
 * says is still range-checked before it is used, so that a defect of a writer becomes a typed error and not a wild
 * read. The walk ends by itself: sequences rise by one, and a place can hold one summary only.
 */
final class ChainWalker {
    private final Geometry geometry;
    private final BlockSealer sealer;
    private final AeadKey key;
    private final ReadAhead reader;
    private final byte[] sealed = new byte[Geometry.BLOCK_BYTES];
    private final byte[] plain = new byte[Geometry.SEALED_BYTES];
    private final Map<Long, Place> announced = new LinkedHashMap<>();
    private long highestGeneration;
    private long scanMark = -1;
    private long scanSequence = -1;

    ChainWalker(final BlockSource source, final Geometry geometry, final BlockSealer sealer, final AeadKey key) {
        this.geometry = geometry;
        this.sealer = sealer;
        this.key = key;
        reader = new ReadAhead(source);
    }

    /**
     * Walks from chunk {@code from}, which lies at one of {@code candidates} and follows the given tag, to the end.
     *
     * @throws StorageException INTEGRITY when an authentic summary contradicts itself or its predecessor
     */
    List<WalkedChunk> walk(final long from, final long previousTag0, final long previousTag1,
            final List<Place> candidates) {
        final List<WalkedChunk> chunks = new ArrayList<>();
        for (final Place candidate : candidates) {
            final String problem = Places.problem(geometry, candidate.generation(), candidate.segment(),
                candidate.slot());
            if (problem != null) {
                throw StorageException.integrity("the superblock slot names an impossible place for chunk " + from
                    + ": " + problem);
            }
            announce(candidate);
        }
        List<Place> places = candidates;
        long tag0 = previousTag0;
        long tag1 = previousTag1;
        WalkedChunk last = null;
        while (true) {
            final WalkedChunk next = next(last == null ? from : last.sequence() + 1, tag0, tag1, places);
            if (next == null) {
                return chunks;
            }
            if (last != null && (last.isCommit() ? next.epoch() <= last.epoch() : next.epoch() != last.epoch())) {
                throw StorageException.integrity("LogDamaged: " + next + " follows " + last + ", which "
                    + (last.isCommit() ? "ended" : "did not end") + " its epoch. Nothing was written");
            }
            chunks.add(next);
            last = next;
            tag0 = next.tag0();
            tag1 = next.tag1();
            places = places(next.summary());
            note(next.summary(), places);
        }
    }

    /**
     * Looks for authentic summaries of this session behind the end of a walk: from the places where the next chunk
     * should have been to the ends of their segments, and on into segments that such summaries name; at most {@code
     * maxBlocks} from each place, since all that a writer had beyond its durable mark lies within that of where the
     * chain could go on.
     *
     * @param end    sequence of the last chunk that was walked
     * @param places where the next one should have been
     */
    void scanBehind(final long end, final List<Place> places, final int maxBlocks) {
        final List<Place> work = new ArrayList<>(places);
        final Set<Place> seen = new HashSet<>();
        for (int i = 0; i < work.size(); i++) {
            final Place start = work.get(i);
            final int limit = (int) Math.min(geometry.segmentBlocks(), (long) start.slot() + maxBlocks);
            int slot = start.slot();
            while (slot < limit) {
                final Place at = new Place(start.generation(), start.segment(), slot);
                if (!seen.add(at)) {
                    break;
                }
                slot++;
                if (open(at) && SummaryCodec.sequence(plain) > end) {
                    check(at);
                    if (SummaryCodec.durableMark(plain) > scanMark) {
                        scanMark = SummaryCodec.durableMark(plain);
                        scanSequence = SummaryCodec.sequence(plain);
                    }
                    final List<Place> further = places(plain);
                    note(plain, further);
                    work.addAll(further);
                    slot += SummaryCodec.dataCount(plain);
                }
            }
        }
    }

    /** The highest durable mark that {@link #scanBehind} met, or -1. */
    long scanMark() {
        return scanMark;
    }

    /** The sequence of the summary that holds {@link #scanMark}. */
    long scanSequence() {
        return scanSequence;
    }

    /** Every segment life that was named as the place of a next chunk or of objects, with the last slot named. */
    List<Place> announced() {
        return List.copyOf(announced.values());
    }

    /** The highest generation that any summary named, or 0. */
    long highestGeneration() {
        return highestGeneration;
    }

    /** The next places of a summary that was checked. */
    static List<Place> places(final byte[] summary) {
        final List<Place> places = new ArrayList<>(SummaryCodec.nextCount(summary));
        for (int i = 0; i < SummaryCodec.nextCount(summary); i++) {
            places.add(new Place(SummaryCodec.nextGeneration(summary, i), SummaryCodec.nextSegment(summary, i),
                SummaryCodec.nextSlot(summary, i)));
        }
        return places;
    }

    private WalkedChunk next(final long sequence, final long previousTag0, final long previousTag1,
            final List<Place> places) {
        for (final Place at : places) {
            if (open(at) && SummaryCodec.sequence(plain) == sequence && SummaryCodec.previousTag0(plain) == previousTag0
                    && SummaryCodec.previousTag1(plain) == previousTag1) {
                check(at);
                final int used = SummaryCodec.CELL_OFFSET + SummaryCodec.cellCount(plain) * SummaryCodec.CELL_BYTES;
                return new WalkedChunk(sequence, SummaryCodec.epoch(plain), SummaryCodec.flags(plain), at.generation(),
                    at.segment(),
                    at.slot(), Le.getLong(sealed, Geometry.SEALED_BYTES), Le.getLong(sealed, Geometry.SEALED_BYTES + 8),
                    Arrays.copyOf(plain, used));
            }
        }
        return null;
    }

    /** A block that cannot be read does not verify: torn sectors may report so (rule 26 decides what that means). */
    private boolean open(final Place at) {
        return reader.read(geometry.blockOf(at.segment(), at.slot()), geometry.segmentBlocks() - at.slot(), sealed)
            && sealer.openBlock(key, ObjectKind.SUMMARY, 0, 0, at.generation(), at.slot(), sealed, plain);
    }

    private void check(final Place at) {
        final String problem = SummaryCheck.problem(plain, at.slot(), geometry);
        if (problem != null) {
            throw StorageException.integrity("LogDamaged: the summary of chunk " + SummaryCodec.sequence(plain)
                + " at " + at
                + " is authentic but makes no sense: " + problem + ". Nothing was written");
        }
    }

    private void note(final byte[] summary, final List<Place> places) {
        for (final Place place : places) {
            announce(place);
        }
        for (int i = 0; i < SummaryCodec.cellCount(summary); i++) {
            if (SummaryCodec.cellType(summary, i) == SummaryCodec.SEGMENT_OPEN) {
                announce(new Place(SummaryCodec.cellA(summary, i), (int) SummaryCodec.cellLow(summary, i), 1));
            }
        }
    }

    private void announce(final Place place) {
        announced.put(place.generation(), place);
        highestGeneration = Math.max(highestGeneration, place.generation());
    }
}

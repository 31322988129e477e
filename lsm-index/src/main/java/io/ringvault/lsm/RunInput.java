package io.ringvault.lsm;

import io.ringvault.log.ObjectReader;

import java.util.List;

/**
 * Disjoint tables in key order as one merge input. A block that cannot be read becomes a LOST range over its span
 * (rule 47).
 */
final class RunInput extends MergeInput {
    private final BlockStream points;
    private final BlockStream ranges;
    private int run;
    private int intoRun;
    private boolean inRangeBlock;
    private int range;
    private boolean pointKnown;
    private boolean rangeKnown;

    RunInput(final List<Table> tables) {
        points = new BlockStream(tables, false);
        ranges = new BlockStream(tables, true);
    }

    @Override
    boolean settle(final ObjectReader reader) {
        if (!pointKnown && lostFirst == NONE) {
            settlePoint(reader);
        }
        if (!rangeKnown) {
            settleRange(reader);
        }
        settled = (pointKnown || lostFirst != NONE) && rangeKnown;
        return settled;
    }

    @Override
    void nextPoint() {
        intoRun++;
        if (intoRun == RecordBlockCodec.count(points.block(), run)) {
            intoRun = 0;
            run++;
        }
        if (run == RecordBlockCodec.runs(points.block())) {
            points.consume();
            pointKnown = false;
            settled = false;
            noPoint();
            return;
        }
        loadPoint();
    }

    @Override
    void nextRange() {
        range++;
        if (inRangeBlock && range < RangeBlockCodec.count(ranges.block())) {
            loadRange();
            return;
        }
        if (inRangeBlock) {
            ranges.consume();
            inRangeBlock = false;
        }
        rangeKnown = false;
        settled = false;
        noRange();
    }

    @Override
    boolean isCounted() {
        return true;
    }

    @Override
    boolean drain(final ObjectReader reader) {
        return points.drain(reader) & ranges.drain(reader);
    }

    private void settlePoint(final ObjectReader reader) {
        switch (points.poll(reader)) {
            case BlockStream.READY -> {
                run = 0;
                intoRun = 0;
                pointKnown = true;
                loadPoint();
            }
            case BlockStream.FAILED -> {
                lostFirst = points.spanFirst();
                lostLast = points.spanLast();
                lostBlocks++;
                points.consume();
                noPoint();
            }
            case BlockStream.END -> {
                pointKnown = true;
                noPoint();
            }
            default -> noPoint();
        }
    }

    private void settleRange(final ObjectReader reader) {
        switch (ranges.poll(reader)) {
            case BlockStream.READY -> {
                inRangeBlock = true;
                range = 0;
                rangeKnown = true;
                loadRange();
            }
            case BlockStream.FAILED -> {
                rangeFirst = ranges.spanFirst();
                rangeLast = ranges.spanLast();
                rangeKind = Lookup.LOST;
                rangeKnown = true;
                lostBlocks++;
                ranges.consume();
            }
            case BlockStream.END -> {
                rangeKnown = true;
                noRange();
            }
            default -> noRange();
        }
    }

    private void loadPoint() {
        final byte[] block = points.block();
        pointLba = RecordBlockCodec.lba(block, run) + intoRun;
        pointKind = RecordBlockCodec.kind(block, run);
        if (pointKind == Lookup.FOUND) {
            final int tag = RecordBlockCodec.firstTag(block, run) + intoRun;
            pointGeneration = RecordBlockCodec.generation(block, run);
            pointSlot = RecordBlockCodec.slot(block, run) + intoRun;
            pointTag0 = RecordBlockCodec.tag0(block, tag);
            pointTag1 = RecordBlockCodec.tag1(block, tag);
        }
    }

    private void loadRange() {
        rangeFirst = RangeBlockCodec.first(ranges.block(), range);
        rangeLast = RangeBlockCodec.last(ranges.block(), range);
        rangeKind = RangeBlockCodec.kind(ranges.block(), range);
    }
}

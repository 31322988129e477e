package io.ringvault.disk.volume;

import io.ringvault.block.StorageException;
import io.ringvault.crypto.AeadKey;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.Geometry;
import io.ringvault.log.Le;
import io.ringvault.log.ObjectKind;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.log.SegmentState;
import io.ringvault.log.SegmentTable;
import io.ringvault.log.SummaryCheck;
import io.ringvault.log.SummaryCodec;
import io.ringvault.lsm.BlockCache;
import io.ringvault.lsm.Found;
import io.ringvault.lsm.IndexVersion;
import io.ringvault.lsm.Lookup;
import io.ringvault.lsm.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Reads and authenticates everything that is live in a volume: checkpoint, log, every block of every table, the
 * summaries that the cleaner would need, and the data block of every LBA. Writes nothing. Control plane.
 */
public final class VolumeVerifier {
    private static final int DAMAGES_LISTED = 1000;

    private final VolumeAccess access;
    private final VolumeState state;
    private final Geometry geometry;
    private final SegmentTable table;
    private final VerifiedReader reader;
    private final List<String> damaged = new ArrayList<>();
    private long damages;
    private long checked;

    private VolumeVerifier(final VolumeAccess access, final VolumeState state) {
        this.access = access;
        this.state = state;
        this.geometry = access.header.geometry();
        this.table = state.table();
        this.reader = new VerifiedReader(access.store, geometry, table, access.sealer, state.keys());
    }

    /**
     * What was found.
     *
     * @param blocksChecked authenticated blocks
     * @param damages       blocks that are damaged
     * @param damaged       the first of them, each with its place
     */
    public record Result(long blocksChecked, long damages, List<String> damaged) {
    }

    /**
     * Verifies the recovered state.
     *
     * @param progress told the number of blocks checked so far, now and then
     * @throws StorageException when the volume cannot even be opened
     */
    public static Result verify(final VolumeAccess access, final long windowBytes, final LongConsumer progress) {
        final VolumeState state = VolumeReplay.replay(access, true, windowBytes);
        try {
            final VolumeVerifier verifier = new VolumeVerifier(access, state);
            verifier.checked = state.log().chunks().size() + (long) state.directory().blocks();
            verifier.tables();
            verifier.summaries(progress);
            verifier.data(progress);
            return new Result(verifier.checked, verifier.damages, verifier.damaged);
        } finally {
            state.keys().destroy();
            state.memtable().close();
        }
    }

    private void tables() {
        final byte[] plain = new byte[Geometry.SEALED_BYTES];
        for (final Table each : state.index().tables()) {
            for (int ordinal = 0; ordinal < each.recordBlocks() + each.rangeBlocks(); ordinal++) {
                final int kind = ordinal < each.recordBlocks() ? ObjectKind.TABLE_RECORDS : ObjectKind.TABLE_RANGES;
                checked++;
                try {
                    reader.load(kind, each.id(), ordinal, each.generationOf(ordinal), each.slotOf(ordinal), plain);
                } catch (final StorageException bad) {
                    damage(bad.getMessage());
                }
            }
            checked += each.fenceBlocks() + 1;
        }
    }

    private void summaries(final LongConsumer progress) {
        final byte[] sealed = new byte[Geometry.BLOCK_BYTES];
        final byte[] plain = new byte[Geometry.SEALED_BYTES];
        for (int segment = 0; segment < table.segmentCount(); segment++) {
            if (table.state(segment) != SegmentState.CLOSED || table.purpose(segment) == SegmentPurpose.OBJECT
                || table.tableRefs(segment) + table.memRefs(segment) == 0) {
                continue;
            }
            int slot = 1;
            while (slot < table.endSlot(segment)) {
                checked++;
                final String what = "chunk summary (segment " + segment + " slot " + slot + ", block "
                    + geometry.blockOf(segment, slot) + ")";
                if (!access.store.read(geometry.blockOf(segment, slot), 1, sealed, 0)) {
                    damage(what + " cannot be read: " + access.store.lastError());
                    break;
                }
                if (!access.sealer.openBlock(state.keys().key(table.session(segment)), ObjectKind.SUMMARY, 0, 0,
                    table.generation(segment), slot, sealed, plain)) {
                    damage(what + " does not verify: the segment cannot be cleaned");
                    break;
                }
                final String problem = SummaryCheck.problem(plain, slot, geometry);
                if (problem != null) {
                    damage(what + " is authentic but makes no sense: " + problem);
                    break;
                }
                slot += 1 + SummaryCodec.dataCount(plain);
            }
            progress.accept(checked);
        }
    }

    private void data(final LongConsumer progress) {
        IndexVersion index = state.index();
        if (!state.memtable().isEmpty()) {
            state.memtable().freeze();
            index = index.withFrozen(state.memtable());
        }
        final BlockCache cache = new BlockCache(1024);
        final Found found = new Found();
        final byte[] sealed = new byte[BlockSealer.DATA_WITH_TAG_BYTES];
        final byte[] plain = new byte[Geometry.BLOCK_BYTES];
        for (long lba = 0; lba < geometry.userBlocks(); lba++) {
            final int code = lookUp(index, lba, found, cache);
            if (code == Lookup.FOUND) {
                data(lba, found, sealed, plain);
            } else if (code == Lookup.LOST) {
                damage("LBA " + lba + " was lost earlier: its block could not be read; it is an error until it is"
                    + " overwritten");
            } else if (code == Lookup.ERROR) {
                damage("LBA " + lba + " cannot be looked up: an index block is damaged");
            }
            if ((lba & 0x3FFF) == 0) {
                progress.accept(checked);
            }
        }
        progress.accept(checked);
    }

    private int lookUp(final IndexVersion index, final long lba, final Found found, final BlockCache cache) {
        int code = index.find(lba, found, cache);
        while (code == Lookup.NEED_BLOCK) {
            final byte[] block = new byte[Geometry.SEALED_BYTES];
            try {
                reader.load(found.kind, found.tableId, found.ordinal, found.generation, found.slot, block);
            } catch (final StorageException bad) {
                found.reset();
                return Lookup.ERROR;
            }
            cache.insert(found.tableId, found.ordinal, block);
            code = index.resume(lba, found, cache, block);
        }
        return code;
    }

    private void data(final long lba, final Found found, final byte[] sealed, final byte[] plain) {
        checked++;
        final int segment = table.segmentOf(found.generation);
        if (!geometry.contains(segment, found.slot)) {
            damage("LBA " + lba + " is said to be at generation " + found.generation + " slot " + found.slot
                + ", which is no place of this volume");
            return;
        }
        final long block = geometry.blockOf(segment, found.slot);
        final String what = "LBA " + lba + " (segment " + segment + " slot " + found.slot + ", block " + block + ")";
        if (!access.store.read(block, 1, sealed, 0)) {
            damage(what + " cannot be read: " + access.store.lastError());
            return;
        }
        Le.putLong(sealed, Geometry.BLOCK_BYTES, found.tag0);
        Le.putLong(sealed, Geometry.BLOCK_BYTES + 8, found.tag1);
        final AeadKey key = state.keys().key(table.session(segment));
        if (key == null || !access.sealer.openData(key, found.generation, found.slot, lba, sealed, plain)) {
            damage(what + " does not verify: it is damaged or was tampered with");
        }
    }

    private void damage(final String text) {
        damages++;
        if (damaged.size() < DAMAGES_LISTED) {
            damaged.add(text);
        }
    }
}

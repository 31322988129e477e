package io.ringvault.disk.volume;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.AeadProvider;
import io.ringvault.crypto.KeySecret;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.BlockSealer;
import io.ringvault.log.Geometry;
import io.ringvault.log.Header;
import io.ringvault.log.KeySlots;
import io.ringvault.log.Le;
import io.ringvault.log.ObjectKind;
import io.ringvault.log.PrefaceCodec;
import io.ringvault.log.QueueBlockStore;
import io.ringvault.log.SegmentPurpose;
import io.ringvault.log.SummaryCheck;
import io.ringvault.log.SummaryCodec;
import io.ringvault.log.VolumeHeader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Exports what a volume holds when its superblock slots are lost: the prefaces of segments give salt and generation in
 * clear (docs/format.md section 5), the key opens the summaries behind them, and the newest record of each LBA is its
 * content. Every block is authenticated; that it is the newest one ever written is not, since what would prove it is
 * what was lost. Reads only. Control plane.
 *
 * <p>A block that was trimmed comes back as zeros only while the chunk of the trim is there: long ago trimmed blocks
 * may show what they held.
 */
public final class VolumeRescue {
    private final QueueBlockStore store;
    private final Header header;
    private final Geometry geometry;
    private final VolumeKey volumeKey;
    private final BlockSealer sealer;
    private final Map<String, AeadKey> keys = new HashMap<>();
    private final List<Chunk> chunks = new ArrayList<>();
    private final byte[] sealed = new byte[Geometry.BLOCK_BYTES];
    private final byte[] summary = new byte[Geometry.SEALED_BYTES];
    private final byte[] data = new byte[BlockSealer.DATA_WITH_TAG_BYTES];
    private final byte[] plain = new byte[Geometry.BLOCK_BYTES];
    private long exported;
    private long lost;

    private VolumeRescue(final QueueBlockStore store, final Header header, final VolumeKey volumeKey,
        final AeadProvider aead) {
        this.store = store;
        this.header = header;
        this.geometry = header.geometry();
        this.volumeKey = volumeKey;
        this.sealer = new BlockSealer(aead.create());
    }

    /** Takes the blocks that were found, in no order, each once; the array is reused. */
    @FunctionalInterface
    public interface Sink {
        /** The content of a block. */
        void block(long lba, byte[] plain4096);
    }

    /**
     * What was found.
     *
     * @param userBlocks blocks of the volume
     * @param exported   blocks that were given to the sink; all others read as zeros
     * @param lost       blocks whose newest version is there no more, or was lost before; they read as zeros too
     * @param sessions   sessions that had chunks
     * @param session    the newest of them, 0 when there was none
     * @param epoch      its newest commit's epoch
     */
    public record Result(long userBlocks, long exported, long lost, int sessions, long session, long epoch) {
    }

    private record Chunk(long session, long sequence, long epoch, long durableMark, boolean commit, int segment,
        long generation, int slot, AeadKey key) {
    }

    /**
     * Exports.
     *
     * @param secret stays the caller's to close
     * @throws StorageException WRONG_KEY; INTEGRITY when both headers are lost as well
     */
    public static Result export(final BlockDevice device, final KeySecret secret, final AeadProvider aead,
        final Sink sink) {
        try (QueueBlockStore store = QueueBlockStore.open(device)) {
            final Header header = VolumeHeader.load(store, new ArrayList<>());
            final VolumeKey key = KeySlots.unlock(header, secret).key();
            final VolumeRescue rescue = new VolumeRescue(store, header, key, aead);
            try {
                return rescue.run(sink);
            } finally {
                rescue.keys.values().forEach(AeadKey::destroy);
                rescue.sealer.aead().forgetKeys();
                Arrays.fill(rescue.plain, (byte) 0);
                key.close();
            }
        }
    }

    private Result run(final Sink sink) {
        final PrefaceCodec prefaces = new PrefaceCodec();
        for (int segment = 0; segment < geometry.segmentCount(); segment++) {
            if (store.read(geometry.blockOf(segment, 0), 1, sealed, 0)
                && prefaces.isValid(sealed, 0, header.volumeId())
                && PrefaceCodec.purpose(sealed, 0) != SegmentPurpose.OBJECT) {
                scan(segment, PrefaceCodec.generation(sealed, 0), PrefaceCodec.session(sealed, 0),
                    PrefaceCodec.salt(sealed, 0));
            }
        }
        final List<Chunk> kept = committed();
        final BitSet done = new BitSet();
        for (final Chunk chunk : kept.reversed()) {
            apply(chunk, done, sink);
        }
        final Chunk newest = kept.isEmpty() ? null : kept.getLast();
        return new Result(geometry.userBlocks(), exported, lost, (int) kept.stream().mapToLong(Chunk::session)
            .distinct().count(), newest == null ? 0 : newest.session(), newest == null ? 0 : newest.epoch());
    }

    /** Finds the chunks of a segment; a summary that does not verify hides what lies up to the next one that does. */
    private void scan(final int segment, final long generation, final long session, final byte[] salt) {
        for (VolumeKey owner = volumeKey; owner != null; owner = owner.previous()) {
            final AeadKey key = key(owner, session, salt);
            int slot = 1;
            while (slot < geometry.segmentBlocks()) {
                if (!open(key, segment, generation, slot)) {
                    slot++;
                    continue;
                }
                chunks.add(new Chunk(session, SummaryCodec.sequence(summary), SummaryCodec.epoch(summary),
                    SummaryCodec.durableMark(summary), SummaryCodec.isCommit(summary), segment, generation, slot, key));
                slot += 1 + SummaryCodec.dataCount(summary);
            }
        }
    }

    private AeadKey key(final VolumeKey owner, final long session, final byte[] salt) {
        return keys.computeIfAbsent(owner.number() + " " + session + " " + Arrays.toString(salt), name -> {
            final byte[] bytes = owner.sessionKey(header.volumeId(), session, salt);
            try {
                return sealer.aead().importKey(bytes);
            } finally {
                Arrays.fill(bytes, (byte) 0);
            }
        });
    }

    private boolean open(final AeadKey key, final int segment, final long generation, final int slot) {
        return store.read(geometry.blockOf(segment, slot), 1, sealed, 0)
            && sealer.openBlock(key, ObjectKind.SUMMARY, 0, 0, generation, slot, sealed, summary)
            && SummaryCheck.problem(summary, slot, geometry) == null;
    }

    /** The chunks up to the last commit of each session, and none that a later session did not build on; in order. */
    private List<Chunk> committed() {
        final TreeMap<Long, List<Chunk>> sessions = new TreeMap<>();
        chunks.forEach(each -> sessions.computeIfAbsent(each.session(), id -> new ArrayList<>()).add(each));
        final List<Chunk> kept = new ArrayList<>();
        long before = Long.MAX_VALUE;
        for (final List<Chunk> session : sessions.descendingMap().values()) {
            session.sort(Comparator.comparingLong(Chunk::sequence));
            final long end = before == Long.MAX_VALUE ? intactEnd(session) : before - 1;
            long commit = -1;
            for (final Chunk chunk : session) {
                commit = chunk.commit() && chunk.sequence() <= end ? chunk.sequence() : commit;
            }
            final long last = commit;
            final List<Chunk> good = session.stream().filter(each -> each.sequence() <= last).toList();
            if (!good.isEmpty()) {
                before = Math.min(before, good.getFirst().sequence());
                kept.addAll(0, good);
            }
        }
        return kept;
    }

    /** Behind the newest durable mark the log ends before the first chunk that is missing or not whole. */
    private long intactEnd(final List<Chunk> session) {
        long end = 0;
        for (final Chunk chunk : session) {
            end = Math.max(end, chunk.durableMark());
        }
        for (final Chunk chunk : session) {
            if (chunk.sequence() > end && (chunk.sequence() != end + 1 || !whole(chunk))) {
                return end;
            }
            end = Math.max(end, chunk.sequence());
        }
        return end;
    }

    private boolean whole(final Chunk chunk) {
        boolean whole = open(chunk.key(), chunk.segment(), chunk.generation(), chunk.slot());
        int slot = chunk.slot();
        for (int cell = 0; whole && cell < SummaryCodec.cellCount(summary); cell++) {
            final int type = SummaryCodec.cellType(summary, cell);
            slot += SummaryCodec.hasData(type) ? 1 : 0;
            whole = !SummaryCodec.hasData(type) || type == SummaryCodec.VOID || readData(chunk, slot, cell);
        }
        return whole;
    }

    /** What the chunk says of LBAs that no later one spoke of. */
    private void apply(final Chunk chunk, final BitSet done, final Sink sink) {
        if (!open(chunk.key(), chunk.segment(), chunk.generation(), chunk.slot())) {
            return;
        }
        int slot = chunk.slot() + SummaryCodec.dataCount(summary) + 1;
        for (int cell = SummaryCodec.cellCount(summary) - 1; cell >= 0; cell--) {
            final int type = SummaryCodec.cellType(summary, cell);
            slot -= SummaryCodec.hasData(type) ? 1 : 0;
            if (type == SummaryCodec.VOID || type >= SummaryCodec.SEGMENT_OPEN) {
                continue;
            }
            final int lba = Math.toIntExact(SummaryCodec.cellLow(summary, cell));
            if (type == SummaryCodec.TRIM || type == SummaryCodec.LOST) {
                final int end = Math.toIntExact(lba + SummaryCodec.cellA(summary, cell));
                lost += type == SummaryCodec.LOST ? end - lba - done.get(lba, end).cardinality() : 0;
                done.set(lba, end);
            } else if (!done.get(lba)) {
                done.set(lba);
                if (readData(chunk, slot, cell)) {
                    exported++;
                    sink.block(lba, plain);
                } else {
                    lost++;
                }
            }
        }
    }

    private boolean readData(final Chunk chunk, final int slot, final int cell) {
        if (!store.read(geometry.blockOf(chunk.segment(), slot), 1, data, 0)) {
            return false;
        }
        Le.putLong(data, Geometry.BLOCK_BYTES, SummaryCodec.cellA(summary, cell));
        Le.putLong(data, Geometry.BLOCK_BYTES + 8, SummaryCodec.cellB(summary, cell));
        return sealer.openData(chunk.key(), chunk.generation(), slot, SummaryCodec.cellLow(summary, cell), data, plain);
    }
}

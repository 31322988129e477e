package io.ringvault.log;

import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.crypto.VolumeKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;

/**
 * A small writer of the format, for tests of recovery: segments of 16 slots, two streams, checkpoints through {@link
 * CheckpointJob}. It decides nothing about durability; a test says what each summary claims and what of it reached the
 * image.
 */
final class TestVolume implements ObjectSink {
    static final int USER = SegmentPurpose.USER;
    static final int RELOCATION = SegmentPurpose.RELOCATION;

    final Geometry geometry;
    final MemoryImage image;
    final byte[] volumeId = "0123456789abcdef".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    final VolumeKey volumeKey;
    final Header header;
    final BlockSealer sealer = new BlockSealer(new SunJceProvider().create());
    final List<Chunk> chunks = new ArrayList<>();
    final List<ManifestEntry> manifest = new ArrayList<>();
    final Random random;
    final SegmentTable table;
    SessionTable sessions = SessionTable.EMPTY;
    PageDirectory directory;
    CommitId commit;
    CommitId published;
    AnchorValue lastAnchored = new AnchorValue(0, 0, 0, 0);
    int anchorKind;
    long nextGeneration = 1;
    long nextTableId = 1;
    long serial;
    long session;
    long sequence;
    long epoch;
    long tag0;
    long tag1;
    int voidCell = -1;
    int appended;
    BiConsumer<Integer, byte[]> tamper = (kind, plain) -> { };
    int sinkLimit = Integer.MAX_VALUE;

    private final RandomSource bytes;
    private AeadKey key;
    private byte[] salt;
    private final Place[] open = new Place[2];
    private final Place[] successor = new Place[2];
    private Place objects;
    private Place lastObject;

    /** A chunk as it was sealed. */
    record Chunk(long sequence, long epoch, boolean commit, Place place, int dataBlocks, long tag0, long tag1) {
        CommitId id() {
            return new CommitId(epoch, sequence, tag0, tag1);
        }
    }

    TestVolume(final int segments, final long seed) {
        random = new Random(seed);
        bytes = random::nextBytes;
        geometry = new Geometry(16, segments, 32 + 16L * segments, 300);
        image = new MemoryImage(geometry.volumeBlocks());
        volumeKey = new VolumeKey(1, bytes.bytes(32));
        header = new Header(VolumeKey.CIPHER_AES_256_GCM, volumeId, geometry, 1, 1, volumeKey.checkValue(volumeId),
            Collections.nCopies(8, KeySlot.NOTHING));
        table = new SegmentTable(segments);
        table.markAllDirty();
        commit = new CommitId(1, 0, random.nextLong(), random.nextLong());
    }

    /** Format with one open session. */
    static TestVolume formatted(final int segments, final long seed) {
        final TestVolume volume = new TestVolume(segments, seed);
        volume.startSession();
        return volume;
    }

    /** A session on top of the last commit: both slots name a checkpoint of it. */
    void startSession() {
        session++;
        salt = bytes.bytes(32);
        sessions = sessions.with(session, 1, salt);
        if (key != null) {
            key.destroy();
        }
        key = sealer.aead().importKey(volumeKey.sessionKey(volumeId, session, salt));
        objects = null;
        sequence = commit.sequence();
        epoch = commit.epoch() + 1;
        tag0 = commit.tag0();
        tag1 = commit.tag1();
        chunks.clear();
        for (int stream = 0; stream < 2; stream++) {
            open[stream] = announce(stream);
            successor[stream] = announce(stream);
        }
        checkpoint(commit.sequence() + 1);
        writeSlot();
    }

    private Place announce(final int purpose) {
        final int segment = table.nextFree();
        final long generation = nextGeneration++;
        table.announce(segment, generation, session, purpose);
        return new Place(generation, segment, 1);
    }

    /** Seals a chunk of WRITE cells and writes all of it. */
    Chunk chunk(final int stream, final boolean isCommit, final long durableMark, final long... lbas) {
        return chunk(stream, isCommit, durableMark, lbas, new SummaryBuilder());
    }

    /** As above; {@code prepared} lets a test add cells first (after {@code begin}). */
    Chunk chunk(final int stream, final boolean isCommit, final long durableMark, final long[] lbas,
        final SummaryBuilder prepared) {
        final int blocks = 1 + lbas.length;
        if (open[stream].slot() + blocks > geometry.segmentBlocks()) {
            open[stream] = successor[stream];
            successor[stream] = announce(stream);
        }
        final Place at = open[stream];
        if (table.state(at.segment()) == SegmentState.ANNOUNCED) {
            table.open(at.segment());
        }
        final SummaryBuilder builder = prepared;
        if (builder.cellCount() == 0) {
            builder.begin(stream);
        }
        final byte[] out = new byte[blocks * 4096];
        final byte[] sealed = new byte[4112];
        sequence++;
        for (int i = 0; i < lbas.length; i++) {
            sealer.sealData(key, at.generation(), at.slot() + 1 + i, lbas[i], content(lbas[i], sequence), sealed);
            System.arraycopy(sealed, 0, out, (1 + i) * 4096, 4096);
            builder.addWrite(lbas[i], Le.getLong(sealed, 4096), Le.getLong(sealed, 4104));
        }
        if (voidCell >= 0) {
            builder.voidCell(voidCell);
        }
        open[stream] = new Place(at.generation(), at.segment(), at.slot() + blocks);
        table.advance(at.segment(), open[stream].slot(), sequence);
        places().forEach(p -> builder.addNext(p.generation(), p.segment(), p.slot()));
        builder.finish(sequence, epoch, tag0, tag1, durableMark, isCommit ? SummaryCodec.FLAG_COMMIT : 0);
        final byte[] summary = new byte[4096];
        sealer.sealBlock(key, ObjectKind.SUMMARY, 0, 0, at.generation(), at.slot(), builder.bytes(), summary);
        System.arraycopy(summary, 0, out, 0, 4096);
        image.write(geometry.blockOf(at.segment(), at.slot()), blocks, out, 0, false);
        tag0 = Le.getLong(summary, 4080);
        tag1 = Le.getLong(summary, 4088);
        final Chunk chunk = new Chunk(sequence, epoch, isCommit, at, lbas.length, tag0, tag1);
        chunks.add(chunk);
        if (isCommit) {
            commit = chunk.id();
            epoch++;
        }
        return chunk;
    }

    static byte[] content(final long lba, final long version) {
        final byte[] block = new byte[4096];
        for (int i = 0; i < 4096; i += 16) {
            Le.putLong(block, i, lba);
            Le.putLong(block, i + 8, version);
        }
        return block;
    }

    /** Where the next chunk may be. */
    List<Place> places() {
        final List<Place> places = new ArrayList<>();
        for (int stream = 0; stream < 2; stream++) {
            if (open[stream].slot() < geometry.segmentBlocks()) {
                places.add(open[stream]);
            }
            places.add(successor[stream]);
        }
        return places;
    }

    long replayFrom;
    private long replayTag0;
    private long replayTag1;
    private List<Place> replayPlaces = List.of();

    /** Writes a checkpoint of the last commit with this replay-from (at most commit + 1), and the older slot. */
    void checkpoint(final long from) {
        final CheckpointJob job = new CheckpointJob(new CheckpointSnapshot(commit, nextGeneration, nextTableId, 0,
            manifest,
            sessions, table), directory);
        final List<Place> candidates;
        if (from > sequence) {
            candidates = places();
            replayTag0 = tag0;
            replayTag1 = tag1;
        } else {
            final int index = (int) (from - chunks.getFirst().sequence());
            candidates = List.of(chunks.get(index).place(), successor[0]);
            replayTag0 = index == 0 ? baseTag0 : chunks.get(index - 1).tag0();
            replayTag1 = index == 0 ? baseTag1 : chunks.get(index - 1).tag1();
        }
        replayFrom = from;
        replayPlaces = candidates;
        if (chunks.isEmpty()) {
            baseTag0 = tag0;
            baseTag1 = tag1;
        }
        while (!job.step(this)) {
            sinkLimit = Integer.MAX_VALUE;
        }
        directory = job.result();
        published = commit;
        writeSlot();
    }

    private long baseTag0;
    private long baseTag1;

    /** Writes the next slot with the published checkpoint. */
    void writeSlot() {
        final Place root = new Place(directory.root().generation(), directory.root().segment(),
            directory.root().slot());
        final Superblock superblock = new Superblock.Builder(geometry).serial(serial).session(session,
            salt).base(published)
            .checkpointRoot(root).replayFrom(replayFrom, replayTag0, replayTag1, replayPlaces)
            .anchor(anchorKind, new byte[32], "").lastAnchored(lastAnchored).build();
        image.write(geometry.slotBlock(superblock.which()), 1, SlotCodec.encode(superblock, volumeKey, volumeId,
            bytes), 0, true);
        serial++;
    }

    RecoveredLog recover() {
        return recover(image, null, false);
    }

    RecoveredLog recover(final MemoryImage from, final AnchorValue anchor, final boolean readOnly) {
        final Superblocks slots = Superblocks.load(from, geometry, header, volumeKey, new ArrayList<>());
        return LogRecovery.recover(from, geometry, volumeKey, header, slots, sealer, anchor, readOnly);
    }

    long blockOf(final Chunk chunk, final int offset) {
        return geometry.blockOf(chunk.place().segment(), chunk.place().slot() + offset);
    }

    AnchorValue anchorAt(final CommitId id) {
        return new AnchorValue(session, id.epoch(), id.tag0(), id.tag1());
    }

    @Override
    public int available() {
        return Math.max(0, Math.min(sinkLimit, 3));
    }

    @Override
    public void append(final int kind, final long objectId, final int ordinal, final byte[] plain4080) {
        if (objects == null || objects.slot() == geometry.segmentBlocks()) {
            if (objects != null) {
                table.close(objects.segment());
            }
            objects = announce(SegmentPurpose.OBJECT);
            table.open(objects.segment());
        }
        sinkLimit--;
        appended++;
        tamper.accept(kind, plain4080);
        final byte[] sealed = new byte[4096];
        sealer.sealBlock(key, kind, objectId, ordinal, objects.generation(), objects.slot(), plain4080, sealed);
        image.write(geometry.blockOf(objects.segment(), objects.slot()), 1, sealed, 0, false);
        lastObject = objects;
        objects = new Place(objects.generation(), objects.segment(), objects.slot() + 1);
        table.advance(lastObject.segment(), objects.slot(), 0);
    }

    @Override
    public long lastGeneration() {
        return lastObject.generation();
    }

    @Override
    public int lastSlot() {
        return lastObject.slot();
    }

    @Override
    public int lastSegment() {
        return lastObject.segment();
    }

    @Override
    public long lastSession() {
        return session;
    }

    static long[] lbas(final long first, final int count) {
        final long[] lbas = new long[count];
        Arrays.setAll(lbas, i -> first + i);
        return lbas;
    }
}

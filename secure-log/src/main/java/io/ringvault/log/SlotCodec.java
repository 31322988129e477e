package io.ringvault.log;

import io.ringvault.crypto.Aead;
import io.ringvault.crypto.AeadKey;
import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.crypto.VolumeKey;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A superblock slot ({@code docs/format.md}, section 4): 56 clear bytes, then everything sealed under a key that is
 * derived from 32 of them, drawn anew for each write, and used once. Control plane, any thread.
 */
public final class SlotCodec {
    /** Bytes before the ciphertext; also its associated data. */
    static final int CLEAR_BYTES = 56;

    private static final int RANDOM_BYTES = 32;
    private static final int FORMAT_OFFSET = 32;
    private static final int CLEAR_RESERVED_OFFSET = 36;
    private static final int VOLUME_ID_OFFSET = 40;
    private static final int PLAIN_BYTES = Geometry.BLOCK_BYTES - CLEAR_BYTES - Aead.TAG_BYTES;

    private static final int SERIAL = 0;
    private static final int KEY_NUMBER = 8;
    private static final int FLAGS = 12;
    private static final int SESSION_ID = 16;
    private static final int SESSION_SALT = 24;
    private static final int BASE_EPOCH = 56;
    private static final int BASE_SEQUENCE = 64;
    private static final int BASE_TAG = 72;
    private static final int ROOT_GENERATION = 88;
    private static final int ROOT_SLOT = 96;
    private static final int ROOT_SEGMENT = 100;
    private static final int REPLAY_FROM = 104;
    private static final int REPLAY_TAG = 112;
    private static final int CANDIDATE_COUNT = 128;
    private static final int RESERVED_1 = 132;
    private static final int CANDIDATES = 136;
    private static final int CANDIDATE_BYTES = 16;
    private static final int CANDIDATES_END = CANDIDATES + Superblock.MAX_CANDIDATES * CANDIDATE_BYTES;
    private static final int ANCHOR_KIND = 264;
    private static final int RESERVED_2 = 268;
    private static final int ANCHOR_ID = 272;
    private static final int ANCHORED_SESSION = 304;
    private static final int ANCHORED_EPOCH = 312;
    private static final int ANCHORED_TAG = 320;
    private static final int SEGMENT_BLOCKS = 336;
    private static final int SEGMENT_COUNT = 340;
    private static final int VOLUME_BLOCKS = 344;
    private static final int USER_BLOCKS = 352;
    private static final int ENGINE_COMMITS = 360;
    private static final int ANCHOR_SPEC_BYTES = 368;
    private static final int RESERVED_3 = 372;
    private static final int ANCHOR_SPEC = 376;
    private static final int PREVIOUS_KEY_NUMBER = 1600;
    private static final int RESERVED_4 = 1604;
    private static final int PREVIOUS_KEY = 1608;
    private static final int PREVIOUS_KEY_END = PREVIOUS_KEY + VolumeKey.BYTES;
    private static final int POLICY = ANCHOR_SPEC + Superblock.MAX_ANCHOR_SPEC_BYTES;
    private static final int POLICY_COMMITS = POLICY + 4;
    private static final int POLICY_DELAY_NS = POLICY + 8;
    private static final int ADOPTIONS = POLICY + 16;
    private static final int ADOPTED_KIND = POLICY + 20;
    private static final int ADOPTED_SESSION = POLICY + 24;
    private static final int ADOPTED_EPOCH = POLICY + 32;
    private static final int ADOPTED_TAG = POLICY + 40;
    private static final int ADOPTED_IMAGE_EPOCH = POLICY + 56;
    private static final int TERMS_END = POLICY + 64;
    private static final int FLAG_CLOSED_CLEANLY = 1;

    private SlotCodec() {
    }

    /** Encodes with fresh bytes of the kernel's generator. */
    public static byte[] encode(final Superblock superblock, final VolumeKey key, final byte[] volumeId) {
        return encode(superblock, key, volumeId, RandomSource.kernel());
    }

    /**
     * The 4096 bytes of a slot; no two calls give the same, whatever the fields.
     *
     * @param key the slot is sealed under it; holds the one before it when the superblock names that
     */
    public static byte[] encode(final Superblock superblock, final VolumeKey key, final byte[] volumeId,
        final RandomSource random) {
        final byte[] fresh = random.bytes(RANDOM_BYTES);
        final byte[] clear = new byte[CLEAR_BYTES];
        System.arraycopy(fresh, 0, clear, 0, RANDOM_BYTES);
        Le.putInt(clear, FORMAT_OFFSET, VolumeKey.FORMAT_VERSION);
        System.arraycopy(volumeId, 0, clear, VOLUME_ID_OFFSET, VolumeKey.VOLUME_ID_BYTES);
        final byte[] plain = new byte[PLAIN_BYTES];
        fill(superblock, plain);
        putPreviousKey(superblock, key, plain);
        final byte[] sealed = new byte[PLAIN_BYTES + Aead.TAG_BYTES];
        final Aead aead = new SunJceProvider().create();
        final AeadKey slotKey = slotKey(aead, key, fresh, volumeId);
        try {
            aead.seal(slotKey, 0, 0, clear, CLEAR_BYTES, plain, PLAIN_BYTES, sealed);
        } finally {
            slotKey.destroy();
            aead.forgetKeys();
            KeyFile.zero(plain);
        }
        final byte[] block = Arrays.copyOf(clear, Geometry.BLOCK_BYTES);
        System.arraycopy(sealed, 0, block, CLEAR_BYTES, sealed.length);
        return block;
    }

    /**
     * Opens and checks a slot.
     *
     * @param which the slot it was read from, 0 or 1
     * @return null when it is not authentic, belongs elsewhere (another volume, the other slot) or holds impossible
     *         values
     */
    public static Superblock decode(final byte[] block, final int which, final VolumeKey key, final byte[] volumeId) {
        if (block.length != Geometry.BLOCK_BYTES || Le.getInt(block, FORMAT_OFFSET) != VolumeKey.FORMAT_VERSION
            || Le.getInt(block, CLEAR_RESERVED_OFFSET) != 0 || !Arrays.equals(volumeId, 0, volumeId.length, block,
                VOLUME_ID_OFFSET, VOLUME_ID_OFFSET + VolumeKey.VOLUME_ID_BYTES)) {
            return null;
        }
        final byte[] plain = open(block, key, volumeId);
        if (plain == null) {
            return null;
        }
        try {
            return parse(plain, which);
        } finally {
            KeyFile.zero(plain);
        }
    }

    /**
     * The volume key before {@code key} that the slot holds; null when it holds none, or does not verify. The caller
     * closes it.
     */
    public static VolumeKey previousKey(final byte[] block, final int which, final VolumeKey key,
        final byte[] volumeId) {
        final Superblock slot = decode(block, which, key, volumeId);
        if (slot == null || slot.previousKeyNumber() == 0) {
            return null;
        }
        final byte[] plain = open(block, key, volumeId);
        final byte[] bytes = Arrays.copyOfRange(plain, PREVIOUS_KEY, PREVIOUS_KEY_END);
        try {
            return new VolumeKey(slot.previousKeyNumber(), bytes);
        } finally {
            KeyFile.zero(plain);
            KeyFile.zero(bytes);
        }
    }

    /** The plaintext, which may hold a key: the caller zeroes it. */
    private static byte[] open(final byte[] block, final VolumeKey key, final byte[] volumeId) {
        final byte[] sealed = Arrays.copyOfRange(block, CLEAR_BYTES, Geometry.BLOCK_BYTES);
        final byte[] plain = new byte[PLAIN_BYTES];
        final Aead aead = new SunJceProvider().create();
        final AeadKey slotKey = slotKey(aead, key, Arrays.copyOf(block, RANDOM_BYTES), volumeId);
        try {
            return aead.open(slotKey, 0, 0, block, CLEAR_BYTES, sealed, PLAIN_BYTES, plain) ? plain : null;
        } finally {
            slotKey.destroy();
            aead.forgetKeys();
        }
    }

    private static void putPreviousKey(final Superblock superblock, final VolumeKey key, final byte[] plain) {
        if (superblock.previousKeyNumber() == 0) {
            return;
        }
        final VolumeKey previous = key.byNumber(superblock.previousKeyNumber());
        if (previous == null) {
            throw new IllegalStateException("volume key " + superblock.previousKeyNumber() + " is not at hand");
        }
        Le.putInt(plain, PREVIOUS_KEY_NUMBER, superblock.previousKeyNumber());
        final byte[] bytes = previous.copy();
        System.arraycopy(bytes, 0, plain, PREVIOUS_KEY, bytes.length);
        KeyFile.zero(bytes);
    }

    private static AeadKey slotKey(final Aead aead, final VolumeKey key, final byte[] random32, final byte[] volumeId) {
        final byte[] derived = key.slotKey(random32, volumeId);
        try {
            return aead.importKey(derived);
        } finally {
            KeyFile.zero(derived);
        }
    }

    private static void fill(final Superblock from, final byte[] plain) {
        Le.putLong(plain, SERIAL, from.serial());
        Le.putInt(plain, KEY_NUMBER, from.volumeKeyNumber());
        Le.putInt(plain, FLAGS, from.closedCleanly() ? FLAG_CLOSED_CLEANLY : 0);
        Le.putLong(plain, SESSION_ID, from.sessionId());
        System.arraycopy(from.sessionSalt(), 0, plain, SESSION_SALT, VolumeKey.BYTES);
        Le.putLong(plain, BASE_EPOCH, from.base().epoch());
        Le.putLong(plain, BASE_SEQUENCE, from.base().sequence());
        putTag(plain, BASE_TAG, from.base().tag0(), from.base().tag1());
        Le.putLong(plain, ROOT_GENERATION, from.checkpointRoot().generation());
        Le.putInt(plain, ROOT_SLOT, from.checkpointRoot().slot());
        Le.putInt(plain, ROOT_SEGMENT, from.checkpointRoot().segment());
        Le.putLong(plain, REPLAY_FROM, from.replayFrom());
        putTag(plain, REPLAY_TAG, from.replayPrevTag0(), from.replayPrevTag1());
        Le.putInt(plain, CANDIDATE_COUNT, from.candidates().size());
        int at = CANDIDATES;
        for (final Place place : from.candidates()) {
            Le.putLong(plain, at, place.generation());
            Le.putInt(plain, at + 8, place.segment());
            Le.putInt(plain, at + 12, place.slot());
            at += CANDIDATE_BYTES;
        }
        Le.putInt(plain, ANCHOR_KIND, from.anchorKind());
        System.arraycopy(from.anchorId(), 0, plain, ANCHOR_ID, Superblock.ANCHOR_ID_BYTES);
        Le.putLong(plain, ANCHORED_SESSION, from.lastAnchored().session());
        Le.putLong(plain, ANCHORED_EPOCH, from.lastAnchored().epoch());
        putTag(plain, ANCHORED_TAG, from.lastAnchored().tag0(), from.lastAnchored().tag1());
        Le.putInt(plain, SEGMENT_BLOCKS, from.geometry().segmentBlocks());
        Le.putInt(plain, SEGMENT_COUNT, from.geometry().segmentCount());
        Le.putLong(plain, VOLUME_BLOCKS, from.geometry().volumeBlocks());
        Le.putLong(plain, USER_BLOCKS, from.geometry().userBlocks());
        Le.putLong(plain, ENGINE_COMMITS, from.engineCommits());
        final byte[] spec = from.anchorSpec().getBytes(StandardCharsets.UTF_8);
        Le.putInt(plain, ANCHOR_SPEC_BYTES, spec.length);
        System.arraycopy(spec, 0, plain, ANCHOR_SPEC, spec.length);
        final AnchorTerms terms = from.anchorTerms();
        Le.putInt(plain, POLICY, terms.policy());
        Le.putInt(plain, POLICY_COMMITS, terms.commits());
        Le.putLong(plain, POLICY_DELAY_NS, terms.delayNs());
        Le.putInt(plain, ADOPTIONS, terms.adoptions());
        Le.putInt(plain, ADOPTED_KIND, terms.adoptedKind());
        Le.putLong(plain, ADOPTED_SESSION, terms.adoptedOver().session());
        Le.putLong(plain, ADOPTED_EPOCH, terms.adoptedOver().epoch());
        putTag(plain, ADOPTED_TAG, terms.adoptedOver().tag0(), terms.adoptedOver().tag1());
        Le.putLong(plain, ADOPTED_IMAGE_EPOCH, terms.adoptedEpoch());
    }

    private static AnchorTerms terms(final byte[] plain) {
        return new AnchorTerms(Le.getInt(plain, POLICY), Le.getInt(plain, POLICY_COMMITS),
            Le.getLong(plain, POLICY_DELAY_NS), Le.getInt(plain, ADOPTIONS), Le.getInt(plain, ADOPTED_KIND),
            new AnchorValue(Le.getLong(plain, ADOPTED_SESSION), Le.getLong(plain, ADOPTED_EPOCH),
                Le.getLong(plain, ADOPTED_TAG), Le.getLong(plain, ADOPTED_TAG + 8)),
            Le.getLong(plain, ADOPTED_IMAGE_EPOCH));
    }

    private static void putTag(final byte[] plain, final int at, final long tag0, final long tag1) {
        Le.putLong(plain, at, tag0);
        Le.putLong(plain, at + 8, tag1);
    }

    /** Range-checks what was authenticated: a writer with a defect, or a later format, must not be guessed at. */
    private static Superblock parse(final byte[] plain, final int which) {
        final int candidateCount = Le.getInt(plain, CANDIDATE_COUNT);
        final int specBytes = Le.getInt(plain, ANCHOR_SPEC_BYTES);
        final int segmentBlocks = Le.getInt(plain, SEGMENT_BLOCKS);
        final int segmentCount = Le.getInt(plain, SEGMENT_COUNT);
        final long volumeBlocks = Le.getLong(plain, VOLUME_BLOCKS);
        final long userBlocks = Le.getLong(plain, USER_BLOCKS);
        if (Le.getLong(plain, SERIAL) < 0 || (Le.getLong(plain, SERIAL) & 1) != which || candidateCount < 1
            || candidateCount > Superblock.MAX_CANDIDATES || specBytes < 0
            || specBytes > Superblock.MAX_ANCHOR_SPEC_BYTES
            || (Le.getInt(plain, FLAGS) & ~FLAG_CLOSED_CLEANLY) != 0 || Le.getInt(plain, ANCHOR_KIND) < 0
            || Integer.compareUnsigned(Le.getInt(plain, POLICY), AnchorTerms.POLICY_MAX) > 0
            || Geometry.problem(segmentBlocks, segmentCount, volumeBlocks, userBlocks) != null
            || !reservedIsZero(plain, candidateCount, specBytes)) {
            return null;
        }
        final Geometry geometry = new Geometry(segmentBlocks, segmentCount, volumeBlocks, userBlocks);
        final Place root = new Place(Le.getLong(plain, ROOT_GENERATION), Le.getInt(plain, ROOT_SEGMENT),
            Le.getInt(plain, ROOT_SLOT));
        final List<Place> candidates = new ArrayList<>(candidateCount);
        boolean inside = geometry.contains(root.segment(), root.slot());
        for (int at = CANDIDATES; at < CANDIDATES + candidateCount * CANDIDATE_BYTES; at += CANDIDATE_BYTES) {
            final Place place = new Place(Le.getLong(plain, at), Le.getInt(plain, at + 8), Le.getInt(plain, at + 12));
            inside &= geometry.contains(place.segment(), place.slot());
            candidates.add(place);
        }
        final String spec = text(plain, specBytes);
        final int previousKey = Le.getInt(plain, PREVIOUS_KEY_NUMBER);
        if (!inside || spec == null || previousKey != 0
            && (previousKey < 1 || previousKey != Le.getInt(plain, KEY_NUMBER) - 1)) {
            return null;
        }
        return new Superblock.Builder(geometry)
            .serial(Le.getLong(plain, SERIAL))
            .volumeKeyNumber(Le.getInt(plain, KEY_NUMBER))
            .closedCleanly((Le.getInt(plain, FLAGS) & FLAG_CLOSED_CLEANLY) != 0)
            .session(Le.getLong(plain, SESSION_ID),
                Arrays.copyOfRange(plain, SESSION_SALT, SESSION_SALT + VolumeKey.BYTES))
            .base(new CommitId(Le.getLong(plain, BASE_EPOCH), Le.getLong(plain, BASE_SEQUENCE),
                Le.getLong(plain, BASE_TAG), Le.getLong(plain, BASE_TAG + 8)))
            .checkpointRoot(root)
            .replayFrom(Le.getLong(plain, REPLAY_FROM), Le.getLong(plain, REPLAY_TAG),
                Le.getLong(plain, REPLAY_TAG + 8), candidates)
            .anchor(Le.getInt(plain, ANCHOR_KIND),
                Arrays.copyOfRange(plain, ANCHOR_ID, ANCHOR_ID + Superblock.ANCHOR_ID_BYTES), spec)
            .lastAnchored(new AnchorValue(Le.getLong(plain, ANCHORED_SESSION), Le.getLong(plain, ANCHORED_EPOCH),
                Le.getLong(plain, ANCHORED_TAG), Le.getLong(plain, ANCHORED_TAG + 8)))
            .engineCommits(Le.getLong(plain, ENGINE_COMMITS))
            .previousKeyNumber(previousKey)
            .anchorTerms(terms(plain))
            .build();
    }

    private static boolean reservedIsZero(final byte[] plain, final int candidateCount, final int specBytes) {
        return Le.getInt(plain, RESERVED_1) == 0 && Le.getInt(plain, RESERVED_2) == 0
            && Le.getInt(plain, RESERVED_3) == 0
            && Le.isZero(plain, CANDIDATES + candidateCount * CANDIDATE_BYTES, CANDIDATES_END)
            && Le.getInt(plain, RESERVED_4) == 0
            && Le.isZero(plain, ANCHOR_SPEC + specBytes, POLICY)
            && Le.isZero(plain, TERMS_END, PREVIOUS_KEY_NUMBER)
            && Le.isZero(plain, Le.getInt(plain, PREVIOUS_KEY_NUMBER) == 0 ? PREVIOUS_KEY : PREVIOUS_KEY_END,
                PLAIN_BYTES);
    }

    private static String text(final byte[] plain, final int length) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(plain, ANCHOR_SPEC, length)).toString();
        } catch (final CharacterCodingException malformed) {
            return null;
        }
    }
}

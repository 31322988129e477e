package io.ringvault.tests.anchor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.crypto.VolumeKey;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.Anchors;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What every anchor promises, whatever keeps it. */
abstract class AnchorContract {
    private static final AnchorValue ZERO = new AnchorValue(0, 0, 0, 0);
    private static final AnchorValue ONE = new AnchorValue(1, 11, 0x1314151617L, 0x18191A1B1CL);
    private static final AnchorValue TWO = new AnchorValue(2, 22, 0x2324252627L, -28);

    private final VolumeKey key = key(1);
    private final byte[] volumeId = id(1);

    /** The place, the same for all tests of a class. */
    abstract AnchorPlace place();

    private static VolumeKey key(final int number) {
        final byte[] bytes = new byte[32];
        Arrays.fill(bytes, (byte) (0x40 + number));
        return new VolumeKey(number, bytes);
    }

    private static byte[] id(final int number) {
        final byte[] bytes = new byte[16];
        Arrays.fill(bytes, (byte) number);
        return bytes;
    }

    private Anchor create(final String spec) {
        return Anchors.create(spec, key, volumeId);
    }

    private Anchor open(final Anchor like) {
        return Anchors.open(like.spec(), key, volumeId, like.id());
    }

    private static StorageException refused(final Category category, final Executable action) {
        final StorageException refused = assertThrows(StorageException.class, action);
        assertEquals(category, refused.category(), refused.getMessage());
        return refused;
    }

    @Test
    void shouldHoldTheZeroValueWhenNewAndKeepItsIdentity() throws Exception {
        try (Anchor created = create(place().vacant()); Anchor opened = open(created);
             Anchor other = create(place().vacant())) {
            assertEquals(ZERO, created.read());
            assertEquals(ZERO, opened.read());
            assertEquals(created.kind(), opened.kind());
            assertArrayEquals(created.id(), opened.id());
            assertEquals(32, created.id().length);
            assertEquals(created.spec(), opened.spec(), "what finds it again");
            assertFalse(Arrays.equals(created.id(), other.id()), "each has an id of its own");
        }
    }

    @Test
    void shouldReplaceTheValueThatIsExpectedAndNoOther() throws Exception {
        try (Anchor anchor = create(place().vacant())) {
            assertFalse(anchor.advance(ONE, TWO));
            assertEquals(ZERO, anchor.read());
            assertTrue(anchor.advance(ZERO, ONE));
            assertFalse(anchor.advance(ZERO, TWO));
            assertEquals(ONE, anchor.read());
            assertTrue(anchor.advance(ONE, TWO));
            assertTrue(anchor.advance(TWO, TWO), "to the same value");
            assertEquals(TWO, anchor.read());
        }
    }

    @Test
    void shouldKeepTheValueWhenReopenedAndWhenItsKeeperRestarts() throws Exception {
        final Anchor before = create(place().vacant());
        assertTrue(before.advance(ZERO, ONE));
        before.close();
        try (Anchor reopened = open(before)) {
            assertEquals(ONE, reopened.read());
            assertTrue(reopened.advance(ONE, TWO));
            place().restart();
            assertEquals(TWO, reopened.read(), "an open anchor outlives its keeper's restart");
        }
        try (Anchor again = open(before)) {
            assertEquals(TWO, again.read());
            assertTrue(again.advance(TWO, ONE));
        }
    }

    @Test
    void shouldLetOneOfTwoOpenersWin() throws Exception {
        try (Anchor first = create(place().vacant()); Anchor second = open(first)) {
            assertEquals(ZERO, first.read());
            assertEquals(ZERO, second.read());
            assertTrue(second.advance(ZERO, TWO));
            assertFalse(first.advance(ZERO, ONE));
            assertEquals(TWO, first.read());
            assertTrue(first.advance(TWO, ONE));
            assertFalse(second.advance(TWO, ZERO));
            assertTrue(second.advance(ONE, TWO));
            assertEquals(TWO, first.read());
        }
    }

    /** Two openers add one as often as they can: nothing is lost, nothing counts twice. */
    @Test
    void shouldCountRightWhenTwoOpenersAdvanceAtOnce() throws Exception {
        final int each = 12;
        try (Anchor first = create(place().vacant()); Anchor second = open(first)) {
            final AtomicReference<Throwable> failure = new AtomicReference<>();
            final AtomicInteger lost = new AtomicInteger();
            final Thread[] threads = new Thread[2];
            for (int i = 0; i < 2; i++) {
                final Anchor mine = i == 0 ? first : second;
                final long session = i;
                threads[i] = Thread.ofPlatform().start(() -> {
                    try {
                        for (int done = 0; done < each;) {
                            final AnchorValue now = mine.read();
                            if (mine.advance(now, new AnchorValue(session, now.epoch() + 1, done, 0))) {
                                done++;
                            } else {
                                lost.incrementAndGet();
                            }
                        }
                    } catch (final Throwable thrown) {
                        failure.set(thrown);
                    }
                });
            }
            for (final Thread thread : threads) {
                thread.join();
            }
            if (failure.get() != null) {
                throw new AssertionError("an opener failed", failure.get());
            }
            assertEquals(2 * each, first.read().epoch(), "after " + lost + " lost races");
            assertEquals(2 * each, second.read().epoch());
        }
    }

    @Test
    void shouldFailWithIoWhileItCannotBeReachedAndGoOnAfterwards() throws Exception {
        try (Anchor anchor = create(place().vacant())) {
            assertTrue(anchor.advance(ZERO, ONE));
            Assumptions.assumeTrue(place().reachable(false), "there is no way to cut this anchor off");
            try {
                refused(Category.IO, anchor::read);
                refused(Category.IO, () -> anchor.advance(ONE, TWO));
                refused(Category.IO, () -> open(anchor));
            } finally {
                place().reachable(true);
            }
            assertEquals(ONE, anchor.read());
            assertTrue(anchor.advance(ONE, TWO));
        }
    }

    @Test
    void shouldTellTheTruthAfterAnAnswerWasLost() throws Exception {
        try (Anchor anchor = create(place().vacant())) {
            assertTrue(anchor.advance(ZERO, ONE));
            Assumptions.assumeTrue(place().loseAnswers(true), "there is no way to lose an answer of this anchor");
            try {
                refused(Category.IO, () -> anchor.advance(ONE, TWO));
            } finally {
                place().loseAnswers(false);
            }
            assertEquals(TWO, anchor.read(), "it had arrived");
            assertFalse(anchor.advance(ONE, ZERO));
            assertTrue(anchor.advance(TWO, ONE));
        }
    }

    @Test
    void shouldBeMissingWhereItNeverWas() throws Exception {
        final String vacant = place().vacant();
        final byte[] wanted = new byte[32];
        wanted[3] = 9;
        final StorageException missing = refused(Category.FRESHNESS,
            () -> Anchors.open(vacant, key, volumeId, wanted));
        assertTrue(missing.getMessage().contains("missing anchor"), missing.getMessage());
    }

    @Test
    void shouldBeRefusedWhenItIsNotTheOneRequired() throws Exception {
        try (Anchor anchor = create(place().vacant()); VolumeKey otherKey = key(2)) {
            final byte[] otherId = anchor.id();
            otherId[0] ^= 1;
            refused(Category.FRESHNESS, () -> Anchors.open(anchor.spec(), key, volumeId, otherId));
            if (anchor.kind() != Anchor.KIND_MEMORY) {
                refused(Category.FRESHNESS, () -> Anchors.open(anchor.spec(), key, id(2), anchor.id()));
                refused(Category.FRESHNESS, () -> Anchors.open(anchor.spec(), otherKey, volumeId, anchor.id()));
            }
        }
    }

    @Test
    void shouldBeRefusedWhenSomethingElseIsInItsPlace() throws Exception {
        try (Anchor anchor = create(place().vacant())) {
            assertTrue(anchor.advance(ZERO, ONE));
            Assumptions.assumeTrue(place().damage(anchor.spec()), "nobody can damage this anchor");
            refused(Category.FRESHNESS, () -> open(anchor));
            refused(Category.FRESHNESS, anchor::read);
        }
    }

    @Test
    void shouldNotBeMadeWhereOneIs() throws Exception {
        try (Anchor anchor = create(place().vacant())) {
            assertTrue(anchor.advance(ZERO, ONE));
            refused(Category.CONFIGURATION, () -> create(anchor.spec()));
            assertEquals(ONE, anchor.read());
        }
    }

    @Test
    void shouldFollowARotatedVolumeKey() throws Exception {
        final VolumeKey newer = key(2);
        try (Anchor anchor = create(place().vacant())) {
            assertTrue(anchor.advance(ZERO, ONE));
            anchor.rekey(newer);
            assertEquals(ONE, anchor.read(), "written under the key before");
            assertTrue(anchor.advance(ONE, TWO));
            assertEquals(TWO, anchor.read());
            try (Anchor reopened = Anchors.open(anchor.spec(), newer, volumeId, anchor.id())) {
                assertEquals(TWO, reopened.read());
                assertTrue(reopened.advance(TWO, ONE));
                assertNotEquals(TWO, anchor.read());
            }
        }
    }
}

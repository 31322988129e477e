package io.ringvault.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.ringvault.crypto.RandomSource;
import io.ringvault.crypto.Seeds;
import io.ringvault.crypto.VolumeKey;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SessionSaltTest {

    @Test
    void shouldDifferWhenOnlyTheSerialOrTheAnchorMovedAndTheGeneratorRepeats() {
        try (VolumeKey key = Fixtures.key()) {
            final RandomSource stuck = target -> Arrays.fill(target, (byte) 4);
            final byte[] salt = SessionSalt.draw(key, 1, 1, stuck);
            assertArrayEquals(salt, SessionSalt.draw(key, 1, 1, stuck));
            assertFalse(Arrays.equals(salt, SessionSalt.draw(key, 2, 1, stuck)));
            assertFalse(Arrays.equals(salt, SessionSalt.draw(key, 1, 2, stuck)));
            assertFalse(Arrays.equals(salt, SessionSalt.draw(key, 1, 1, Seeds.source(5))));
            assertFalse(Arrays.equals(SessionSalt.draw(key, 1, 1), SessionSalt.draw(key, 1, 1)));
        }
    }
}

package io.ringvault.disk.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import org.junit.jupiter.api.Test;

class AnchorPolicyTest {
    @Test
    void shouldReadAndWriteEveryPolicy() {
        assertEquals(AnchorPolicy.EVERY_SYNC, AnchorPolicy.parse("every-sync"));
        assertEquals(AnchorPolicy.ON_CLOSE, AnchorPolicy.parse("on-close"));
        assertEquals(AnchorPolicy.batched(100, 50_000_000), AnchorPolicy.parse("batched:100,50ms"));
        for (final String text : new String[] {"every-sync", "on-close", "batched:7,2s"}) {
            assertEquals(text, AnchorPolicy.parse(text).toString());
        }
    }

    @Test
    void shouldSayWhatIsExposed() {
        assertEquals("nothing that was acknowledged", AnchorPolicy.EVERY_SYNC.exposure());
        assertTrue(AnchorPolicy.batched(7, 2_000_000_000L).exposure()
            .contains("7 acknowledged commits of the last 2s"));
        assertTrue(AnchorPolicy.ON_CLOSE.exposure().contains("since the volume was opened"));
    }

    @Test
    void shouldRefuseWhatIsNoPolicy() {
        for (final String bad : new String[] {"", "never", "batched", "batched:", "batched:5", "batched:0,1s",
            "batched:x,1s", "batched:5,1", "batched:5,25h", "batched:2000000,1s"}) {
            assertEquals(StorageException.Category.CONFIGURATION,
                assertThrows(StorageException.class, () -> AnchorPolicy.parse(bad), bad).category());
        }
    }
}

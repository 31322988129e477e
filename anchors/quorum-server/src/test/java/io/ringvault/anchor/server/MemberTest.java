package io.ringvault.anchor.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemberTest {
    @Test
    void shouldReadAMember() {
        assertEquals(new AnchorPeer.Member("n0", "10.0.0.1", 7000, 7001),
            AnchorPeer.Member.parse("n0@10.0.0.1:7000:7001"));
    }

    @Test
    void shouldRefuseAnythingElse() {
        for (final String bad : new String[] {"", "n0", "n0@h", "n0@h:1", "n0@h:1:x", "n0@h:1:2:3"}) {
            assertThrows(IllegalArgumentException.class, () -> AnchorPeer.Member.parse(bad), bad);
        }
    }

    @Test
    void shouldNotStartAPeerThatIsNoMember() {
        assertThrows(IllegalArgumentException.class, () -> AnchorPeer.start("n9",
            List.of(AnchorPeer.Member.parse("n0@127.0.0.1:1:2")), Path.of("/nonexistent"), new byte[16]));
    }
}

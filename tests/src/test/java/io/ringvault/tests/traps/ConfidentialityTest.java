package io.ringvault.tests.traps;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringvault.tests.nonce.DeviceOracle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/**
 * Neither plaintext nor the key reaches memory that the device can see, or the medium; also while partial blocks are
 * merged.
 */
class ConfidentialityTest extends TrapBase {
    private static final long SECRET = 0x1122_3344_5566_7788L;

    @Test
    void shouldShowTheDeviceCiphertextOnly() {
        start();
        final byte[] secret = new byte[4 * BLOCK];
        final ByteBuffer words = ByteBuffer.wrap(secret).order(ByteOrder.LITTLE_ENDIAN);
        while (words.hasRemaining()) {
            words.putLong(SECRET);
        }
        for (int i = 0; i < 400; i++) {
            final int lba = random.nextInt(blocks() - 4);
            disk().write((long) lba * BLOCK, secret, 0, BLOCK * (1 + random.nextInt(4)));
            if (i % 7 == 0) {
                disk().write((long) lba * BLOCK + 8 * random.nextInt(64), secret, 0, 512);
                disk().sync();
            }
            disk().read((long) lba * BLOCK, new byte[BLOCK], 0, BLOCK);
        }
        DeviceOracle.checkAbsent(rig.device(), SECRET, "plaintext");
        DeviceOracle.checkAbsent(rig.device(), ByteBuffer.wrap("the key of a tin".getBytes(
            java.nio.charset.StandardCharsets.US_ASCII)).order(ByteOrder.LITTLE_ENDIAN).getLong(), "the key");
    }

    @Test
    void shouldFindASecretThatIsThere() {
        start();
        final byte[] bytes = new byte[BLOCK];
        Arrays.fill(bytes, (byte) 0x44);
        rig.device().edit(20 * BLOCK, bytes);
        assertThrows(AssertionError.class,
            () -> DeviceOracle.checkAbsent(rig.device(), 0x4444_4444_4444_4444L, "the planted bytes"));
    }
}

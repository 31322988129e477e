package io.ringvault.nvme.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ProtectionInfoTest {

    @Test
    void shouldComputeTheT10GuardWhenGivenItsCheckValue() {
        final byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
        assertEquals(0xD0DB, ProtectionInfo.crc(digits, 0, digits.length));
    }

    @Test
    void shouldAdmitTagsByTypeWhenACommandAsksForTheirCheck() {
        assertEquals(ModelStatus.OK, new ProtectionInfo(1, 520).admissible(7, 1, 7));
        assertEquals(ModelStatus.INVALID_PROTECTION, new ProtectionInfo(1, 520).admissible(7, 1, 8));
        assertEquals(ModelStatus.OK, new ProtectionInfo(2, 520).admissible(7, 1, 8));
        assertEquals(ModelStatus.INVALID_PROTECTION, new ProtectionInfo(3, 520).admissible(7, 1, 7));
        assertEquals(ModelStatus.OK, new ProtectionInfo(3, 520).admissible(7, 4, 0));
    }

    @Test
    void shouldFindWhatChangedWhenBlocksAreChecked() {
        final ProtectionInfo protection = new ProtectionInfo(1, 520);
        final byte[] blocks = new byte[2 * 520];
        Arrays.fill(blocks, (byte) 9);
        protection.insert(blocks, 2, 100);
        assertEquals(ModelStatus.OK, protection.check(blocks, 2, 5, 100));
        assertEquals(ModelStatus.REFERENCE_CHECK, protection.check(blocks, 2, 5, 101));
        assertEquals(ModelStatus.OK, protection.check(blocks, 2, 4, 101));
        blocks[600] ^= 1;
        assertEquals(ModelStatus.GUARD_CHECK, protection.check(blocks, 2, 5, 100));
        assertEquals(ModelStatus.OK, protection.check(blocks, 2, 1, 100));
        assertEquals(ModelStatus.OK, protection.check(new byte[1040], 2, 5, 100), "never written");
    }
}

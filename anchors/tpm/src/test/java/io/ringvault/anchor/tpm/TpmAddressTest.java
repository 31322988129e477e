package io.ringvault.anchor.tpm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringvault.block.StorageException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class TpmAddressTest {
    private static TpmAddress parse(final String place) {
        return TpmAddress.parse("tpm:" + place, place);
    }

    @Test
    void shouldReadIndexPlaceAndOwner() {
        assertEquals(new TpmAddress(0x01800100, "/dev/tpmrm0", null), parse("0x01800100"));
        assertEquals(new TpmAddress(0x01800100, "/dev/tpm1", null), parse("0x1800100@/dev/tpm1"));
        assertEquals(new TpmAddress(0x01800100, "localhost:2321", Path.of("/run/owner")),
            parse("0x1800100@localhost:2321?owner=/run/owner"));
    }

    @Test
    void shouldForgetTheOwnerInTheTextThatFindsItAgain() {
        assertEquals("tpm:0x01800100@/dev/tpmrm0", parse("0x1800100?owner=/run/owner").spec());
    }

    @Test
    void shouldRefuseWhatIsNoIndexOrNoPlace() {
        for (final String bad : new String[] {"", "x", "0x02000000", "0x00ffffff", "0x1800100@", "0x1800100@host",
            "0x1800100@host:port", "0x1800100@host:0"}) {
            assertEquals(StorageException.Category.CONFIGURATION,
                assertThrows(StorageException.class, () -> parse(bad), bad).category());
        }
    }
}

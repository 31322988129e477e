package io.ringvault.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.StorageException;
import org.junit.jupiter.api.Test;

class NvmeOptionsTest {
    private static NvmeOptions parse(final String parameters) {
        return NvmeOptions.parse(DeviceUri.parse("nvme:0000:01:00.0" + parameters));
    }

    @Test
    void shouldTakeTheFirstActiveNamespaceWhenNoneIsNamed() {
        assertEquals(NvmeOptions.DEFAULTS, parse(""));
        assertEquals(0, parse("?iommu=off").namespace());
    }

    @Test
    void shouldReadTheIdentifierAsUnsignedWhenItIsNamed() {
        assertEquals(1, parse("?ns=1").namespace());
        assertEquals(5, parse("?mode=x&ns=5").namespace());
        assertEquals(-2, parse("?ns=4294967294").namespace());
    }

    @Test
    void shouldRefuseWhatIsNoIdentifierWhenItIsNamed() {
        for (final String bad : new String[] {"0", "", "-1", "+1", "1k", "0x1", "4294967295", "4294967296",
            "18446744073709551617", "99999999999999999999999999"}) {
            final StorageException thrown = assertThrows(StorageException.class, () -> parse("?ns=" + bad), bad);
            assertEquals(StorageException.Category.CONFIGURATION, thrown.category());
            assertTrue(thrown.getMessage().contains("ns=" + bad), thrown.getMessage());
        }
    }
}

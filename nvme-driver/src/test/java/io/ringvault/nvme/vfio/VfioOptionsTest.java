package io.ringvault.nvme.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.StorageException;
import org.junit.jupiter.api.Test;

class VfioOptionsTest {

    private static VfioOptions parse(final String uri) {
        return VfioOptions.parse(DeviceUri.parse(uri));
    }

    @Test
    void shouldReadAnAddressAndAWay() {
        assertEquals("0000:01:00.0", parse("nvme:0000:01:00.0").address());
        assertEquals(VfioOptions.Way.ANY, parse("nvme:0000:01:00.0?ns=2").path());
        assertEquals(VfioOptions.Way.IOMMUFD, parse("nvme:0000:c1:00.7?iommu=iommufd").path());
        assertEquals(VfioOptions.Way.NONE, parse("nvme:10000:01:00.0?iommu=none-all-memory-exposed").path());
    }

    @Test
    void shouldLeaveToTheDriverWhatIsTheDrivers() {
        assertEquals(VfioOptions.Way.ANY, parse("nvme:0000:01:00.0?ns=2&shadow=off&timeout=9&admin-timeout=9").path());
    }

    @Test
    void shouldSayWhatIsWrong() {
        for (final String[] each : new String[][] {{"nvme:01:00.0", "not a PCI address"},
            {"nvme:0000:01:00.0/../x", "not a PCI address"}, {"nvme:0000:01:00.8", "not a PCI address"},
            {"nvme:0000:01:00.0?iomu=none", "unknown parameter 'iomu'"},
            {"nvme:0000:01:00.0?iommu=none", "none-all-memory-exposed"}}) {
            final StorageException refused = assertThrows(StorageException.class, () -> parse(each[0]));
            assertEquals(StorageException.Category.CONFIGURATION, refused.category());
            assertTrue(refused.getMessage().contains(each[1]), refused.getMessage());
        }
    }
}

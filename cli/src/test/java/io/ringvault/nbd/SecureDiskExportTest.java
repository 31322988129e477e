package io.ringvault.nbd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.ringvault.ring.OpStatus;
import org.junit.jupiter.api.Test;

class SecureDiskExportTest {

    @Test
    void shouldNeverCallAnErrorSuccessWhenStatusesAreMapped() {
        assertEquals(NbdError.OK, SecureDiskExport.errorOf(OpStatus.OK));
        for (int status = 1; status < 40; status++) {
            assertNotEquals(NbdError.OK, SecureDiskExport.errorOf(status), OpStatus.describe(status));
        }
        assertEquals(28, SecureDiskExport.errorOf(OpStatus.OUT_OF_SPACE));
        assertEquals(1, SecureDiskExport.errorOf(OpStatus.READ_ONLY));
        assertEquals(22, SecureDiskExport.errorOf(OpStatus.INVALID));
        assertEquals(108, SecureDiskExport.errorOf(OpStatus.CLOSED));
        assertEquals(5, SecureDiskExport.errorOf(OpStatus.INTEGRITY));
        assertEquals(5, SecureDiskExport.errorOf(OpStatus.POISONED));
        assertEquals(5, SecureDiskExport.errorOf(OpStatus.ANCHOR_FAILED));
    }
}

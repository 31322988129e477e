package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NvmePassthroughTest {
    @TempDir
    private Path folder;

    @Test
    void shouldReportTheKernelsRefusalWhenTheFileIsNoController() throws IOException {
        try (NvmePassthrough device = NvmePassthrough.open(Files.createFile(folder.resolve("nvme0")))) {
            final NativeIoException refused = assertThrows(NativeIoException.class,
                () -> device.execute(0x06, 0, MemorySegment.NULL, 1, 0, 1000));
            assertEquals(Errno.ENOTTY, refused.errno());
            assertTrue(refused.getMessage().contains("opcode 0x6"), refused.getMessage());
        }
    }

    @Test
    void shouldNameThePathWhenThereIsNoSuchDevice() {
        final NativeIoException refused = assertThrows(NativeIoException.class,
            () -> NvmePassthrough.open(folder.resolve("nvme9")));
        assertEquals(Errno.ENOENT, refused.errno());
    }
}

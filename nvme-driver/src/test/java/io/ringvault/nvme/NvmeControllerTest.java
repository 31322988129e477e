package io.ringvault.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.model.ModelTransport;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NvmeControllerTest {
    private static final NvmeOptions HASTY = new NvmeOptions(100, 100, 1, 4, 0);

    @TempDir
    private Path directory;

    /** A register file that answers what the test wants and never does anything by itself. */
    private static class DeadTransport implements NvmeTransport {
        private final Arena arena = Arena.ofAuto();
        private final MemorySegment doorbells = arena.allocate(4096, 4096);
        long cap = 1L << 37 | 0xFF;
        int csts;
        int cc;
        int closes;

        @Override
        public int read32(final int offset) {
            return offset == 0x1C ? csts : offset == 0x14 ? cc : 0;
        }

        @Override
        public long read64(final int offset) {
            return offset == 0 ? cap : 0;
        }

        @Override
        public void write32(final int offset, final int value) {
            if (offset == 0x14) {
                cc = value;
            }
        }

        @Override
        public void write64(final int offset, final long value) {
        }

        @Override
        public MemorySegment doorbells() {
            return doorbells;
        }

        @Override
        public DmaBuffer allocate(final long lengthBytes) {
            return DmaBuffer.contiguous(arena.allocate(lengthBytes, 4096), 1L << 32);
        }

        @Override
        public Runnable onPoll() {
            return () -> { };
        }

        @Override
        public boolean inline() {
            return false;
        }

        @Override
        public String isolation() {
            return "none";
        }

        @Override
        public void close() {
            closes++;
        }
    }

    private static String failure(final DeadTransport transport) {
        final StorageException thrown = assertThrows(StorageException.class,
            () -> NvmeBlockDevice.open("u", transport, OpenMode.READ_WRITE, HASTY));
        assertEquals(StorageException.Category.IO, thrown.category());
        assertEquals(1, transport.closes);
        assertEquals(0, transport.cc, "a controller that failed to open must not be left enabled");
        return thrown.getMessage();
    }

    @Test
    void shouldGiveUpInTimeWhenTheControllerNeverBecomesReady() {
        assertTrue(failure(new DeadTransport()).contains("CSTS.RDY did not follow CC.EN = 1"));
    }

    @Test
    void shouldGiveUpInTimeWhenTheControllerNeverStops() {
        final DeadTransport transport = new DeadTransport();
        transport.csts = 1;
        assertTrue(failure(transport).contains("did not clear"));
    }

    @Test
    void shouldSayThatItIsGoneWhenRegistersReadAsAllOnes() {
        final DeadTransport transport = new DeadTransport();
        transport.cap = -1;
        assertTrue(failure(transport).contains("all ones"));
    }

    @Test
    void shouldReportTheFatalStateWhenTheControllerSaysSo() {
        final DeadTransport transport = new DeadTransport() {
            @Override
            public void write32(final int offset, final int value) {
                super.write32(offset, value);
                csts = value == 0 ? 0 : 2;
            }
        };
        assertTrue(failure(transport).contains("CSTS.CFS"));
    }

    @Test
    void shouldNameTheCommandWhenTheAdminQueueDoesNotAnswer() {
        final DeadTransport transport = new DeadTransport() {
            @Override
            public void write32(final int offset, final int value) {
                super.write32(offset, value);
                csts = value & 1;
            }
        };
        assertTrue(failure(transport).contains("no answer to Identify Controller within 100 ms"));
    }

    @Test
    void shouldReadTheModelsFactsWhenBroughtUp() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "queues=3&mqes=64&dstrd=2&mdts=128k&block=512",
            (1 << 20) + 700, 4)) {
            assertEquals("Ringvault NVMe controller model", rig.device.facts().model());
            assertEquals("2.1.0", rig.device.facts().version());
            assertEquals(64, rig.device.facts().queueEntries());
            assertEquals(16, rig.device.facts().doorbellStride());
            assertEquals(128 << 10, rig.device.singleCommandBytes());
            assertEquals(3, rig.device.queues());
            assertEquals((1 << 20) + 512, rig.device.sizeBytes());
            assertEquals(512, rig.device.blockSizeBytes());
            assertTrue(rig.device.volatileCache());
            assertTrue(rig.device.maxTransferBytes() >= 1 << 20);
            assertEquals("in-process", rig.device.isolation());
        }
    }

    @Test
    void shouldRefuseOneQueueTooManyAndReuseAClosedOneWhenAsked() {
        try (ModelRig rig = ModelRig.create(directory.resolve("image"), "queues=2", 1 << 20, 4)) {
            final NvmeBlockQueue second = rig.device.openQueue(8);
            final StorageException thrown = assertThrows(StorageException.class, () -> rig.device.openQueue(8));
            assertEquals(StorageException.Category.CONFIGURATION, thrown.category());
            for (int round = 0; round < 20; round++) {
                (round == 0 ? second : rig.device.openQueue(8)).close();
                try (NvmeBlockQueue reopened = rig.device.openQueue(1 + round * 3)) {
                    final DmaBuffer buffer = rig.device.allocate(4096);
                    final int[] status = {-1};
                    for (int i = 0; i < 5; i++) {
                        assertTrue(reopened.read(1, 0, 4096, buffer, 0));
                        reopened.submit();
                        while (reopened.inFlight() > 0) {
                            reopened.poll((token, s) -> status[0] = s, 4);
                        }
                        assertEquals(BlockStatus.OK, status[0]);
                    }
                }
            }
        }
    }

    @Test
    void shouldRefuseANamespaceThatIsNotActiveWhenAskedForIt() {
        final Path image = directory.resolve("image");
        ModelRig.create(image, "", 1 << 20, 1).close();
        final ModelTransport transport = ModelTransport.open(ModelRig.uri(image, ""), OpenMode.READ_WRITE);
        final StorageException thrown = assertThrows(StorageException.class,
            () -> NvmeBlockDevice.open("u", transport, OpenMode.READ_WRITE, new NvmeOptions(1000, 1000, 1, 4, 2)));
        assertTrue(thrown.getMessage().contains("namespace 2 is not active"));
        ModelRig.open(image, "", 1, NvmeOptions.DEFAULTS).close();
    }
}

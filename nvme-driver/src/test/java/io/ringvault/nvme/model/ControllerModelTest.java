package io.ringvault.nvme.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host of the test's own, byte by byte, that does what a driver must not do. */
class ControllerModelTest {
    private static final int BLOCKS = 64;
    private static final int ENTRIES = 8;

    @TempDir
    private Path directory;

    private ModelTransport transport;
    private DmaBuffer admin;
    private DmaBuffer io;
    private DmaBuffer data;
    private int adminTail;
    private int ioTail;

    @BeforeEach
    void open() throws IOException {
        final Path image = directory.resolve("image");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(BLOCKS * 4096L);
        }
        transport = ModelTransport.open(
            DeviceUri.parse("nvme+model:" + image + "?mode=inline&queues=2&mqes=8&mdts=16k"), OpenMode.READ_WRITE);
        admin = transport.allocate(8192);
        io = transport.allocate(8192);
        data = transport.allocate(65536);
    }

    @AfterEach
    void close() {
        transport.close();
    }

    private void enable() {
        transport.write32(0x24, ENTRIES - 1 << 16 | ENTRIES - 1);
        transport.write64(0x28, admin.deviceAddress(0));
        transport.write64(0x30, admin.deviceAddress(4096));
        transport.write32(0x14, 0x00460001);
        assertEquals(1, transport.read32(0x1C));
        adminTail = 0;
        admin.segment().fill((byte) 0);
    }

    private static void put(final MemorySegment ring, final int slot, final int opcode, final int nsid, final long prp1,
                            final long prp2, final int... dwords) {
        final ByteBuffer entry = ring.asSlice(64L * slot, 64).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        entry.putInt(0, opcode | 0x5A << 16).putInt(4, nsid).putLong(24, prp1).putLong(32, prp2);
        for (int i = 0; i < 6; i++) {
            entry.putInt(40 + 4 * i, i < dwords.length ? dwords[i] : 0);
        }
    }

    /** Sends an admin command; returns the status, type in the upper byte. */
    private int admin(final int opcode, final int nsid, final long prp1, final int... dwords) {
        put(admin.segment(), adminTail, opcode, nsid, prp1, 0, dwords);
        final int slot = adminTail;
        adminTail = (adminTail + 1) % ENTRIES;
        ring(0, adminTail);
        final int status = status(admin.segment().asSlice(4096), slot);
        ring(1, adminTail);
        return status;
    }

    private int io(final int opcode, final int nsid, final long prp1, final long prp2, final int... dwords) {
        put(io.segment(), ioTail, opcode, nsid, prp1, prp2, dwords);
        final int slot = ioTail;
        ioTail = (ioTail + 1) % ENTRIES;
        ring(2, ioTail);
        final int status = status(io.segment().asSlice(4096), slot);
        ring(3, ioTail);
        return status;
    }

    private void ring(final int doorbell, final int value) {
        transport.doorbells().set(ValueLayout.JAVA_INT, 4L * doorbell, value);
        transport.onPoll().run();
    }

    private static int status(final MemorySegment completions, final int slot) {
        final ByteBuffer entry = completions.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0x5A, entry.getShort(16 * slot + 12));
        assertEquals((slot + 1) % ENTRIES, entry.getShort(16 * slot + 8));
        return entry.getShort(16 * slot + 14) >>> 1 & 0x7FF;
    }

    private void createQueues() {
        assertEquals(0, admin(0x05, 0, io.deviceAddress(4096), ENTRIES - 1 << 16 | 1, 1));
        assertEquals(0, admin(0x01, 0, io.deviceAddress(0), ENTRIES - 1 << 16 | 1, 1 << 16 | 1));
    }

    @Test
    void shouldReportAFatalStateWhenEnabledWithImpossibleQueues() {
        transport.write32(0x24, 0x00070007);
        transport.write64(0x28, 0x1000);
        transport.write64(0x30, admin.deviceAddress(4096));
        transport.write32(0x14, 0x00460001);
        assertEquals(2, transport.read32(0x1C));
        assertTrue(transport.model().failure().contains("admin queues"));
        transport.write32(0x14, 0);
        assertEquals(0, transport.read32(0x1C));
        enable();
    }

    @Test
    void shouldRefuseAdminCommandsWhenTheirFieldsAreWrong() {
        enable();
        assertEquals(0x001, admin(0x7F, 0, 0));
        assertEquals(0x002, admin(0x06, 0, data.deviceAddress(0), 0x55));
        assertEquals(0x00B, admin(0x06, 2, data.deviceAddress(0), 0));
        assertEquals(0x004, admin(0x06, 0, 0x123000, 1));
        assertEquals(0x101, admin(0x05, 0, io.deviceAddress(4096), 7 << 16 | 3, 1));
        assertEquals(0x101, admin(0x05, 0, io.deviceAddress(4096), 7 << 16, 1));
        assertEquals(0x102, admin(0x05, 0, io.deviceAddress(4096), 8 << 16 | 1, 1));
        assertEquals(0x102, admin(0x05, 0, io.deviceAddress(4096), 1, 1));
        assertEquals(0x002, admin(0x05, 0, io.deviceAddress(4096), 7 << 16 | 1, 0));
        assertEquals(0x013, admin(0x05, 0, io.deviceAddress(4096) + 16, 7 << 16 | 1, 1));
        assertEquals(0x100, admin(0x01, 0, io.deviceAddress(0), 7 << 16 | 1, 1 << 16 | 1));
        assertEquals(0x101, admin(0x00, 0, 0, 1));
        createQueues();
        assertEquals(0x101, admin(0x05, 0, io.deviceAddress(4096), 7 << 16 | 1, 1));
        assertEquals(0x10C, admin(0x04, 0, 0, 1));
        assertEquals(0, admin(0x00, 0, 0, 1));
        assertEquals(0, admin(0x04, 0, 0, 1));
    }

    @Test
    void shouldRefuseIoCommandsWhenTheirFieldsAreWrong() {
        enable();
        createQueues();
        final long at = data.deviceAddress(0);
        assertEquals(0, io(0x02, 1, at, 0, BLOCKS - 1, 0, 0));
        assertEquals(0x080, io(0x02, 1, at, 0, BLOCKS, 0, 0));
        assertEquals(0x080, io(0x02, 1, at, at + 4096, BLOCKS - 1, 0, 1));
        assertEquals(0x080, io(0x02, 1, at, 0, -1, -1, 0));
        assertEquals(0x080, io(0x08, 1, 0, 0, 0, 0, 0xFFFF));
        assertEquals(0x00B, io(0x02, 2, at, 0, 0, 0, 0));
        assertEquals(0x002, io(0x02, 1, at, 0, 0, 0, 4));
        assertEquals(0x013, io(0x02, 1, at + 1, 0, 0, 0, 0));
        assertEquals(0x004, io(0x02, 1, 0x5000, 0, 0, 0, 0));
        assertEquals(0x002, io(0x02 | 0x4000, 1, at, 0, 0, 0, 0));
        assertEquals(0x001, io(0x77, 1, at, 0, 0, 0, 0));
        assertEquals(0, io(0x00, -1, 0, 0));
    }

    @Test
    void shouldIgnoreAndCountADoorbellWhenItPointsOutsideTheQueue() {
        enable();
        createQueues();
        ring(2, ENTRIES);
        ring(2, -5);
        assertTrue(transport.model().badDoorbells() >= 2);
        ring(2, 0);
        assertEquals(0, io(0x00, 1, 0, 0));
    }

    @Test
    void shouldNotOvertakeTheHostWhenItsCompletionQueueIsFull() {
        enable();
        createQueues();
        for (int i = 0; i < ENTRIES - 1; i++) {
            put(io.segment(), i, 0, 1, 0, 0);
        }
        ring(2, ENTRIES - 1);
        put(io.segment(), ENTRIES - 1, 0, 1, 0, 0);
        ring(2, 0);
        final MemorySegment completions = io.segment().asSlice(4096);
        assertEquals(0, completions.get(ValueLayout.JAVA_INT, 16L * (ENTRIES - 1) + 12));
        ring(3, 1);
        assertEquals(1 << 16 | 0x5A, completions.get(ValueLayout.JAVA_INT, 16L * (ENTRIES - 1) + 12));
    }

    @Test
    void shouldForgetQueuesAndDoorbellsWhenItIsReset() {
        enable();
        createQueues();
        assertEquals(0, io(0x00, 1, 0, 0));
        transport.write32(0x14, 0);
        assertEquals(0, transport.read32(0x1C));
        ioTail = 0;
        io.segment().fill((byte) 0);
        enable();
        createQueues();
        assertEquals(0, io(0x00, 1, 0, 0));
    }

    @Test
    void shouldReportShutdownCompleteWhenNotified() {
        enable();
        transport.write32(0x14, 0x00464001);
        assertEquals(2, transport.read32(0x1C) >>> 2 & 3);
    }

    @Test
    void shouldAnswerNothingWhenThePowerIsLost() {
        enable();
        transport.model().losePower();
        transport.model().losePower();
        assertEquals(-1, transport.read32(0x1C));
        transport.write32(0x14, 0);
        transport.write32(0x14, 0x00460001);
        assertEquals(-1, transport.read32(0x1C));
        assertEquals(-1L, transport.read64(0));
    }
}

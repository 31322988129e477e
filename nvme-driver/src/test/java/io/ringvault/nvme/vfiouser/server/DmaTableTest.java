package io.ringvault.nvme.vfiouser.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.nvme.model.ModelEndpoint;
import io.ringvault.nvme.model.NvmeModelProvider;
import io.ringvault.sys.NativeDescriptor;
import io.ringvault.sys.NativeMemory;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a client may map, and what the controller then reaches: a live queue whose memory goes is a fatal state. */
class DmaTableTest {
    private static final int EINVAL = 22;
    private static final int ENOENT = 2;
    private static final int RW = 3;
    private static final long PAGE = 4096;
    private static final long AT = 0x10_0000;
    private static final int CSTS = 0x1C;
    private static final int FATAL = 2;

    @TempDir
    private Path folder;
    private ModelEndpoint endpoint;
    private ModelEndpoint.Session session;
    private DmaTable table;
    private NativeMemory memory;
    private NativeDescriptor file;

    @BeforeEach
    void open() throws IOException {
        final DeviceUri uri = DeviceUri.parse("nvme+model:" + folder.resolve("image"));
        new NvmeModelProvider().create(uri, 1 << 20);
        endpoint = ModelEndpoint.open(uri, OpenMode.READ_WRITE);
        session = endpoint.connect();
        table = new DmaTable(session);
        memory = NativeMemory.memfd("table", 16 * PAGE, NativeMemory.Pages.BASE);
        file = NativeDescriptor.duplicate(memory.descriptor());
    }

    @AfterEach
    void close() {
        session.close();
        table.close();
        file.close();
        memory.close();
        endpoint.close();
    }

    @ParameterizedTest
    @CsvSource({"4, 0, 0x1000, 0x1000", "3, 1, 0x1000, 0x1000", "3, -4096, 0x1000, 0x1000", "3, 0, 0x1001, 0x1000",
        "3, 0, 0x1000, 0x1001", "3, 0, 0x1000, 0", "3, 0, 0x1000, -4096", "3, 0, 0x1000, 0x90000000000",
        "3, 0, -4096, 0x2000"})
    void shouldRefuseWhatIsNoWholePagesOrWrapsAround(final int flags, final String offset, final String address,
        final String size) throws IOException {
        assertEquals(EINVAL, table.map(flags, Long.decode(offset), Long.decode(address), Long.decode(size), file));
        assertEquals(0, table.count());
    }

    @Test
    void shouldAcceptTheSameTwiceAndRefuseWhatOverlaps() throws IOException {
        assertEquals(0, table.map(RW, 0, AT, 4 * PAGE, file));
        assertEquals(0, table.map(RW, 0, AT, 4 * PAGE, file), "the same again");
        assertEquals(1, table.count());
        assertEquals(EINVAL, table.map(RW, PAGE, AT, 4 * PAGE, file), "the same place, other memory");
        assertEquals(EINVAL, table.map(RW, 0, AT - PAGE, 2 * PAGE, file));
        assertEquals(EINVAL, table.map(RW, 0, AT + 3 * PAGE, PAGE, file));
        assertEquals(EINVAL, table.map(RW, 0, AT - PAGE, 6 * PAGE, file));
        assertEquals(0, table.map(RW, 4 * PAGE, AT + 4 * PAGE, PAGE, file), "right behind");
        assertEquals(0, table.map(RW, 5 * PAGE, AT - PAGE, PAGE, file), "right before");
        assertEquals(0, table.map(RW, 6 * PAGE, -PAGE, PAGE, file), "the last page of all addresses");
        assertEquals(4, table.count());
    }

    @Test
    void shouldUnmapExactlyWhatWasMapped() throws IOException {
        assertEquals(0, table.map(RW, 0, AT, 4 * PAGE, file));
        assertEquals(ENOENT, table.unmap(AT, PAGE));
        assertEquals(ENOENT, table.unmap(AT + PAGE, 3 * PAGE));
        assertEquals(0, table.unmap(AT, 4 * PAGE));
        assertEquals(ENOENT, table.unmap(AT, 4 * PAGE));
        assertEquals(0, table.map(RW, 0, AT + PAGE, PAGE, file), "the addresses are free again");
        table.unmapAll();
        assertEquals(0, table.count());
    }

    @Test
    void shouldRefuseMoreRegionsThanItPromises() throws IOException {
        for (int i = 0; i < DmaTable.MOST_REGIONS; i++) {
            assertEquals(0, table.map(RW, 0, AT + 2 * i * PAGE, PAGE, file));
        }
        assertEquals(EINVAL, table.map(RW, 0, 0, PAGE, file));
        assertEquals(DmaTable.MOST_REGIONS, table.count());
    }

    /** Read-only memory and memory without a descriptor are accepted, and queues there are impossible. */
    @ParameterizedTest
    @CsvSource({"3, true, true", "3, false, false", "1, true, false", "0, true, false"})
    void shouldLetTheControllerReachOnlyMemoryThatCameForReadingAndWriting(final int flags, final boolean descriptor,
        final boolean reachable) throws IOException {
        assertEquals(0, table.map(flags, 0, AT, 4 * PAGE, descriptor ? file : null));
        enable();
        assertEquals(reachable ? 1 : FATAL, session.read32(CSTS) & 3);
    }

    @Test
    void shouldStopTheControllerWhenTheMemoryOfALiveQueueGoes() throws IOException {
        assertEquals(0, table.map(RW, 0, AT, 4 * PAGE, file));
        assertEquals(0, table.map(RW, 4 * PAGE, AT + 8 * PAGE, PAGE, file));
        enable();
        assertEquals(0, table.unmap(AT + 8 * PAGE, PAGE));
        assertEquals(1, session.read32(CSTS), "nothing of it was in use");
        assertEquals(0, table.unmap(AT, 4 * PAGE));
        assertTrue((session.read32(CSTS) & FATAL) != 0, "CSTS " + session.read32(CSTS));
    }

    /** Admin queues of 16 entries in the first two pages. */
    private void enable() {
        session.write32(0x24, 15 << 16 | 15);
        session.write32(0x28, (int) AT);
        session.write32(0x2C, 0);
        session.write32(0x30, (int) (AT + PAGE));
        session.write32(0x34, 0);
        session.write32(0x14, 0x0046_0001);
    }
}

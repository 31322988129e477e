package io.ringvault.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockDevices;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.model.ModelTransport;
import io.ringvault.nvme.spec.Opcode;
import io.ringvault.nvme.spec.Registers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Controllers that are taken away: doorbells that fault, and a kernel that asks for its device back. */
class LostControllerTest {
    private static final int GONE = BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0, BlockStatus.DRIVER_GONE, false);
    private static final int PAGE = 4096;
    private static final int POLLS_MAX = 100_000;
    private static final int WARM = 30_000;

    @TempDir
    private Path folder;
    private FragileTransport transport;
    private NvmeBlockDevice device;
    private NvmeBlockQueue queue;
    private DmaBuffer buffer;
    private final Map<Long, Integer> done = new HashMap<>();

    @BeforeEach
    void open() throws IOException {
        final DeviceUri uri = ModelRig.uri(folder.resolve("image"), "mode=inline");
        BlockDevices.provider(uri).create(uri, 1 << 20);
        transport = new FragileTransport(ModelTransport.open(uri, OpenMode.READ_WRITE), folder.resolve("doorbells"));
        device = NvmeBlockDevice.open(uri.text(), transport, OpenMode.READ_WRITE, NvmeOptions.DEFAULTS
            .withShadowDoorbells(false));
        queue = device.openQueue(4);
        buffer = device.allocate(PAGE);
    }

    @AfterEach
    void close() {
        queue.close();
        device.close();
    }

    private void poll() {
        queue.poll((token, status) -> assertEquals(null, done.put(token, status), "completed twice: " + token), 16);
    }

    private int read(final long token) {
        assertTrue(queue.read(token, 0, PAGE, buffer, 0));
        queue.submit();
        return await(token);
    }

    private int await(final long token) {
        for (int i = 0; !done.containsKey(token) && i < POLLS_MAX; i++) {
            poll();
        }
        return done.remove(token);
    }

    @Test
    void shouldEndRequestsAsGoneWhenADoorbellFaults() throws IOException {
        assertEquals(BlockStatus.OK, read(1));
        transport.lose();
        assertEquals(GONE, read(2));
        assertEquals(GONE, read(3), "and every request after that");
    }

    /** Compiled code learns of a fault late: at the latest the control plane finds the controller gone. */
    @Test
    void shouldEndEveryRequestOnceWhenADoorbellFaultsInCompiledCode() throws IOException {
        for (int i = 0; i < WARM; i++) {
            assertEquals(BlockStatus.OK, read(i));
        }
        transport.lose();
        boolean late = false;
        assertTrue(queue.read(WARM, 0, PAGE, buffer, 0));
        for (int i = 0; !done.containsKey((long) WARM) && i < POLLS_MAX; i++) {
            try {
                queue.submit();
                poll();
            } catch (final InternalError fault) {
                late = true;
            }
        }
        System.out.println("a fault in compiled code was reported " + (late ? "late" : "in place"));
        assertEquals(GONE, done.remove((long) WARM));
        assertEquals(0, queue.inFlight());
    }

    @Test
    void shouldNotSwallowAFaultWhenAHandlerMetIt() {
        assertTrue(queue.read(1, 0, PAGE, buffer, 0));
        assertTrue(queue.read(2, 0, PAGE, buffer, 0));
        queue.submit();
        final InternalError fault = new InternalError("a fault of another store");
        final InternalError thrown = assertThrows(InternalError.class, () -> {
            for (int i = 0; i < POLLS_MAX; i++) {
                queue.poll((token, status) -> {
                    throw fault;
                }, 1);
            }
        });
        assertSame(fault, thrown);
        poll();
        assertEquals(1, done.size(), "the handler's request has been delivered, the other one ends as gone");
        assertTrue(done.containsValue(GONE));
    }

    @Test
    void shouldFailAdminCommandsWhenTheirDoorbellFaults() throws IOException {
        transport.lose();
        final StorageException failed = assertThrows(StorageException.class, () -> device.openQueue(2));
        assertEquals(StorageException.Category.IO, failed.category());
        assertTrue(failed.getMessage().contains("doorbell of its admin queue faulted"), failed.getMessage());
    }

    /** What is read of a function without power depends on the bridge above it. */
    @ParameterizedTest
    @CsvSource({"-1, all ones", "0, zeros"})
    void shouldSayThatTheControllerIsGoneWhenNothingAnswers(final int reading, final String text) {
        assertEquals(BlockStatus.OK, read(1));
        transport.vanish(reading);
        assertEquals(GONE, read(2));
        assertEquals("registers read as " + text + ": the controller was removed or lost power",
            device.failureReason());
        assertEquals(GONE, read(3));
    }

    @Test
    void shouldSayThatTheControllerIsGoneWhenItLosesPowerWhileItIsReset() {
        assertEquals(BlockStatus.OK, read(1));
        transport.faults().fatal(Opcode.READ, 0);
        transport.vanishWhenStopped = true;
        assertEquals(GONE, read(2));
        final String reason = device.failureReason();
        assertTrue(reason.contains("CSTS.CFS") && reason.endsWith("the controller was removed or lost power"), reason);
    }

    @Test
    void shouldShutTheControllerDownInOrderWhenItIsRecalled() {
        assertEquals(BlockStatus.OK, read(1));
        transport.recalled = "somebody wants it back";
        int status = BlockStatus.OK;
        for (int i = 2; status == BlockStatus.OK && i < POLLS_MAX; i++) {
            status = read(i);
        }
        assertEquals(GONE, status);
        assertEquals("somebody wants it back", device.failureReason());
        assertEquals(0, transport.controls.getLast(), "disabled");
        final int notified = transport.controls.get(transport.controls.size() - 2);
        assertEquals(Registers.CC_SHN_NORMAL, notified & Registers.CC_SHN_MASK, "after a shutdown");
    }
}

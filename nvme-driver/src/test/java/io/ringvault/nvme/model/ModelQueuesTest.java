package io.ringvault.nvme.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which queues can be made and ended, in which order; nothing is served here. */
class ModelQueuesTest {
    private static final int ENTRIES = 8;
    private static final ModelOptions OPTIONS = new ModelOptions(4096, 8192, 2, ENTRIES, 0, 0, true, true, true, true,
        true, false, ModelFormat.PLAIN);

    private final Arena hostArena = Arena.ofShared();
    private final DeviceMemory memory = new DeviceMemory();
    private final MemorySegment doorbells = Arena.ofAuto().allocate(4096, 4096);
    private final List<Integer> served = new ArrayList<>();
    private final ModelQueues queues = new ModelQueues(OPTIONS, memory, doorbells, ring -> {
        served.add(ring.id());
        return new IoWorker(ring, null, new FaultPlan(), new ModelLog(), 4096, () -> true, () -> { });
    }, failure -> { });
    private long address;

    @BeforeEach
    void map() throws IOException {
        memory.allocate(4096);
        address = memory.lastAddress();
    }

    @AfterEach
    void close() {
        memory.close();
        if (hostArena.scope().isAlive()) {
            hostArena.close();
        }
    }

    @Test
    void shouldPairEachSubmissionQueueWithACompletionQueueThatIsThere() {
        assertEquals(ModelStatus.COMPLETION_QUEUE_INVALID, queues.createSubmissionQueue(1, ENTRIES, address, 1));
        assertEquals(ModelStatus.OK, queues.createCompletionQueue(1, ENTRIES, address));
        assertEquals(ModelStatus.INVALID_QUEUE_ID, queues.createCompletionQueue(1, ENTRIES, address), "it is there");
        assertEquals(ModelStatus.OK, queues.createSubmissionQueue(2, ENTRIES, address + 1024, 1));
        assertEquals(ModelStatus.INVALID_QUEUE_DELETION, queues.deleteCompletionQueue(1), "it is in use");
        assertEquals(ModelStatus.OK, queues.deleteSubmissionQueue(2));
        assertEquals(ModelStatus.INVALID_QUEUE_ID, queues.deleteSubmissionQueue(2));
        assertEquals(ModelStatus.OK, queues.deleteCompletionQueue(1));
        assertEquals(List.of(2), served);
    }

    @Test
    void shouldRefuseIdentifiersAndMemoryThatThereAreNot() {
        for (final int id : new int[] {-1, 0, 3, 65_535}) {
            assertEquals(ModelStatus.INVALID_QUEUE_ID, queues.createCompletionQueue(id, ENTRIES, address));
            assertEquals(ModelStatus.INVALID_QUEUE_ID, queues.createSubmissionQueue(id, ENTRIES, address, 1));
            assertEquals(ModelStatus.INVALID_QUEUE_ID, queues.deleteSubmissionQueue(id));
            assertEquals(ModelStatus.INVALID_QUEUE_ID, queues.deleteCompletionQueue(id));
            assertFalse(queues.abort(id, 0));
        }
        assertEquals(ModelStatus.DATA_TRANSFER_ERROR, queues.createCompletionQueue(1, ENTRIES, address + 4096));
        assertEquals(ModelStatus.DATA_TRANSFER_ERROR, queues.shadowDoorbells(address, address + 4096));
        assertEquals(List.of(), served);
    }

    @Test
    void shouldBeEmptyAfterAReset() {
        assertEquals(ModelStatus.OK, queues.createCompletionQueue(1, ENTRIES, address));
        assertEquals(ModelStatus.OK, queues.createSubmissionQueue(1, ENTRIES, address + 1024, 1));
        queues.reset();
        assertEquals(ModelStatus.INVALID_QUEUE_ID, queues.deleteSubmissionQueue(1));
        assertEquals(ModelStatus.INVALID_QUEUE_ID, queues.deleteCompletionQueue(1));
        assertEquals(0, queues.step());
    }

    @Test
    void shouldDropAQueueWhoseMemoryHasGoneAndKeepTheOthers() {
        final long elsewhere = 0x7000_0000_0000L;
        memory.map(elsewhere, hostArena.allocate(4096, 4096));
        assertEquals(ModelStatus.OK, queues.createCompletionQueue(1, ENTRIES, address));
        assertEquals(ModelStatus.OK, queues.createSubmissionQueue(1, ENTRIES, address + 1024, 1));
        queues.pause();
        assertTrue(queues.resume());
        assertEquals(ModelStatus.OK, queues.createCompletionQueue(2, ENTRIES, address + 2048));
        assertEquals(ModelStatus.OK, queues.createSubmissionQueue(2, ENTRIES, elsewhere, 2));
        queues.pause();
        memory.unmap(elsewhere);
        hostArena.close();
        assertFalse(queues.resume());
        assertEquals(ModelStatus.INVALID_QUEUE_ID, queues.deleteSubmissionQueue(2), "dropped");
        assertEquals(ModelStatus.OK, queues.deleteSubmissionQueue(1));
    }
}

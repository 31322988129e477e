package io.ringvault.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DmaBuffer;
import io.ringvault.nvme.spec.Opcode;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Parts of requests and their time limits, by a clock of the test's own; the commands are placed, never rung. */
class OverdueTest {
    private static final long TIMEOUT_NS = 1_000_000_000;
    private static final int RETRIES = 2;
    private static final int RETRYABLE = 0x280;
    private static final int FINAL = 0x4280;
    private static final int ABORTED = 0x4007;

    @TempDir
    private Path directory;
    private ModelRig rig;
    private QueueLink link;
    private Requests requests;
    private Commands commands;
    private Overdue overdue;
    private long nowNs;

    @BeforeEach
    void open() {
        rig = ModelRig.create(directory.resolve("image"), "mode=inline&mdts=8k", 1 << 20, 1);
        rig.device.listener(line -> { });
        link = rig.device.controller().createQueuePair(8);
        requests = new Requests(4);
        commands = new Commands(rig.device, link, requests, RETRIES);
        overdue = new Overdue(rig.device.controller().recovery(), link, commands, requests, TIMEOUT_NS, () -> nowNs);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private int request(final int opcode, final long start, final long length, final DmaBuffer buffer) {
        final int request = requests.take(1);
        requests.opcodes[request] = (byte) opcode;
        requests.start[request] = start;
        requests.next[request] = start;
        requests.end[request] = start + length;
        requests.buffers[request] = buffer;
        requests.bufferDelta[request] = -start;
        return request;
    }

    private int place(final int request) {
        final int tracker = link.pair.claim();
        commands.placeNext(tracker, request);
        overdue.placed(tracker);
        return tracker;
    }

    private void pass(final long durationNs) {
        for (long passed = 0; passed <= durationNs; passed += PollClock.LARGEST_STEP_NS) {
            nowNs += PollClock.LARGEST_STEP_NS;
            for (int i = 0; i < PollClock.POLLS_PER_LOOK; i++) {
                overdue.tick();
            }
        }
    }

    @Test
    void shouldCutARequestIntoPartsOfOneCommandEach() {
        final int request = request(Opcode.WRITE, 4096, 20_480, rig.device.allocate(20_480));
        final long[] ends = {12_288, 20_480, 24_576};
        for (int i = 0; i < ends.length; i++) {
            place(request);
            assertEquals(ends[i], requests.next[request]);
            assertEquals(i + 1, requests.outstanding[request]);
        }
        final int deallocate = request(Opcode.DATASET_MANAGEMENT, 0, 1 << 20, null);
        place(deallocate);
        assertEquals(1 << 20, requests.next[deallocate], "a range is not limited by what one command may carry");
    }

    @Test
    void shouldRetryABoundedNumberOfTimesAndAFlushNever() {
        final int write = place(request(Opcode.WRITE, 0, 4096, rig.device.allocate(4096)));
        assertFalse(commands.mayRetry(write, FINAL, false));
        assertTrue(commands.mayRetry(write, ABORTED, true), "aborted, but by us");
        assertFalse(commands.mayRetry(write, ABORTED, false));
        assertFalse(commands.mayRetry(place(request(Opcode.FLUSH, 0, 1, null)), RETRYABLE, false));
        for (int i = 0; i < RETRIES; i++) {
            assertTrue(commands.mayRetry(write, RETRYABLE, false));
            link.pair.restart();
            assertEquals(write, link.pair.claim());
            commands.placeAgain(write);
        }
        assertFalse(commands.mayRetry(write, RETRYABLE, false));
    }

    @Test
    void shouldHaveALateCommandAbortedOnceAndThenTheControllerReset() {
        final int tracker = place(request(Opcode.READ, 0, 4096, rig.device.allocate(4096)));
        pass(TIMEOUT_NS / 2);
        assertFalse(overdue.aborted(tracker));
        pass(TIMEOUT_NS / 2);
        assertTrue(overdue.aborted(tracker));
        assertEquals(1, rig.device.health().aborts());
        assertFalse(overdue.holds(tracker, 0), "the Abort has been answered");
        assertEquals(Overdue.NONE, overdue.takeHeld());
        assertEquals(0, rig.device.health().resets());
        pass(TIMEOUT_NS);
        assertEquals(1, rig.device.health().resets());
        assertEquals(1, requests.blamed[commands.requestOf(tracker)]);
        assertEquals(1, rig.device.health().aborts());
    }

    @Test
    void shouldNeverHaveAFlushAborted() {
        place(request(Opcode.FLUSH, 0, 1, null));
        pass(2 * TIMEOUT_NS);
        assertEquals(0, rig.device.health().aborts());
        assertEquals(1, rig.device.health().resets());
    }

    @Test
    void shouldKeepACompletionUntilTheAbortOfItsCommandIsAnswered() {
        final int tracker = place(request(Opcode.READ, 0, 4096, rig.device.allocate(4096)));
        pass(TIMEOUT_NS + 2 * PollClock.LARGEST_STEP_NS);
        link.askAbort(tracker); // as it is while the control plane has not yet answered
        assertTrue(overdue.holds(tracker, RETRYABLE));
        assertFalse(overdue.holds(tracker + 1, 0), "other commands complete meanwhile");
        assertEquals(Overdue.NONE, overdue.takeHeld());
        link.answerAbort();
        assertEquals(tracker, overdue.takeHeld());
        assertEquals(RETRYABLE, overdue.heldStatus());
        assertEquals(Overdue.NONE, overdue.takeHeld(), "taken once");
    }
}

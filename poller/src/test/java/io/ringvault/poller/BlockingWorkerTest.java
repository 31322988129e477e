package io.ringvault.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BlockingWorkerTest {
    private final List<String> outcomes = new ArrayList<>();
    private volatile Thread ranOn;

    private BlockingWorker.Task task(final String name) {
        return new BlockingWorker.Task() {
            @Override
            public void run() throws Exception {
                ranOn = Thread.currentThread();
                if (name.startsWith("bad")) {
                    throw new java.io.IOException(name);
                }
            }

            @Override
            public void onDone(final Throwable failure) {
                outcomes.add(name + (failure == null ? "" : " " + failure.getClass().getSimpleName()));
            }
        };
    }

    @Test
    void shouldRunElsewhereAndDeliverHere() {
        final BlockingWorker worker = BlockingWorker.threaded("test", 2);
        int submitted = 0;
        while (outcomes.size() < 200) {
            if (submitted < 200 && worker.submit(task(submitted % 7 == 3 ? "bad" + submitted : "ok" + submitted))) {
                submitted++;
            } else if (worker.poll() == 0) {
                Thread.yield();
            }
        }
        assertNotSame(Thread.currentThread(), ranOn);
        for (int i = 0; i < 200; i++) {
            assertEquals(i % 7 == 3 ? "bad" + i + " IOException" : "ok" + i, outcomes.get(i));
        }
        assertEquals(0, worker.pending());
        worker.close();
    }

    @Test
    void shouldFinishWhatWasAcceptedWhenClosed() {
        for (int round = 0; round < 50; round++) {
            outcomes.clear();
            final BlockingWorker worker = BlockingWorker.threaded("test", 8);
            for (int i = 0; i < 8; i++) {
                assertTrue(worker.submit(task("t" + i)));
            }
            worker.close();
            worker.close();
            assertEquals(8, worker.poll());
            assertThrows(IllegalStateException.class, () -> worker.submit(task("late")));
        }
    }

    @Test
    void shouldRunInlineButDeliverOnlyWhenPolled() {
        final BlockingWorker worker = BlockingWorker.inline(2);
        assertTrue(worker.submit(task("a")));
        assertSame(Thread.currentThread(), ranOn);
        assertTrue(worker.submit(task("bad")));
        assertFalse(worker.submit(task("c")));
        assertEquals(2, worker.pending());
        assertEquals(List.of(), outcomes);
        assertEquals(2, worker.poll());
        assertEquals(List.of("a", "bad IOException"), outcomes);
        assertTrue(worker.submit(task("c")));
        worker.close();
    }
}

package io.ringvault.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.IdleStrategy;
import org.junit.jupiter.api.Test;

class AgentThreadTest {
    private final ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();
    private final CountDownLatch threw = new CountDownLatch(1);
    private final CountDownLatch cyclesAfterwards = new CountDownLatch(10);

    private final Agent agent = new Agent() {
        @Override
        public int doWork() {
            if (threw.getCount() == 0) {
                cyclesAfterwards.countDown();
            }
            return 0;
        }

        @Override
        public String roleName() {
            return "data";
        }
    };

    /** Rests, and once throws as the JVM does for a fault of mapped memory that it reports late. */
    private final IdleStrategy faulting = new IdleStrategy() {
        @Override
        public void idle(final int work) {
            idle();
        }

        @Override
        public void idle() {
            Thread.yield();
            if (threw.getCount() > 0) {
                threw.countDown();
                throw new InternalError("a fault of mapped memory");
            }
        }

        @Override
        public void reset() {
        }
    };

    @Test
    void shouldReportAndGoOnWhenAFaultIsReportedWhileTheAgentIdles() throws Exception {
        final AgentThread thread = new AgentThread(agent, faulting,
            (role, thrown) -> errors.add(role + ": " + thrown.getMessage()), -1);
        assertTrue(cyclesAfterwards.await(30, TimeUnit.SECONDS), "the agent goes on");
        thread.stop();
        assertTrue(thread.join(TimeUnit.SECONDS.toNanos(30)));
        assertFalse(thread.isRunning());
        assertEquals(List.of("data: a fault of mapped memory"), List.copyOf(errors));
    }
}

package io.ringvault.poller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.StorageException;
import io.ringvault.sys.Cpus;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.Agent;
import org.junit.jupiter.api.Test;

class AgentGroupTest {
    private final ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();
    private final AgentErrorHandler handler = (role, thrown) -> errors.add(role + ": " + thrown.getMessage());

    private static final class Probe implements Agent {
        private final String name;
        private final CountDownLatch cycles = new CountDownLatch(50);
        private volatile Thread thread;
        private volatile int[] cores;
        private volatile boolean closed;
        private volatile boolean failing;
        private volatile boolean interruptOnStart;

        private Probe(final String name) {
            this.name = name;
        }

        @Override
        public void onStart() {
            thread = Thread.currentThread();
            if (interruptOnStart) {
                thread.interrupt();
            }
        }

        @Override
        public int doWork() throws Exception {
            assertSame(thread, Thread.currentThread());
            if (cycles.getCount() == 50) {
                cores = Cpus.usable();
            }
            cycles.countDown();
            if (failing && cycles.getCount() % 10 == 0) {
                throw new IllegalStateException("cycle");
            }
            return 1;
        }

        @Override
        public void onClose() {
            assertSame(thread, Thread.currentThread());
            closed = true;
        }

        @Override
        public String roleName() {
            return name;
        }

        private void awaitCycles() throws InterruptedException {
            assertTrue(cycles.await(30, TimeUnit.SECONDS));
        }
    }

    private final Probe data = new Probe("data");
    private final Probe index = new Probe("index");

    private AgentGroup start(final ThreadingMode mode) {
        return AgentGroup.start(AgentGroup.Options.of(mode, handler), List.of(data, index));
    }

    @Test
    void shouldGiveEachAgentItsThreadWhenDedicated() throws Exception {
        try (AgentGroup group = start(ThreadingMode.DEDICATED)) {
            data.awaitCycles();
            index.awaitCycles();
            assertNotEquals(data.thread, index.thread);
            assertEquals("ringvault-data", data.thread.getName());
            assertTrue(group.isRunning());
            assertThrows(IllegalStateException.class, group::invoke);
        }
        assertTrue(data.closed && index.closed);
        assertFalse(data.thread.isAlive());
        assertEquals(List.of(), List.copyOf(errors));
    }

    @Test
    void shouldRunAllOnOneThreadWhenShared() throws Exception {
        try (AgentGroup group = start(ThreadingMode.SHARED)) {
            data.awaitCycles();
            index.awaitCycles();
            assertSame(data.thread, index.thread);
            assertEquals("ringvault-data+index", data.thread.getName());
            assertEquals(ThreadingMode.SHARED, group.mode());
        }
        assertTrue(data.closed && index.closed);
    }

    @Test
    void shouldBeSteppedByTheCallerWhenInvoker() {
        final AgentGroup group = start(ThreadingMode.INVOKER);
        assertSame(Thread.currentThread(), data.thread);
        assertEquals(2, group.invoke());
        assertEquals(49, index.cycles.getCount());
        group.close();
        group.close();
        assertTrue(data.closed && index.closed);
        assertThrows(IllegalStateException.class, group::invoke);
    }

    @Test
    void shouldReportWhatAnAgentThrowsAndGoOn() throws Exception {
        for (final ThreadingMode mode : new ThreadingMode[] {ThreadingMode.DEDICATED, ThreadingMode.SHARED}) {
            errors.clear();
            final Probe failing = new Probe("failing");
            final Probe other = new Probe("other");
            failing.failing = true;
            try (AgentGroup group = AgentGroup.start(AgentGroup.Options.of(mode, handler), List.of(failing, other))) {
                failing.awaitCycles();
                other.awaitCycles();
                assertTrue(group.isRunning());
            }
            assertTrue(errors.size() >= 4, "errors: " + errors);
            assertTrue(errors.stream().allMatch("failing: cycle"::equals), "errors: " + errors);
            assertTrue(failing.closed && other.closed);
        }
    }

    @Test
    void shouldGoOnWhenInterrupted() throws Exception {
        data.interruptOnStart = true;
        try (AgentGroup group = start(ThreadingMode.DEDICATED)) {
            data.awaitCycles();
            assertTrue(group.isRunning());
        }
    }

    @Test
    void shouldPinThreadsWhenCoresAreNamed() throws Exception {
        final int core = Cpus.usable()[0];
        final AgentGroup.Options options = new AgentGroup.Options(ThreadingMode.DEDICATED, "yield", handler,
            List.of(core, core), AgentThread.seconds(30));
        try (AgentGroup group = AgentGroup.start(options, List.of(data, index))) {
            index.awaitCycles();
            assertEquals(1, index.cores.length);
            assertEquals(core, index.cores[0]);
            assertTrue(group.isRunning());
        }
        assertThrows(StorageException.class, () -> AgentGroup.start(new AgentGroup.Options(ThreadingMode.DEDICATED,
            "yield",
            handler, List.of(core), 1), List.of(data, index)));
    }

    @Test
    void shouldRefuseToSpinWithoutEnoughCoresAndSayWhy() {
        for (final String alias : new String[] {"spin", "noop"}) {
            final AgentGroup.Options options =
                new AgentGroup.Options(ThreadingMode.DEDICATED, alias, handler, List.of(), AgentThread.seconds(30));
            final StorageException thrown =
                assertThrows(StorageException.class, () -> AgentGroup.start(options, List.of(data, index), 2));
            assertTrue(thrown.getMessage().contains("needs 3 usable cores and there are 2"), thrown.getMessage());
            AgentGroup.start(options, List.of(data, index), 3).close();
        }
        assertThrows(StorageException.class, () -> IdleStrategies.create("lazy"));
        for (final String alias : new String[] {"spin", "yield", "backoff", "sleep-ns", "noop"}) {
            assertEquals(alias, IdleStrategies.create(alias).alias());
        }
        assertEquals(ThreadingMode.SHARED, ThreadingMode.defaultFor(3));
        assertEquals(ThreadingMode.DEDICATED, ThreadingMode.defaultFor(4));
    }

    @Test
    void shouldNameTheAgentThatDoesNotEnd() throws Exception {
        final CountDownLatch inside = new CountDownLatch(1);
        final CountDownLatch release = new CountDownLatch(1);
        final Agent stuck = new Agent() {
            @Override
            public int doWork() throws Exception {
                inside.countDown();
                release.await();
                return 0;
            }

            @Override
            public String roleName() {
                return "stuck";
            }
        };
        final AgentGroup group = AgentGroup.start(new AgentGroup.Options(ThreadingMode.DEDICATED, "backoff", handler,
            List.of(), 1), List.of(stuck));
        inside.await();
        final StorageException thrown = assertThrows(StorageException.class, group::close);
        assertTrue(thrown.getMessage().contains("[stuck]"), thrown.getMessage());
        release.countDown();
    }
}

package io.ringvault.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.DmaBuffer;
import io.ringvault.block.StorageException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** On, off and how it is, against registers that the test scripts, with a clock of the test's own. */
class ControllerPowerTest {
    private static final int CC = 0x14;
    private static final int CSTS = 0x1C;
    private static final int ENABLE = 0x0046_0001;
    private static final long HALF_A_SECOND = 1L << 24;

    /** A controller that becomes ready, or not, so many looks after CC.EN has changed. */
    private static final class Registers implements NvmeTransport {
        private final Arena arena = Arena.ofAuto();
        private final List<String> writes = new ArrayList<>();
        private int cc;
        private int csts;
        private int vs = 0x0002_0000;
        private int looksUntilReady = 3;
        private int looks;
        private boolean shutDownAnswered = true;
        private long nowNs;

        @Override
        public int read32(final int offset) {
            nowNs += 1_000_000;
            if (offset == CSTS) {
                looks++;
                if (csts != -1 && (csts & 2) == 0 && looks > looksUntilReady) {
                    csts = cc & 1 | csts & ~1;
                }
                return csts;
            }
            return offset == CC ? cc : vs;
        }

        @Override
        public long read64(final int offset) {
            return 0;
        }

        @Override
        public void write32(final int offset, final int value) {
            writes.add(Integer.toHexString(offset) + "=" + Integer.toHexString(value));
            if (offset == CC) {
                cc = value;
                looks = 0;
                csts |= shutDownAnswered && (value >>> 14 & 3) != 0 ? 2 << 2 : 0;
            } else if (offset == CSTS) {
                csts &= ~(value & 0x10);
            }
        }

        @Override
        public void write64(final int offset, final long value) {
            writes.add(Integer.toHexString(offset) + "=" + Long.toHexString(value));
        }

        @Override
        public MemorySegment doorbells() {
            return MemorySegment.NULL;
        }

        @Override
        public DmaBuffer allocate(final long lengthBytes) {
            return DmaBuffer.contiguous(arena.allocate(lengthBytes, 4096), 0x10_0000L * (1 + writes.size()));
        }

        @Override
        public Runnable onPoll() {
            return () -> { };
        }

        @Override
        public long nanoTime() {
            return nowNs;
        }

        @Override
        public void pause(final long durationNs) {
            nowNs += durationNs;
        }

        @Override
        public boolean inline() {
            return true;
        }

        @Override
        public String isolation() {
            return "none";
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    }

    private final Registers registers = new Registers();
    private final Waiter waiter = new Waiter(registers);
    private final ControllerPower power = new ControllerPower("u", registers, waiter, HALF_A_SECOND);

    private static void assertSays(final String part, final Runnable call) {
        final StorageException thrown = assertThrows(StorageException.class, call::run);
        assertEquals(StorageException.Category.IO, thrown.category());
        assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
    }

    @Test
    void shouldTellTheQueuesBeforeItEnablesAndForgetAnOldSubsystemReset() {
        registers.csts = 0x10;
        power.enable(AdminQueue.allocate(registers));
        assertEquals(List.of("1c=10", "24=f000f", "28=100000", "30=100000", "14=460001"), registers.writes);
        assertEquals(1, power.status());
    }

    @Test
    void shouldAwaitAControllerThatIsJustComingUpBeforeItIsDisabled() {
        registers.cc = ENABLE;
        power.disable();
        assertEquals(List.of("14=0"), registers.writes);
        assertEquals(0, power.status());
        assertTrue(registers.nowNs >= 6_000_000, "ready was awaited before, not ready after");
    }

    @Test
    void shouldDisableAFatalControllerWithoutWaitingForItToBeReady() {
        registers.cc = ENABLE;
        registers.csts = 3;
        registers.looksUntilReady = Integer.MAX_VALUE;
        assertSays("CSTS.RDY did not clear after CC.EN = 0 within 1500 ms", power::disable);
        assertEquals(List.of("14=0"), registers.writes);
    }

    @Test
    void shouldSayWhatWasAwaitedWhenTimeIsOver() {
        registers.looksUntilReady = Integer.MAX_VALUE;
        assertSays("CSTS.RDY did not follow CC.EN = 1 within 1500 ms",
            () -> power.enable(AdminQueue.allocate(registers)));
        registers.csts = 2;
        assertSays("fatal state", () -> power.enable(AdminQueue.allocate(registers)));
    }

    @Test
    void shouldDistinguishAFlappingStatusFromAControllerThatIsGone() {
        registers.csts = -1;
        assertFalse(power.gone(), "VS still answers");
        registers.vs = -1;
        assertTrue(power.gone());
        assertSays("the controller is gone", power::stop);
    }

    @Test
    void shouldNotifyOfTheShutdownAndDisableEvenWhenNobodyAnswers() {
        registers.cc = ENABLE;
        registers.csts = 1;
        registers.shutDownAnswered = false;
        power.shutdown();
        assertEquals(List.of("14=464001", "14=0"), registers.writes);
        assertTrue(registers.nowNs > 10_000_000_000L, "ten seconds for the answer");
        registers.writes.clear();
        power.shutdown();
        assertEquals(List.of("14=0"), registers.writes, "a controller that is not ready is not asked to shut down");
    }

    @Test
    void shouldCutWaitsShortWhenTheDeviceIsClosedButNotThoseOfTheCloseItself() {
        registers.looksUntilReady = 100;
        registers.csts = 1;
        waiter.close();
        assertSays("closed meanwhile", power::stop);
        power.letGo();
        registers.csts = 1;
        power.stop();
        assertEquals(0, power.status());
    }
}

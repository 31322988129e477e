package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class CpusTest {

    @Test
    void shouldPinTheCallingThreadAlone() throws Exception {
        final int[] before = Cpus.usable();
        assertTrue(before.length >= 1);
        final AtomicReference<int[]> inside = new AtomicReference<>();
        final AtomicReference<Throwable> failure = new AtomicReference<>();
        final Thread thread = new Thread(() -> {
            try {
                Cpus.pin(before[before.length - 1]);
                inside.set(Cpus.usable());
            } catch (final Throwable thrown) {
                failure.set(thrown);
            }
        });
        thread.start();
        thread.join();
        assertNull(failure.get());
        assertArrayEquals(new int[] {before[before.length - 1]}, inside.get());
        assertArrayEquals(before, Cpus.usable());
    }

    @Test
    void shouldGiveTheCoresBackWhenTheRestoreIsClosed() throws Exception {
        final int[] before = Cpus.usable();
        try (Cpus.Restore ignored = Cpus.pinned(before[0])) {
            assertArrayEquals(new int[] {before[0]}, Cpus.usable());
        }
        assertArrayEquals(before, Cpus.usable());
    }

    @Test
    void shouldRefuseCoresOutsideTheCpusetAlthoughTheKernelWouldTakeTheRest() throws Exception {
        final int[] before = Cpus.usable();
        final NativeIoException refused = assertThrows(NativeIoException.class, () -> Cpus.pinned(before[0], 5000));
        assertTrue(refused.getMessage().contains("core 5000"), refused.getMessage());
        assertArrayEquals(before, Cpus.usable(), "nothing has changed");
    }

    @Test
    void shouldBelongToTheThreadThatWasPinned() throws Exception {
        try (Cpus.Restore restore = Cpus.pinned(Cpus.usable()[0])) {
            final AtomicReference<Throwable> failure = new AtomicReference<>();
            final Thread other = new Thread(() -> {
                try {
                    restore.close();
                } catch (final Throwable thrown) {
                    failure.set(thrown);
                }
            });
            other.start();
            other.join();
            assertInstanceOf(IllegalStateException.class, failure.get());
        }
    }

    @Test
    void shouldNameTheUsableCoresWhenPinningToNone() {
        final NativeIoException failed = assertThrows(NativeIoException.class, () -> Cpus.pin(5000));
        assertEquals("EINVAL", failed.errnoName());
        assertTrue(failed.getMessage().contains("usable are ["), failed.getMessage());
    }

    @Test
    void shouldRefuseToPinAVirtualThread() throws Exception {
        final AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread.ofVirtual().start(() -> {
            try {
                Cpus.pin(0);
            } catch (final Throwable thrown) {
                failure.set(thrown);
            }
        }).join();
        assertInstanceOf(IllegalStateException.class, failure.get());
    }
}

package io.ringvault.nvme.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringvault.block.StorageException;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class StepsTest {

    @Test
    void shouldTakeEveryStepAndReportTheFirstFailureWithTheOthers() {
        final Steps steps = new Steps();
        final int[] taken = new int[1];
        steps.run(() -> taken[0]++);
        steps.run(() -> {
            throw new IOException("first");
        });
        steps.run(() -> {
            throw new IllegalStateException("second");
        });
        steps.run(() -> taken[0]++);
        assertEquals(2, taken[0]);
        final StorageException failed = assertThrows(StorageException.class, () -> steps.end("it"));
        assertEquals("it: first", failed.getMessage());
        assertEquals("second", failed.getCause().getSuppressed()[0].getMessage());
    }

    @Test
    void shouldSayNothingWhenAllWent() {
        final Steps steps = new Steps();
        steps.run(() -> { });
        steps.end("it");
    }
}

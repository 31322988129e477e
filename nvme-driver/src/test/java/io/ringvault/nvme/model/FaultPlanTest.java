package io.ringvault.nvme.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

class FaultPlanTest {
    private final FaultPlan plan = new FaultPlan();

    @Test
    void shouldStrikeTheCountedCommandsOnlyWhenAnOpcodeIsNamed() {
        plan.fail(1, 2, 2, 2, 0x80, true);
        final StringBuilder struck = new StringBuilder();
        for (int i = 0; i < 6; i++) {
            assertNull(plan.next(2));
            final FaultPlan.Fault fault = plan.next(1);
            struck.append(fault == null ? '.' : 'x');
            if (fault != null) {
                assertEquals(0x4280, fault.status());
            }
        }
        assertEquals("..xx..", struck.toString());
    }

    @Test
    void shouldStrikeForEverWhenToldSoUntilCleared() {
        plan.fail(FaultPlan.ANY, 0, FaultPlan.FOR_EVER, 0, 6, false);
        for (int i = 0; i < 1000; i++) {
            assertNotNull(plan.next(i % 10));
        }
        plan.clear();
        assertNull(plan.next(1));
    }

    @Test
    void shouldCountEveryRuleWhenSeveralMatchOneCommand() {
        plan.fail(1, 0, 1, 0, 6, false);
        plan.hold(1, 1, 1, 3);
        assertEquals(FaultPlan.Kind.FAIL, plan.next(1).kind());
        assertEquals(FaultPlan.Kind.HOLD, plan.next(1).kind());
        assertNull(plan.next(1));
    }
}

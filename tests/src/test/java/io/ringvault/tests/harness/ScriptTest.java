package io.ringvault.tests.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ScriptTest {
    @Test
    void shouldComeBackFromItsTextForm() {
        for (int seed = 0; seed < 50; seed++) {
            final Script script = Script.random(new Random(seed), 256, 40);
            assertEquals(script, Script.parse(script.toString()));
        }
    }

    @Test
    void shouldStayInsideTheDisk() {
        for (int seed = 0; seed < 200; seed++) {
            for (final Script.Step step : Script.random(new Random(seed), 96, 60).steps()) {
                assertEquals(true, step.type() == 'i' || step.first() >= 0 && step.first() + step.count() <= 96,
                    step.toString());
            }
        }
    }

    @Test
    void shouldLeaveStepsOut() {
        assertEquals("w 0 8; c", Script.parse("w 0 8; s; r; c").without(1, 3).toString());
    }
}

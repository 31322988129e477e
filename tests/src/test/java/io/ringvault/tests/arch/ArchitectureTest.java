package io.ringvault.tests.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.EvaluationResult;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.util.Map;
import java.util.stream.Stream;

/** Runs the rules over the shipped classes, and each rule over a planted class that breaks it. */
class ArchitectureTest {
    private static final String PLANTED = "io.ringvault.tests.arch.planted";

    /** Rule to the planted class that must break it. */
    private static final Map<String, String> VIOLATIONS = Map.ofEntries(
        Map.entry("layer native", "sys.KnowsBlock"),
        Map.entry("layer ring-buffers", "block.KnowsSys"),
        Map.entry("layer nvme-driver", "nvme.KnowsLog"),
        Map.entry("layer secure-log", "log.KnowsIndex"),
        Map.entry("layer lsm-index", "lsm.KnowsDisk"),
        Map.entry("layer anchors", "anchor.KnowsDisk"),
        Map.entry("layer poller", "poller.KnowsDisk"),
        Map.entry("layer secure-disk", "disk.KnowsCommand"),
        Map.entry("every class has a layer", "stray.Stray"),
        Map.entry("linker", "disk.Links"),
        Map.entry("reinterpret", "disk.Reinterprets"),
        Map.entry("dma", "crypto.KnowsDmaBuffer"),
        Map.entry("locks", "poller.LockingAgent"),
        Map.entry("synchronized", "poller.LockingAgent"),
        Map.entry("unsafe", "disk.UsesUnsafe"),
        Map.entry("model", "nvme.model.KnowsSpec"),
        Map.entry("exit", "disk.Exits"),
        Map.entry("console", "disk.Prints"));

    @TestFactory
    Stream<DynamicTest> shouldHoldOverTheShippedClasses() {
        final JavaClasses shipped = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.ringvault");
        assertTrue(shipped.contain("io.ringvault.block.BlockDevice"), "the shipped classes are on the class path");
        assertFalse(shipped.contain(PLANTED + ".disk.Links"), "planted classes stay out");
        return new ArchitectureRules("io.ringvault").all().entrySet().stream()
            .map(rule -> DynamicTest.dynamicTest(rule.getKey(), () -> rule.getValue().check(shipped)));
    }

    @TestFactory
    Stream<DynamicTest> shouldFailWhenAViolationIsPlanted() {
        final JavaClasses planted = new ClassFileImporter().importPackages(PLANTED);
        return new ArchitectureRules(PLANTED).all().entrySet().stream()
            .filter(rule -> VIOLATIONS.containsKey(rule.getKey()))
            .map(rule -> DynamicTest.dynamicTest(rule.getKey(), () ->
                assertNamesOnlyThePlantedClass(rule.getKey(), rule.getValue(), planted)));
    }

    @Test
    void shouldPlantAViolationForEveryRule() {
        final var rules = new java.util.TreeSet<>(new ArchitectureRules(PLANTED).all().keySet());
        rules.remove("layer cli");
        assertEquals(rules, new java.util.TreeSet<>(VIOLATIONS.keySet()),
            "each rule needs a planted class (the cli layer may know everything)");
    }

    private static void assertNamesOnlyThePlantedClass(
        final String name, final ArchRule rule, final JavaClasses planted) {
        final EvaluationResult result = rule.evaluate(planted);
        final String violator = PLANTED + "." + VIOLATIONS.get(name);
        assertTrue(result.hasViolation(), () -> "the rule '" + name + "' does not see " + violator);
        result.getFailureReport().getDetails().forEach(detail ->
            assertTrue(detail.contains(violator), () -> "the rule '" + name + "' also strikes: " + detail));
    }
}

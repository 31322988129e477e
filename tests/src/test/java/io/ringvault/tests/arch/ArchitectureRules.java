package io.ringvault.tests.arch;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchRule;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The rules of the design that byte code can show, as ArchUnit rules over a root package.
 *
 * <p>The root is a parameter so that every rule can also be run over a planted violation: a rule that has never failed
 * is not known to work. The dependency table is that of {@code docs/architecture.md}: a layer may know only the layers
 * listed for it.
 */
final class ArchitectureRules {
    /** Layer to the packages (below the root) that it holds. */
    static final Map<String, List<String>> LAYERS = layers();

    /** Layer to the layers it may know, besides itself. */
    static final Map<String, List<String>> MAY_KNOW = mayKnow();

    private final String root;

    ArchitectureRules(final String root) {
        this.root = root;
    }

    /** All rules by name, in the order of the design. */
    Map<String, ArchRule> all() {
        final Map<String, ArchRule> rules = new LinkedHashMap<>();
        LAYERS.keySet().forEach(layer -> rules.put("layer " + layer, layerKnowsOnlyWhatStandsAboveIt(layer)));
        rules.put("every class has a layer", everyClassHasALayer());
        rules.put("linker", onlySysLinks());
        rules.put("reinterpret", onlySysReinterprets());
        rules.put("dma", cryptoNeverSeesDmaMemory());
        rules.put("locks", agentsTakeNoLocks());
        rules.put("synchronized", agentsAreNotSynchronized());
        rules.put("unsafe", shippedCodeUsesNoUnsafe());
        rules.put("model", modelDecodesWithItsOwnCode());
        rules.put("exit", onlyTheCommandExits());
        rules.put("console", onlyTheCommandPrints());
        return rules;
    }

    ArchRule layerKnowsOnlyWhatStandsAboveIt(final String layer) {
        final List<String> forbidden = new ArrayList<>(LAYERS.keySet());
        forbidden.remove(layer);
        forbidden.removeAll(MAY_KNOW.get(layer));
        return noClasses().that().resideInAnyPackage(packages(List.of(layer)))
            .should().dependOnClassesThat().resideInAnyPackage(packages(forbidden))
            .because("dependencies only point up the table of modules")
            .allowEmptyShould(true);
    }

    ArchRule everyClassHasALayer() {
        return classes().that().resideInAPackage(root + "..")
            .should().resideInAnyPackage(packages(List.copyOf(LAYERS.keySet())))
            .because("a package outside the table is checked by no rule; add it to a layer in ArchitectureRules")
            .allowEmptyShould(true);
    }

    ArchRule onlySysLinks() {
        return noClasses().that().resideOutsideOfPackage(root + ".sys..")
            .should().dependOnClassesThat().haveNameMatching("java\\.lang\\.foreign\\.(Linker|SymbolLookup)(\\$.*)?")
            .orShould().callMethodWhere(calls(System.class, "load", "loadLibrary"))
            .orShould().callMethodWhere(calls(Runtime.class, "load", "loadLibrary"))
            .because("native access is granted to one module only")
            .allowEmptyShould(true);
    }

    ArchRule onlySysReinterprets() {
        return noClasses().that().resideOutsideOfPackage(root + ".sys..")
            .should().callMethodWhere(calls(java.lang.foreign.MemorySegment.class, "reinterpret"))
            .because("a reinterpreted segment is a raw pointer; only the native module may make one")
            .allowEmptyShould(true);
    }

    ArchRule cryptoNeverSeesDmaMemory() {
        return noClasses().that().resideInAPackage(root + "..crypto..")
            .should().dependOnClassesThat().haveFullyQualifiedName(root + ".block.DmaBuffer")
            .because("a host can change DMA memory between the check and the use; keys and plaintext stay private")
            .allowEmptyShould(true);
    }

    ArchRule agentsTakeNoLocks() {
        return noClasses().that(areAgents())
            .should().dependOnClassesThat().resideInAPackage("java.util.concurrent.locks..")
            .orShould().callMethodWhere(calls(Thread.class, "sleep", "join"))
            .orShould().callMethodWhere(calls(Object.class, "wait"))
            .because("no mode ever blocks an agent; its runner idles, its workers park")
            .allowEmptyShould(true);
    }

    ArchRule agentsAreNotSynchronized() {
        return noMethods().that().areDeclaredInClassesThat(areAgents())
            .should().haveModifier(JavaModifier.SYNCHRONIZED)
            .because("no mode ever blocks an agent")
            .allowEmptyShould(true);
    }

    ArchRule shippedCodeUsesNoUnsafe() {
        return noClasses().that().resideInAPackage(root + "..")
            .should().dependOnClassesThat().resideInAnyPackage("sun..", "jdk.internal..", "jnr..", "com.kenai.jffi..")
            .orShould().dependOnClassesThat().haveNameMatching("org\\.agrona\\.(UnsafeApi|concurrent\\.(UnsafeBuffer|"
                + "status\\.AtomicCounter|.*ConcurrentArrayQueue.*))")
            .because("these need --add-exports or --add-opens, which is never asked of a user")
            .allowEmptyShould(true);
    }

    ArchRule modelDecodesWithItsOwnCode() {
        return noClasses().that().resideInAPackage(root + ".nvme.model..")
            .should().dependOnClassesThat().resideInAPackage(root + ".nvme.spec..")
            .because("an offset that driver and model share would be wrong on both sides and pass every test")
            .allowEmptyShould(true);
    }

    ArchRule onlyTheCommandExits() {
        return noClasses().that().resideOutsideOfPackages(root + ".cli..", root + ".anchor.server..")
            .should().callMethodWhere(calls(System.class, "exit"))
            .orShould().callMethodWhere(calls(Runtime.class, "exit", "halt"))
            .orShould().callMethodWhere(calls(Throwable.class, "printStackTrace"))
            .because("a library neither ends the process nor prints; it throws StorageException")
            .allowEmptyShould(true);
    }

    ArchRule onlyTheCommandPrints() {
        return noClasses().that().resideOutsideOfPackages(root + ".cli..", root + ".anchor.server..")
            .should().accessField(System.class, "out")
            .orShould().accessField(System.class, "err")
            .because("a library does not own the console")
            .allowEmptyShould(true);
    }

    private String[] packages(final List<String> layers) {
        return layers.stream().flatMap(layer -> LAYERS.get(layer).stream())
            .map(name -> root + "." + name + "..").toArray(String[]::new);
    }

    private static DescribedPredicate<JavaClass> areAgents() {
        return describe("are agents", type -> type.isAssignableTo("org.agrona.concurrent.Agent"));
    }

    private static DescribedPredicate<JavaMethodCall> calls(final Class<?> owner, final String... names) {
        final List<String> wanted = List.of(names);
        return describe("calls of " + owner.getSimpleName() + "." + wanted, call -> {
            final AccessTarget.MethodCallTarget target = call.getTarget();
            return wanted.contains(target.getName()) && target.getOwner().isAssignableTo(owner);
        });
    }

    private static Map<String, List<String>> layers() {
        final Map<String, List<String>> layers = new LinkedHashMap<>();
        layers.put("native", List.of("sys"));
        layers.put("ring-buffers", List.of("ring", "block", "device"));
        layers.put("nvme-driver", List.of("nvme", "uring"));
        layers.put("secure-log", List.of("log", "crypto"));
        layers.put("lsm-index", List.of("lsm"));
        layers.put("anchors", List.of("anchor"));
        layers.put("poller", List.of("poller"));
        layers.put("secure-disk", List.of("disk"));
        layers.put("cli", List.of("cli", "nbd", "bench", "host", "torture"));
        return layers;
    }

    private static Map<String, List<String>> mayKnow() {
        return Map.of(
            "native", List.of(),
            "ring-buffers", List.of(),
            "nvme-driver", List.of("native", "ring-buffers"),
            "secure-log", List.of("ring-buffers"),
            "anchors", List.of("ring-buffers", "secure-log"),
            "lsm-index", List.of("secure-log", "ring-buffers"),
            "poller", List.of("native", "ring-buffers"),
            "secure-disk", List.of("native", "ring-buffers", "nvme-driver", "secure-log", "lsm-index", "poller"),
            "cli", List.of("native", "ring-buffers", "nvme-driver", "secure-log", "lsm-index", "poller",
                "secure-disk"));
    }
}

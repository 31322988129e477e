package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every size, offset, constant and ioctl number of this module against what {@code src/probe/layout.c} printed from
 * the system's own headers: against the checked-in output everywhere, and against a fresh run where a C compiler and
 * the kernel's headers are.
 */
class LayoutProbeTest {
    private static final String RESOURCE = "layout-x86_64.txt";
    private static final Path PROBE = Path.of("src/probe/layout.c");
    private static final List<Class<?>> COVERED = List.of(Libc.class, LibcSockets.class, LinuxPci.class,
        LinuxVfio.class, LinuxIommufd.class, DmaHeap.class, NvmePassthrough.class, Errno.class);

    @TempDir
    private Path folder;

    private static Map<String, String> parse(final String text) {
        final Map<String, String> values = new LinkedHashMap<>();
        text.lines().forEach(line -> values.put(line.split(" ")[0], line.split(" ")[1]));
        return values;
    }

    private static Map<String, String> checkedIn() throws IOException {
        try (InputStream in = LayoutProbeTest.class.getResourceAsStream(RESOURCE)) {
            return parse(new String(in.readAllBytes(), StandardCharsets.US_ASCII));
        }
    }

    /** Every non-private numeric constant of the covered classes and of the classes inside them. */
    private static Map<String, Long> ours() throws IllegalAccessException {
        final Map<String, Long> constants = new LinkedHashMap<>();
        for (final Class<?> type : COVERED) {
            collect(type.getSimpleName(), type, constants);
            for (final Class<?> inner : type.getDeclaredClasses()) {
                collect(type.getSimpleName() + "." + inner.getSimpleName(), inner, constants);
            }
        }
        return constants;
    }

    private static void collect(final String name, final Class<?> type, final Map<String, Long> constants)
        throws IllegalAccessException {
        for (final Field field : type.getDeclaredFields()) {
            final int modifiers = field.getModifiers();
            if (Modifier.isStatic(modifiers) && !Modifier.isPrivate(modifiers) && !field.isSynthetic()
                && (field.getType() == int.class || field.getType() == long.class)) {
                field.setAccessible(true);
                constants.put(name + "." + field.getName(), ((Number) field.get(null)).longValue());
            }
        }
    }

    @Test
    void shouldAgreeWithTheCheckedInProbeOnEveryConstant() throws Exception {
        assumeTrue(!Libc.AARCH64, "SKIPPED LOUDLY: the checked-in output is that of x86_64");
        final Map<String, String> probe = checkedIn();
        final Map<String, Long> ours = ours();
        final Set<String> unprobed = new TreeSet<>(ours.keySet());
        unprobed.removeAll(probe.keySet());
        assertEquals(Set.of(), unprobed, "add these to src/probe/layout.c and print it again");
        final Set<String> gone = new TreeSet<>(probe.keySet());
        gone.removeAll(ours.keySet());
        assertEquals(Set.of(), gone, "the probe prints what no class has any more");
        ours.forEach((name, value) -> assertEquals(probe.get(name), Long.toString(value), name));
        assertTrue(ours.size() > 200, "all of them: " + ours.size());
    }

    @Test
    void shouldPrintTheSameAgainWhereThereIsACompiler() throws Exception {
        assumeTrue(!Libc.AARCH64, "SKIPPED LOUDLY: the checked-in output is that of x86_64");
        final Path binary = folder.resolve("layout");
        String problem = "no C compiler";
        for (final String compiler : List.of("cc", "gcc", "clang")) {
            try {
                final Path log = folder.resolve("log");
                if (run(log, compiler, "-o", binary.toString(), PROBE.toString()) == 0) {
                    problem = "";
                    break;
                }
                problem = compiler + ": " + Files.readString(log).lines().findFirst().orElse("");
                // Headers that are not installed are a reason to skip; a probe that does not compile is not.
                assertTrue(problem.contains("No such file"), problem);
            } catch (final IOException absent) {
                continue;
            }
        }
        assumeTrue(problem.isEmpty(), "SKIPPED LOUDLY: the layout probe was not compiled: " + problem);
        final Path output = folder.resolve("output");
        assertEquals(0, run(output, binary.toString()));
        final Map<String, String> fresh = parse(Files.readString(output));
        final Map<String, String> checkedIn = checkedIn();
        assertEquals(checkedIn.keySet(), fresh.keySet());
        final List<String> absent = new ArrayList<>();
        fresh.forEach((name, value) -> {
            if (value.equals("absent")) {
                absent.add(name);
            } else {
                assertEquals(checkedIn.get(name), value, name);
            }
        });
        assertTrue(absent.size() < fresh.size() / 4, () -> "these headers are too old for " + absent);
    }

    private static int run(final Path output, final String... command) throws IOException, InterruptedException {
        final Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile())
            .start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), () -> String.join(" ", command));
        return process.exitValue();
    }
}

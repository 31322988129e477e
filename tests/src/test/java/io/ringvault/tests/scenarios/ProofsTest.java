package io.ringvault.tests.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/proofs.md} names tests that exist, has a row for every scenario, and forgets no story and no trap. */
class ProofsTest {
    private static final Pattern NAMED = Pattern.compile("`(\\w+)#(\\w+)`");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| ([SU]\\d+) \\|.*\\|$");
    private static final Pattern STORY = Pattern.compile("void ((?:[su]\\d\\d|trap)\\w+)\\(");
    private static final int SCENARIOS = 23;
    private static final int QUESTIONS = 13;

    private final Path root = root();
    private final Map<String, List<String>> sources = sources();
    private final String page = read(root.resolve("docs/proofs.md"));

    @Test
    void shouldNameOnlyTestsThatExist() {
        assertEquals(Set.of(), missing(page));
    }

    @Test
    void shouldNoticeATestThatDoesNotExist() {
        assertEquals(Set.of("ProofsTest#shouldNotBeThere", "NoSuchTest#shouldBeHere"),
            missing("`ProofsTest#shouldNotBeThere` `NoSuchTest#shouldBeHere`"
                + " `ProofsTest#shouldNameOnlyTestsThatExist`"));
    }

    @Test
    void shouldHaveARowWithATestOrAReasonForEveryScenario() {
        final Set<String> rows = new TreeSet<>();
        final Matcher row = ROW.matcher(page);
        while (row.find()) {
            assertTrue(rows.add(row.group(1)), row.group(1) + " has two rows");
            assertTrue(NAMED.matcher(row.group()).find() || row.group().contains("not applicable: "), row.group());
        }
        final Set<String> wanted = new TreeSet<>();
        for (int i = 1; i <= SCENARIOS; i++) {
            wanted.add("S" + i);
        }
        for (int i = 1; i <= QUESTIONS; i++) {
            wanted.add("U" + i);
        }
        assertEquals(wanted, rows);
    }

    @Test
    void shouldForgetNoStoryAndNoTrap() {
        final Set<String> forgotten = new TreeSet<>();
        sources.forEach((name, texts) -> texts.forEach(text -> {
            final Matcher story = STORY.matcher(text);
            while (story.find()) {
                if (!page.contains("`" + name + "#" + story.group(1) + "`")) {
                    forgotten.add(name + "#" + story.group(1));
                }
            }
        }));
        assertEquals(Set.of(), forgotten);
    }

    private Set<String> missing(final String text) {
        final Set<String> missing = new TreeSet<>();
        final Matcher named = NAMED.matcher(text);
        while (named.find()) {
            final String declaration = "void " + named.group(2) + "(";
            final List<String> texts = sources.getOrDefault(named.group(1), List.of());
            if (texts.stream().noneMatch(each -> each.contains(declaration))) {
                missing.add(named.group(1) + "#" + named.group(2));
            }
        }
        return missing;
    }

    /** The test sources of all modules by class name. */
    private Map<String, List<String>> sources() {
        final Map<String, List<String>> found = new HashMap<>();
        try (Stream<Path> modules = Files.walk(root, 3)) {
            for (final Path tests : modules.filter(each -> each.endsWith("src/test")).toList()) {
                try (Stream<Path> files = Files.walk(tests)) {
                    files.filter(each -> each.toString().endsWith(".java")).forEach(each -> found.computeIfAbsent(
                        each.getFileName().toString().replace(".java", ""), name -> new ArrayList<>()).add(read(each)));
                }
            }
        } catch (final IOException unreadable) {
            throw new AssertionError(unreadable);
        }
        return found;
    }

    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("docs/format.md"))) {
            folder = folder.getParent();
        }
        return folder;
    }

    private static String read(final Path file) {
        try {
            return Files.readString(file);
        } catch (final IOException unreadable) {
            throw new AssertionError(unreadable);
        }
    }
}

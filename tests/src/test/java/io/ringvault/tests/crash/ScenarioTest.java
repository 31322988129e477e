package io.ringvault.tests.crash;

import io.ringvault.tests.harness.Script;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Scripts that once showed a defect, explored again: a comment in lines with '#', then {@code seed N}, then the script.
 */
class ScenarioTest {
    private static final int IMAGES = 120;

    static List<Path> scenarios() throws IOException, URISyntaxException {
        final Path folder = Path.of(ScenarioTest.class.getResource("/scenarios").toURI());
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(ScenarioTest::isScript).sorted().toList();
        }
    }

    /** The others are simulations. */
    private static boolean isScript(final Path file) {
        try {
            return Files.readAllLines(file).stream().anyMatch(line -> line.startsWith("seed "));
        } catch (final IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void shouldNotFailAgain(final Path file) throws IOException {
        final List<String> lines = Files.readAllLines(file).stream().filter(line -> !line.startsWith("#")).toList();
        final long seed = Long.parseLong(lines.getFirst().substring("seed ".length()));
        final Script script = Script.parse(String.join(" ", lines.subList(1, lines.size())));
        System.out.println(file.getFileName() + ": "
            + new EngineExploration("scenario", script, seed, new CrashSettings(), IMAGES).call());
    }
}

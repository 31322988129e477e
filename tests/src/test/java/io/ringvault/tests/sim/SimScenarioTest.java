package io.ringvault.tests.sim;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Simulations that once showed a defect, run again; {@code -Dringvault.simulation=FILE} one that a failure left. */
class SimScenarioTest {

    static List<Path> scenarios() throws IOException, URISyntaxException {
        final String only = System.getProperty("ringvault.simulation");
        if (only != null) {
            return List.of(Path.of(only));
        }
        final List<Path> found = new ArrayList<>();
        try (Stream<Path> files = Files.list(Path.of(SimScenarioTest.class.getResource("/scenarios").toURI()))) {
            for (final Path file : files.sorted().toList()) {
                if (SimScript.is(Files.readAllLines(file))) {
                    found.add(file);
                }
            }
        }
        return found;
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void shouldNotFailAgain(final Path file) throws IOException {
        System.out.println(file.getFileName() + ": "
            + Simulation.run(SimScript.parse(Files.readAllLines(file))).report());
    }
}

package io.ringvault.nvme.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The model must decode with its own code: an offset shared with the driver would be wrong on both sides at once. */
class ModelIndependenceTest {
    private static final Path SOURCES = Path.of("src/main/java/io/ringvault/nvme");
    private static final Pattern DRIVER_CLASS = Pattern.compile("io\\.ringvault\\.nvme\\.(spec\\b|[A-Z]\\w*)");
    private static final Set<String> PORTS =
        Set.of("ModelTransport.java NvmeTransport", "NvmeModelProvider.java NvmeBlockDevice",
            "NvmeModelProvider.java NvmeOptions", "NvmeModelProvider.java NvmeTransport",
            "NvmeModelProvider.java NvmeTransportProvider");

    @Test
    void shouldNameNothingOfTheDriverButItsPortsWhenTheModelIsRead() throws IOException {
        final List<String> found = new ArrayList<>();
        for (final Path file : sources(SOURCES.resolve("model"))) {
            final Matcher matcher = DRIVER_CLASS.matcher(code(file));
            while (matcher.find()) {
                found.add(file.getFileName() + " " + matcher.group(1));
            }
        }
        assertEquals(PORTS, Set.copyOf(found));
    }

    @Test
    void shouldNotKnowTheModelWhenTheDriverIsRead() throws IOException {
        for (final Path file : sources(SOURCES)) {
            assertTrue(!code(file).contains("nvme.model"), file + " knows the model");
        }
        for (final Path file : sources(SOURCES.resolve("spec"))) {
            assertTrue(!DRIVER_CLASS.matcher(code(file).replaceFirst("package [^;]+;", "")
                .replace("io.ringvault.nvme.spec", "")).find(), file + " depends on the driver");
        }
    }

    private static List<Path> sources(final Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            final List<Path> found = files.filter(file -> file.toString().endsWith(".java")).toList();
            assertTrue(found.size() > 5, "no sources in " + folder.toAbsolutePath());
            return found;
        }
    }

    /** The file without comments. */
    private static String code(final Path file) throws IOException {
        return Files.readString(file).replaceAll("(?s)/\\*.*?\\*/", "").replaceAll("//[^\n]*", "");
    }
}

package io.ringvault.tests.planted;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * One defect: in {@code file} the exact text, which occurs once, is replaced.
 *
 * @param name        short and unique
 * @param story       what is wrong then, in words
 * @param file        path below the root of the repository
 * @param oracle      what has to find it, as {@link Oracles#check} takes it
 * @param seeds       budget: seeds from 1 to here
 * @param expect      found in the oracle's message when it is caught for the right reason
 * @param text        what is there
 * @param replacement what is put there
 */
record PlantedBug(String name, String story, String file, String oracle, int seeds, Pattern expect, String text,
    String replacement) {
    private static final String TABLE = "/planted/bugs.txt";

    /** The table, in its order. */
    static List<PlantedBug> load() throws IOException {
        final List<PlantedBug> bugs = new ArrayList<>();
        try (InputStream table = PlantedBug.class.getResourceAsStream(TABLE)) {
            final Map<String, String> fields = new HashMap<>();
            String last = "";
            for (final String line : new String(table.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
                if (line.isBlank() || line.startsWith("#")) {
                    continue;
                }
                if (line.startsWith("|")) {
                    fields.merge(last, line.substring(1) + "\n", String::concat);
                    continue;
                }
                final String[] words = line.trim().split("\\s+", 2);
                last = words[0];
                if (last.equals("bug") && !fields.isEmpty()) {
                    bugs.add(of(fields));
                    fields.clear();
                }
                fields.put(last, words.length > 1 ? words[1] : "");
            }
            bugs.add(of(fields));
        }
        return List.copyOf(bugs);
    }

    private static PlantedBug of(final Map<String, String> fields) {
        final String[] oracle = fields.get("oracle").split("\\s+");
        return new PlantedBug(fields.get("bug"), fields.get("story"), fields.get("file"), oracle[0],
            Integer.parseInt(oracle[1]), Pattern.compile(fields.get("expect"), Pattern.DOTALL),
            lines(fields.get("text")),
            lines(fields.get("with")));
    }

    /** Without the line end behind the last line. */
    private static String lines(final String text) {
        return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }

    /** How often the text occurs in the source as it is. */
    int occurrences() throws IOException {
        final String source = source();
        int count = 0;
        for (int at = source.indexOf(text); at >= 0; at = source.indexOf(text, at + 1)) {
            count++;
        }
        return count;
    }

    /** The source with the defect. */
    String planted() throws IOException {
        return source().replace(text, replacement);
    }

    private String source() throws IOException {
        return Files.readString(root().resolve(file));
    }

    /** The root of the repository. */
    static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("secure-disk/src/main/java"))) {
            folder = folder.getParent();
            if (folder == null) {
                throw new AssertionError("secure-disk/src/main/java is not above " + Path.of("").toAbsolutePath());
            }
        }
        return folder;
    }

    @Override
    public String toString() {
        return name;
    }
}

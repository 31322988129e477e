package io.ringvault.nvme.vfiouser;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * The JSON text of the VERSION message: read strictly, from somebody who is not trusted. Nested objects become keys
 * with dots. Control plane; the text's length and depth are bounded.
 */
public final class CapabilityText {
    /** The longest text that is read. */
    public static final int MAX_BYTES = 4096;

    private static final int MAX_DEPTH = 8;

    private final String text;
    private final Map<String, Object> values = new HashMap<>();
    private int at;

    private CapabilityText(final String text) {
        this.text = text;
    }

    /**
     * Reads one JSON object.
     *
     * @return numbers as {@link Long} (fractions are refused), text as {@link String}, {@link Boolean}; null values,
     *     empty objects and arrays are left out
     * @throws IOException saying where the text is not what it should be
     */
    public static Map<String, Object> parse(final String text) throws IOException {
        if (text.length() > MAX_BYTES) {
            throw new IOException("capabilities of " + text.length() + " characters; at most " + MAX_BYTES);
        }
        final CapabilityText parser = new CapabilityText(text);
        parser.object("", 0);
        parser.skipBlanks();
        if (parser.at != text.length()) {
            throw parser.wrong("the end");
        }
        return parser.values;
    }

    private IOException wrong(final String wanted) {
        return new IOException("capabilities are not JSON: " + wanted + " expected at character " + at);
    }

    private void skipBlanks() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private boolean take(final char wanted) {
        skipBlanks();
        if (at < text.length() && text.charAt(at) == wanted) {
            at++;
            return true;
        }
        return false;
    }

    private void need(final char wanted) throws IOException {
        if (!take(wanted)) {
            throw wrong("'" + wanted + "'");
        }
    }

    private void object(final String prefix, final int depth) throws IOException {
        need('{');
        if (take('}')) {
            return;
        }
        do {
            skipBlanks();
            final String key = prefix + string();
            need(':');
            value(key, depth + 1);
        } while (take(','));
        need('}');
    }

    private void array(final int depth) throws IOException {
        need('[');
        if (take(']')) {
            return;
        }
        do {
            value("", depth + 1);
        } while (take(','));
        need(']');
    }

    private void value(final String key, final int depth) throws IOException {
        skipBlanks();
        if (depth > MAX_DEPTH || at >= text.length()) {
            throw wrong(depth > MAX_DEPTH ? "less nesting" : "a value");
        }
        final char first = text.charAt(at);
        if (first == '{') {
            object(key + ".", depth);
        } else if (first == '[') {
            array(depth);
        } else if (first == '"') {
            keep(key, string());
        } else if (first == '-' || first >= '0' && first <= '9') {
            keep(key, number());
        } else if (word("true")) {
            keep(key, true);
        } else if (word("false")) {
            keep(key, false);
        } else if (!word("null")) {
            throw wrong("a value");
        }
    }

    private void keep(final String key, final Object value) {
        if (!key.isEmpty() && key.charAt(0) != '.') { // not what lies in an array
            values.put(key, value);
        }
    }

    private boolean word(final String word) {
        if (text.startsWith(word, at)) {
            at += word.length();
            return true;
        }
        return false;
    }

    private Long number() throws IOException {
        final int start = at;
        if (text.charAt(at) == '-') {
            at++;
        }
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        try {
            return Long.parseLong(text.substring(start, at));
        } catch (final NumberFormatException bad) {
            throw wrong("a whole number");
        }
    }

    private String string() throws IOException {
        need('"');
        final StringBuilder result = new StringBuilder();
        while (at < text.length()) {
            final char next = text.charAt(at++);
            if (next == '"') {
                return result.toString();
            }
            if (next < ' ') {
                break;
            }
            result.append(next == '\\' ? escaped() : next);
        }
        throw wrong("the end of a text");
    }

    private char escaped() throws IOException {
        final int kind = at < text.length() ? "\"\\/bfnrt".indexOf(text.charAt(at)) : -1;
        if (kind >= 0) {
            at++;
            return "\"\\/\b\f\n\r\t".charAt(kind);
        }
        if (at + 5 <= text.length() && text.charAt(at) == 'u') {
            try {
                final char unit = (char) Integer.parseInt(text.substring(at + 1, at + 5), 16);
                at += 5;
                return unit;
            } catch (final NumberFormatException bad) {
                throw wrong("four hexadecimal digits");
            }
        }
        throw wrong("an escape");
    }
}

package io.ringvault.bench;

import java.util.Collection;
import java.util.Iterator;
import java.util.Map;

/** Writes maps, collections, texts, numbers, booleans and null as JSON (RFC 8259), indented. Any thread. */
public final class Json {

    private Json() {
    }

    /** The text of a value, ending in a newline. */
    public static String text(final Object value) {
        final StringBuilder out = new StringBuilder();
        write(out, value, 0);
        return out.append('\n').toString();
    }

    private static void write(final StringBuilder out, final Object value, final int depth) {
        switch (value) {
            case null -> out.append("null");
            case final Map<?, ?> map -> {
                open(out, '{', map.isEmpty(), depth);
                for (final Iterator<? extends Map.Entry<?, ?>> i = map.entrySet().iterator(); i.hasNext();) {
                    final Map.Entry<?, ?> entry = i.next();
                    quote(out, entry.getKey().toString());
                    out.append(": ");
                    write(out, entry.getValue(), depth + 1);
                    separate(out, i.hasNext(), depth);
                }
                out.append('}');
            }
            case final Collection<?> list -> {
                open(out, '[', list.isEmpty(), depth);
                for (final Iterator<?> i = list.iterator(); i.hasNext();) {
                    write(out, i.next(), depth + 1);
                    separate(out, i.hasNext(), depth);
                }
                out.append(']');
            }
            case final Double number -> out.append(Double.isFinite(number) ? number.toString() : "null");
            case final Number number -> out.append(number);
            case final Boolean flag -> out.append(flag);
            default -> quote(out, value.toString());
        }
    }

    private static void open(final StringBuilder out, final char bracket, final boolean empty, final int depth) {
        out.append(bracket);
        if (!empty) {
            newLine(out, depth + 1);
        }
    }

    private static void separate(final StringBuilder out, final boolean more, final int depth) {
        if (more) {
            out.append(',');
        }
        newLine(out, more ? depth + 1 : depth);
    }

    private static void newLine(final StringBuilder out, final int depth) {
        out.append('\n').append("  ".repeat(depth));
    }

    private static void quote(final StringBuilder out, final String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            final char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20) {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}

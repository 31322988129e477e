package io.ringvault.tests.harness;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;

/** The primitive fields of the engine's objects, by reflection: what a message about a hang needs. Any thread, racy. */
final class StateDump {
    private static final String ENGINE = "io.ringvault.disk";
    private static final int OBJECTS_MAX = 60;

    private StateDump() {
    }

    static String of(final Object root) {
        final StringBuilder text = new StringBuilder();
        final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        final Deque<Object> todo = new ArrayDeque<>();
        todo.add(root);
        while (!todo.isEmpty() && seen.size() < OBJECTS_MAX) {
            final Object object = todo.poll();
            if (seen.add(object)) {
                text.append("\n  ").append(object.getClass().getSimpleName()).append(':');
                fields(object, text, todo);
            }
        }
        return text.toString();
    }

    private static void fields(final Object object, final StringBuilder text, final Deque<Object> todo) {
        for (final Field field : object.getClass().getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers())) {
                continue;
            }
            try {
                field.setAccessible(true);
                final Object value = field.get(object);
                if (field.getType().isPrimitive() || value instanceof String) {
                    text.append(' ').append(field.getName()).append('=').append(value);
                } else if (value != null && value.getClass().getName().startsWith(ENGINE)) {
                    todo.add(value);
                } else if (value == null) {
                    text.append(' ').append(field.getName()).append("=null");
                }
            } catch (final ReflectiveOperationException | RuntimeException closed) {
                text.append(' ').append(field.getName()).append("=?");
            }
        }
    }
}

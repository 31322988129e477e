package io.ringvault.block;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * {@code scheme:rest?key=value&key=value}. A text without a known scheme is not a device URI; a plain path must say
 * {@code file:} or another scheme.
 *
 * @param text       the whole text, for messages
 * @param scheme     before the first colon, for example {@code nvme+model}
 * @param path       between the colon and the question mark
 * @param parameters after the question mark, in order
 */
public record DeviceUri(String text, String scheme, String path, Map<String, String> parameters) {

    /** Parses; throws CONFIGURATION naming what is wrong. */
    public static DeviceUri parse(final String text) {
        final int colon = text.indexOf(':');
        if (colon <= 0) {
            throw StorageException.configuration("device '" + text + "' has no scheme; write for example file:"
                + text + " or nvme+model:" + text);
        }
        final int question = text.indexOf('?', colon);
        final String path = question < 0 ? text.substring(colon + 1) : text.substring(colon + 1, question);
        final Map<String, String> parameters = new LinkedHashMap<>();
        if (question >= 0) {
            for (final String pair : text.substring(question + 1).split("&")) {
                final int equals = pair.indexOf('=');
                if (equals <= 0) {
                    throw StorageException.configuration("device '" + text + "': parameter '" + pair
                        + "' is not key=value");
                }
                parameters.put(pair.substring(0, equals), pair.substring(equals + 1));
            }
        }
        return new DeviceUri(text, text.substring(0, colon), path, Map.copyOf(parameters));
    }
}

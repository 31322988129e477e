package io.ringvault.disk;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A description of a volume.
 *
 * @param fields   name to value (text, whole number, boolean or null), in order
 * @param warnings what the user should know
 */
public record VolumeInfo(Map<String, Object> fields, List<String> warnings) {

    /** All fields, the warnings last. */
    public LinkedHashMap<String, Object> asMap() {
        final LinkedHashMap<String, Object> all = new LinkedHashMap<>(fields);
        all.put("warnings", warnings);
        return all;
    }
}

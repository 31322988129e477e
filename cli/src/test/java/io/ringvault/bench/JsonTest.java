package io.ringvault.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {

    @Test
    void shouldEscapeAndNestWhenGivenEveryKindOfValue() {
        final Map<String, Object> map = new LinkedHashMap<>();
        map.put("text", "a\"b\\c\n\t\u0001é");
        map.put("numbers", Arrays.asList(1, 2L, 1.5, Double.NaN, null, true));
        map.put("empty", List.of());
        map.put("none", Map.of());
        assertEquals("""
            {
              "text": "a\\"b\\\\c\\n\\t\\u0001é",
              "numbers": [
                1,
                2,
                1.5,
                null,
                null,
                true
              ],
              "empty": [],
              "none": {}
            }
            """, Json.text(map));
    }
}

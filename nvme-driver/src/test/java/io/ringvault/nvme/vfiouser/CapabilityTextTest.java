package io.ringvault.nvme.vfiouser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CapabilityTextTest {

    @Test
    void shouldFlattenObjectsWhenTheTextIsJson() throws IOException {
        assertEquals(Map.of("capabilities.max_msg_fds", 8L, "capabilities.twin.on", true, "a", "x\"\u00e9\n", "n", -3L),
            CapabilityText.parse("{ \"capabilities\" : {\"max_msg_fds\":8, \"twin\":{\"on\":true,\"none\":null}},"
                + "\"a\":\"x\\\"\\u00e9\\n\", \"l\":[1,[],{\"q\":2}],\"n\":-3 }\n"));
        assertEquals(Map.of(), CapabilityText.parse("{}"));
    }

    @Test
    void shouldRefuseEverythingElse() {
        for (final String bad : List.of("", "{", "{}x", "[]", "{\"a\"}", "{\"a\":}", "{\"a\":1.5}", "{\"a\":-}",
            "{\"a\":99999999999999999999}", "{\"a\":\"", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\uzzzz\"}",
            "{\"a\":tru}", "{\"a\":1,}", "{a:1}", "{\"a\":\"\n\"}", "{\"a\":".repeat(50) + "1" + "}".repeat(50),
            "{\"a\":\"" + "x".repeat(5000) + "\"}")) {
            assertThrows(IOException.class, () -> CapabilityText.parse(bad), bad);
        }
    }
}

package io.ringvault.host;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * One line of the doctor's report.
 *
 * @param name      what was looked at
 * @param state     how it is
 * @param text      what was seen
 * @param fix       the exact command or step that helps; empty when there is nothing to do
 * @param neededFor paths that do not work while this is {@link State#MISSING}
 */
public record Finding(String name, State state, String text, String fix, Set<DevicePath> neededFor) {

    /** How things stand. */
    public enum State {
        /** As it should be. */
        OK,
        /** It works, and could be better or safer. */
        WARNING,
        /** Not there. */
        MISSING
    }

    /** Ways to a device. */
    public enum DevicePath {
        /** A controller on vfio-pci behind an IOMMU. */
        VFIO("nvme:"),
        /** A controller on vfio-pci without one. */
        NO_IOMMU("nvme:?iommu=none-all-memory-exposed"),
        /** A controller that another process serves. */
        VFIO_USER("nvme+vfio-user:"),
        /** Files, memory and the controller model. */
        PORTABLE("file:, mem:, nvme+model:");

        private final String text;

        DevicePath(final String text) {
            this.text = text;
        }

        /** As device URIs begin. */
        public String text() {
            return text;
        }
    }

    /** Copies the set. */
    public Finding {
        neededFor = Set.copyOf(neededFor);
    }

    static Finding ok(final String name, final String text) {
        return new Finding(name, State.OK, text, "", Set.of());
    }

    static Finding warning(final String name, final String text, final String fix) {
        return new Finding(name, State.WARNING, text, fix, Set.of());
    }

    static Finding missing(final String name, final String text, final String fix, final DevicePath... neededFor) {
        return new Finding(name, State.MISSING, text, fix, Set.of(neededFor));
    }

    /** For JSON. */
    public Map<String, Object> asMap() {
        final Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", name);
        map.put("state", state.name().toLowerCase(java.util.Locale.ROOT));
        map.put("text", text);
        map.put("fix", fix);
        map.put("needed_for", neededFor.stream().map(DevicePath::text).sorted().toList());
        return map;
    }
}

package io.ringvault.host;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.StorageException;
import io.ringvault.host.Finding.DevicePath;
import io.ringvault.host.Finding.State;
import io.ringvault.sys.NativeAccess;
import io.ringvault.sys.SystemTree;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Says what a machine has for each way to a device, what is missing, and the exact step that helps. Reads only; opens
 * no device. Control plane.
 */
public final class Doctor {
    private static final String NO_IOMMU = "none-all-memory-exposed";

    private final SystemTree tree;
    private final HostChecks.JavaVm java;

    /** For this process on a machine. */
    public Doctor(final SystemTree tree) {
        this(tree, new HostChecks.JavaVm(Runtime.version().feature(), nativeAccess()));
    }

    Doctor(final SystemTree tree, final HostChecks.JavaVm java) {
        this.tree = tree;
        this.java = java;
    }

    private static String nativeAccess() {
        try {
            NativeAccess.ensure();
            return "";
        } catch (final IllegalCallerException | UnsupportedOperationException refused) {
            return refused.getMessage();
        }
    }

    /**
     * What was found.
     *
     * @param findings in the order of a reader
     * @param asked    the way that was asked for
     */
    public record Report(List<Finding> findings, DevicePath asked) {
        /** Copies the list. */
        public Report {
            findings = List.copyOf(findings);
        }

        /** Whether nothing that the asked way needs is missing. */
        public boolean works() {
            return works(asked);
        }

        private boolean works(final DevicePath path) {
            return findings.stream()
                .noneMatch(each -> each.state() == State.MISSING && each.neededFor().contains(path));
        }

        /** The ways that work. */
        public Set<DevicePath> working() {
            final Set<DevicePath> paths = EnumSet.noneOf(DevicePath.class);
            for (final DevicePath path : DevicePath.values()) {
                if (works(path)) {
                    paths.add(path);
                }
            }
            return paths;
        }

        /** For JSON. */
        public Map<String, Object> asMap() {
            final Map<String, Object> map = new LinkedHashMap<>();
            map.put("asked", asked.text());
            map.put("works", works());
            map.put("working", working().stream().map(DevicePath::text).toList());
            map.put("findings", findings.stream().map(Finding::asMap).toList());
            return map;
        }
    }

    /**
     * Looks at everything.
     *
     * @param device a device URI or PCI address, or null for the machine alone
     * @throws StorageException CONFIGURATION for a text that is neither
     */
    public Report examine(final String device) {
        final List<Finding> findings = new ArrayList<>(new HostChecks(tree, java).findings());
        final VfioChecks vfio = new VfioChecks(tree);
        findings.addAll(vfio.findings());
        if (device == null) {
            return new Report(findings, DevicePath.PORTABLE);
        }
        final DeviceUri uri = DeviceUri.parse(device.matches("[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]")
            ? "nvme:" + device : device);
        return switch (uri.scheme()) {
            case "nvme" -> {
                final boolean exposed = uri.parameters().getOrDefault("iommu", "").equals(NO_IOMMU);
                findings.addAll(vfio.controller(uri.path(), !exposed));
                yield new Report(findings, exposed ? DevicePath.NO_IOMMU : DevicePath.VFIO);
            }
            case "nvme+vfio-user" -> {
                findings.add(socket(uri.path()));
                yield new Report(findings, DevicePath.VFIO_USER);
            }
            default -> new Report(findings, DevicePath.PORTABLE);
        };
    }

    /** The listener's address is a folder with the socket {@code cntrl} in it. */
    private Finding socket(final String path) {
        final String relative = path.replaceFirst("^/+", "");
        final String socket = relative.endsWith("/cntrl") ? relative : relative + "/cntrl";
        return tree.exists(socket) ? Finding.ok("socket", SystemTree.shown(socket))
            : Finding.missing("socket", "there is no " + SystemTree.shown(socket), "start a server, for example:"
            + " ringvault nvme serve-model IMAGE --socket " + SystemTree.shown(relative), DevicePath.VFIO_USER);
    }
}

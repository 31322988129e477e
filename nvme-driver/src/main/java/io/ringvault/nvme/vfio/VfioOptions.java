package io.ringvault.nvme.vfio;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeOptions;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a {@code nvme:} URI says about the way to the controller.
 *
 * @param uri     the whole text, for messages
 * @param address of the PCI function, for example {@code 0000:01:00.0}
 * @param path    which of the kernel's interfaces is used
 */
record VfioOptions(String uri, String address, Way path) {

    /** The kernel's interfaces. */
    enum Way {
        /** Container and group where there is a group node, otherwise iommufd. */
        ANY,
        /** Container and group. */
        TYPE1,
        /** The device's own node. */
        IOMMUFD,
        /** No IOMMU at all: the controller can read and write all memory of the machine. */
        NONE
    }

    /** The parameter that chooses the interface. */
    static final String IOMMU_KEY = "iommu";
    /** The value that accepts working without one; it says what that means. */
    static final String NO_IOMMU = "none-all-memory-exposed";

    private static final Set<String> KNOWN = Set.of(IOMMU_KEY, NvmeOptions.NAMESPACE_KEY, NvmeOptions.SHADOW_KEY,
        NvmeOptions.TIMEOUT_KEY, NvmeOptions.ADMIN_TIMEOUT_KEY);
    private static final Pattern ADDRESS = Pattern.compile("[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]");

    /** Reads a URI; CONFIGURATION names what is wrong with it. */
    static VfioOptions parse(final DeviceUri uri) {
        if (!ADDRESS.matcher(uri.path()).matches()) {
            throw StorageException.configuration("device '" + uri.text() + "': '" + uri.path()
                + "' is not a PCI address; write for example nvme:0000:01:00.0 ('ringvault nvme list' shows them)");
        }
        for (final String key : uri.parameters().keySet()) {
            if (!KNOWN.contains(key)) {
                throw StorageException.configuration("device '" + uri.text() + "': unknown parameter '" + key
                    + "'; known: " + String.join(" ", KNOWN.stream().sorted().toList()));
            }
        }
        final String iommu = uri.parameters().getOrDefault(IOMMU_KEY, "any");
        final Way way = switch (iommu) {
            case "any" -> Way.ANY;
            case "type1" -> Way.TYPE1;
            case "iommufd" -> Way.IOMMUFD;
            case NO_IOMMU -> Way.NONE;
            default -> throw StorageException.configuration("device '" + uri.text() + "': iommu=" + iommu
                + " must be any, type1, iommufd or " + NO_IOMMU);
        };
        return new VfioOptions(uri.text(), uri.path(), way);
    }

    /** A refusal that names the device. */
    StorageException refused(final String why) {
        return StorageException.configuration("device '" + uri + "': " + why);
    }
}

package io.ringvault.host;

import io.ringvault.block.StorageException;
import io.ringvault.nvme.vfio.PciFunction;
import io.ringvault.sys.Errno;
import io.ringvault.sys.NativeFile;
import io.ringvault.sys.NativeIoException;
import io.ringvault.sys.SystemTree;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Hands a controller from one driver to another: {@code driver_override}, unbind, probe. The writes are planned first,
 * so that they can be shown; nothing is planned for a controller that is in use unless the risk is accepted.
 *
 * <p>Never formats, never writes to the controller; the data on it stays.
 */
public final class DriverBinding {
    /** The driver that lets a process have the device. */
    public static final String VFIO = "vfio-pci";
    /** The kernel's own. */
    public static final String NVME = "nvme";

    /** One write into sysfs. */
    public record Write(String path, String text) {

        /** As a shell would do it. */
        public String shown() {
            return "echo '" + text + "' > " + SystemTree.shown(path);
        }
    }

    /**
     * What is to be done.
     *
     * @param writes   in order; none when the driver has the device already
     * @param accepted risks that were there and accepted
     * @param notes    what else a user should know
     */
    public record Plan(List<Write> writes, List<String> accepted, List<String> notes) {
        /** Copies the lists. */
        public Plan {
            writes = List.copyOf(writes);
            accepted = List.copyOf(accepted);
            notes = List.copyOf(notes);
        }
    }

    /** Whether somebody has a block device to himself: mounts in other containers show only so. */
    @FunctionalInterface
    interface Claim {
        /** True when the device is taken. */
        boolean isTaken(Path device) throws IOException;
    }

    private final SystemTree tree;
    private final PciFunction function;
    private final Claim claim;

    /** For the function at a PCI address such as {@code 0000:01:00.0}. */
    public DriverBinding(final SystemTree tree, final String address) {
        this(tree, address, DriverBinding::taken);
    }

    DriverBinding(final SystemTree tree, final String address, final Claim claim) {
        if (!address.matches("[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]")) {
            throw StorageException.configuration("'" + address
                + "' is not a PCI address; write for example 0000:01:00.0 ('ringvault nvme list' shows them)");
        }
        this.tree = tree;
        this.function = new PciFunction(tree, address);
        this.claim = claim;
    }

    private static boolean taken(final Path device) throws IOException {
        try (NativeFile ignored = NativeFile.open(device, NativeFile.Option.EXCLUSIVE)) {
            return false;
        } catch (final NativeIoException failed) {
            if (failed.errno() == Errno.ENOENT || failed.errno() == Errno.EACCES) {
                return false; // Nothing to ask, or no right to: sysfs was asked already.
            }
            if (failed.errno() == Errno.EBUSY) {
                return true;
            }
            throw failed;
        }
    }

    /**
     * Plans to give the device to {@link #VFIO}.
     *
     * @param force accept that what uses the device loses it
     * @throws StorageException CONFIGURATION naming what is in the way
     */
    public Plan bind(final boolean force) {
        check();
        final String driver = function.driver().orElse("");
        if (driver.equals(VFIO)) {
            return new Plan(List.of(), List.of(), List.of(function.address() + " is bound to " + VFIO + " already"));
        }
        if (!tree.exists("sys/bus/pci/drivers/" + VFIO)) {
            throw StorageException.configuration("the kernel has no driver " + VFIO + " loaded; load it: modprobe "
                + VFIO + " (a kernel built without CONFIG_VFIO_PCI cannot)");
        }
        final List<String> risks = risks();
        if (!driver.isEmpty() && !driver.equals(NVME)) {
            risks.add(function.address() + " is bound to " + driver + ", not to " + NVME
                + ": whoever uses it loses it");
        }
        refuse(risks, force);
        return new Plan(writes(driver, VFIO), risks, groupNotes());
    }

    /**
     * Plans to give the device back to {@link #NVME}.
     *
     * @param force accept that another driver than {@link #VFIO} loses it
     */
    public Plan unbind(final boolean force) {
        check();
        final String driver = function.driver().orElse("");
        if (driver.equals(NVME)) {
            return new Plan(List.of(), List.of(), List.of(function.address() + " is bound to " + NVME + " already"));
        }
        final List<String> risks = new ArrayList<>();
        if (!driver.isEmpty() && !driver.equals(VFIO)) {
            risks.add(function.address() + " is bound to " + driver + ", not to " + VFIO
                + ": whoever uses it loses it");
        }
        refuse(risks, force);
        final List<Write> writes = writes(driver, NVME);
        writes.add(new Write(folder() + "/driver_override", "\n"));
        return new Plan(writes, risks, List.of());
    }

    private String folder() {
        return "sys/bus/pci/devices/" + function.address();
    }

    private void check() {
        if (!function.exists()) {
            throw StorageException.configuration("there is no PCI device " + function.address()
                + "; 'ringvault nvme list' shows what is there");
        }
        if (function.classCode() != PciFunction.NVME_CLASS) {
            throw StorageException.configuration(function.address() + " is no NVMe controller: its class is "
                + String.format("%06x", function.classCode() & 0xFFFFFF) + ", not 010802");
        }
    }

    private List<String> risks() {
        final List<String> risks = new ArrayList<>(function.uses());
        for (final String device : function.blockDevices()) {
            final List<String> parts = new ArrayList<>(List.of(device));
            tree.names("sys/class/block/" + device).stream().filter(each -> each.startsWith(device + "p"))
                .forEach(parts::add);
            for (final String part : parts) {
                if (risks.stream().noneMatch(each -> each.startsWith(part + " ")) && isTaken(part)) {
                    risks.add(part + " is taken by somebody (a mount in another container, md, dm or lvm)");
                }
            }
        }
        return risks;
    }

    private boolean isTaken(final String part) {
        try {
            return claim.isTaken(tree.path("dev/" + part));
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.IO, "whether " + part + " is in use cannot be told: "
                + failed.getMessage(), failed);
        }
    }

    private static void refuse(final List<String> risks, final boolean force) {
        if (!risks.isEmpty() && !force) {
            throw StorageException.configuration("not touched: " + String.join("; ", risks)
                + ". Stop that first; --force does it all the same, and what uses the device then loses its data path"
                + " in mid-write");
        }
    }

    private List<Write> writes(final String from, final String to) {
        final List<Write> writes = new ArrayList<>();
        writes.add(new Write(folder() + "/driver_override", to));
        if (!from.isEmpty()) {
            writes.add(new Write("sys/bus/pci/drivers/" + from + "/unbind", function.address()));
        }
        writes.add(new Write("sys/bus/pci/drivers_probe", function.address()));
        return writes;
    }

    private List<String> groupNotes() {
        final List<String> notes = new ArrayList<>();
        if (function.iommuGroup().isEmpty()) {
            notes.add(function.address() + " has no IOMMU group: only VFIO without an IOMMU can reach it, with "
                + "nvme:" + function.address() + "?iommu=none-all-memory-exposed");
        }
        for (final PciFunction other : function.groupMembers()) {
            final String driver = other.driver().orElse("");
            final boolean bridge = other.classCode() >>> 16 == 6;
            if (!other.address().equals(function.address()) && !bridge && !driver.isEmpty()
                && !driver.startsWith("vfio") && !driver.equals("pci-stub")) {
                notes.add("IOMMU group " + function.iommuGroup().orElse("?") + " is blocked by " + other.address()
                    + ", which " + driver + " has: VFIO gives out a group as a whole; unbind that one too");
            }
        }
        return notes;
    }

    /**
     * Does what was planned, and looks whether it worked.
     *
     * @param wanted the driver that should have the device afterwards
     * @throws StorageException IO when a write is refused or the driver did not take the device
     */
    public void apply(final Plan plan, final String wanted) {
        for (final Write write : plan.writes) {
            try {
                tree.write(write.path, write.text);
            } catch (final IOException failed) {
                throw new StorageException(StorageException.Category.IO, write.shown() + ": " + failed
                    + "; this needs root", failed);
            }
        }
        final String now = function.driver().orElse("no driver");
        if (!plan.writes.isEmpty() && !now.equals(wanted)) {
            throw StorageException.io(function.address() + " is bound to " + now + " and not to " + wanted
                + " after all writes; dmesg says why (for " + VFIO + ": is the module loaded?)");
        }
    }
}

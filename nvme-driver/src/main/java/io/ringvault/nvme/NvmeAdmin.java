package io.ringvault.nvme;

import io.ringvault.block.BlockDevices;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.spec.ActiveNamespaceList;
import io.ringvault.nvme.spec.ErrorLogEntry;
import io.ringvault.nvme.spec.FirmwareSlots;
import io.ringvault.nvme.spec.IdentifyController;
import io.ringvault.nvme.spec.IdentifyFields;
import io.ringvault.nvme.spec.IdentifyNamespace;
import io.ringvault.nvme.spec.LogPage;
import io.ringvault.nvme.spec.Opcode;
import io.ringvault.nvme.spec.SmartLog;
import io.ringvault.nvme.spec.SubmissionEntry;
import io.ringvault.nvme.spec.Wire;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A controller to be looked at and formatted, not to do I/O on: Identify, log pages, Format NVM. NVM Express Base 2.1,
 * section 5.1.
 *
 * <p>Through a device URI the controller is reset and driven by this process alone; through {@code /dev/nvmeN} the
 * kernel's driver keeps it and carries the commands. Every answer is fetched once into private memory; every number
 * taken from it is bounded, every text printable. Control plane; calls block, the methods may be called by any thread.
 */
public final class NvmeAdmin implements AutoCloseable {
    /** How long formatting may take when nobody says otherwise. */
    public static final long FORMAT_TIMEOUT_MS = 600_000;
    /** Most namespaces that are listed; a controller that claims more is not believed further. */
    public static final int MOST_NAMESPACES = 16 * ActiveNamespaceList.CAPACITY;

    private static final String KERNEL_PREFIX = "/dev/nvme";
    private static final int PAGE_BYTES = PrpList.PAGE_BYTES;
    private static final int OACS_OFFSET = 256;
    private static final int OACS_FORMAT = 1 << 1;
    private static final int ELPE_OFFSET = 262;
    private static final int SECURE_ERASE_SHIFT = 9;
    private static final int FORMAT_HIGH_SHIFT = 12;
    private static final int EXTENDED_SHIFT = 4;
    private static final int PROTECTION_SHIFT = 5;

    /** What Format NVM does with the data beyond making it unreadable. */
    public enum Erase {
        /** Nothing is asked for. */
        NONE,
        /** All user data is erased. */
        USER_DATA,
        /** The key of the device's own encryption is destroyed. */
        CRYPTOGRAPHIC
    }

    private final String uri;
    private final AdminChannel channel;

    private NvmeAdmin(final String uri, final AdminChannel channel) {
        this.uri = uri;
        this.channel = channel;
    }

    /**
     * Opens a controller.
     *
     * @param device the URI of an NVMe device, or {@code /dev/nvmeN} for one that the kernel's driver has
     * @throws StorageException CONFIGURATION when it is no NVMe controller or in use, IO when it does not come up
     */
    public static NvmeAdmin open(final String device) {
        if (device.startsWith(KERNEL_PREFIX)) {
            return new NvmeAdmin(device, AdminChannel.Kernel.open(device));
        }
        final DeviceUri parsed = DeviceUri.parse(device);
        if (BlockDevices.provider(parsed) instanceof final NvmeTransportProvider provider) {
            return open(device, provider.openTransport(parsed));
        }
        throw StorageException.configuration("device '" + device + "' is not an NVMe controller; write nvme:BDF,"
            + " nvme+vfio-user:PATH, nvme+model:PATH or /dev/nvmeN");
    }

    /** Brings a controller up through a transport, which is closed with it and when this fails. */
    public static NvmeAdmin open(final String uri, final NvmeTransport transport) {
        return new NvmeAdmin(uri,
            new AdminChannel.Driver(NvmeController.openForAdmin(uri, transport, NvmeOptions.DEFAULTS)));
    }

    static NvmeAdmin over(final String uri, final AdminChannel channel) {
        return new NvmeAdmin(uri, channel);
    }

    /** Identify Controller by nvme-cli's names. */
    public Map<String, Object> controller() {
        return IdentifyFields.CONTROLLER.decode(identifyController());
    }

    private MemorySegment identifyController() {
        return identify("Identify Controller", IdentifyController.CNS, 0);
    }

    /** Identify Namespace by nvme-cli's names. */
    public Map<String, Object> namespace(final int id) {
        return IdentifyFields.namespace(identifyNamespace(id));
    }

    private MemorySegment identifyNamespace(final int id) {
        return identify("Identify Namespace", IdentifyNamespace.CNS, id);
    }

    /**
     * Identifiers of the active namespaces, rising.
     *
     * @throws StorageException IO when the controller's list does not rise or has no end
     */
    public List<Integer> namespaces() {
        final List<Integer> ids = new ArrayList<>();
        int last = 0;
        while (true) {
            final MemorySegment page = identify("Identify active namespaces", ActiveNamespaceList.CNS, last);
            for (int i = 0; i < ActiveNamespaceList.CAPACITY; i++) {
                final int id = ActiveNamespaceList.namespace(page, i);
                if (id == 0) {
                    return ids;
                }
                if (Integer.compareUnsigned(id, last) <= 0 || ids.size() == MOST_NAMESPACES) {
                    throw StorageException.io("device '" + uri + "': the list of active namespaces "
                        + (ids.size() == MOST_NAMESPACES ? "has more than " + MOST_NAMESPACES + " entries"
                        : "does not rise: " + Integer.toUnsignedString(id) + " after "
                        + Integer.toUnsignedString(last)));
                }
                ids.add(id);
                last = id;
            }
        }
    }

    /** SMART and health information of the whole controller. */
    public SmartLog smart() {
        return SmartLog.decode(log("Get Log Page, SMART", LogPage.SMART, SmartLog.LENGTH));
    }

    /**
     * The newest entries of the error log, newest first.
     *
     * @param most 1..64; the controller may keep fewer
     */
    public List<ErrorLogEntry> errors(final int most) {
        if (most < 1 || most > PAGE_BYTES / ErrorLogEntry.LENGTH) {
            throw new IllegalArgumentException(most + " entries are not in 1.." + PAGE_BYTES / ErrorLogEntry.LENGTH);
        }
        final int kept = (identifyController().get(ValueLayout.JAVA_BYTE, ELPE_OFFSET) & 0xFF) + 1;
        final int length = Math.min(most, kept) * ErrorLogEntry.LENGTH;
        return ErrorLogEntry.decodeAll(log("Get Log Page, errors", LogPage.ERROR_INFORMATION, length)
            .asSlice(0, length));
    }

    /** What the firmware slots hold. */
    public FirmwareSlots firmware() {
        return FirmwareSlots.decode(log("Get Log Page, firmware slots", LogPage.FIRMWARE_SLOTS, FirmwareSlots.LENGTH));
    }

    /**
     * Formats a namespace: all of its data is lost.
     *
     * @param id        namespace identifier
     * @param format    index of the LBA format, or -1 for the one in use
     * @param timeoutMs how long it may take
     * @throws StorageException CONFIGURATION when the controller or the namespace cannot do it, IO when it fails
     */
    public void format(final int id, final int format, final Erase erase, final long timeoutMs) {
        final int oacs = identifyController().get(Wire.U16, OACS_OFFSET) & 0xFFFF;
        if ((oacs & OACS_FORMAT) == 0) {
            throw StorageException.configuration("device '" + uri + "': the controller has no Format NVM command");
        }
        final MemorySegment namespace = identifyNamespace(id);
        final int chosen = format < 0 ? IdentifyNamespace.formatIndex(namespace) : format;
        if (chosen >= IdentifyNamespace.formats(namespace) || IdentifyNamespace.blockShift(namespace, chosen) == 0) {
            throw StorageException.configuration("device '" + uri + "': namespace " + Integer.toUnsignedString(id)
                + " has no format " + chosen + "; it has 0 to " + (IdentifyNamespace.formats(namespace) - 1));
        }
        channel.command("Format NVM", Opcode.FORMAT_NVM, id,
            SubmissionEntry.dwords(settings(namespace, chosen) | erase.ordinal() << SECURE_ERASE_SHIFT, 0), timeoutMs);
    }

    /** CDW10 but for the erase: metadata stays where it was, and protection where the format stays the same. */
    private static int settings(final MemorySegment namespace, final int format) {
        final boolean metadata = IdentifyNamespace.metadataBytes(namespace, format) > 0;
        int settings = format & 0xF | format >>> 4 << FORMAT_HIGH_SHIFT;
        if (metadata && IdentifyNamespace.extendedMetadata(namespace)) {
            settings |= 1 << EXTENDED_SHIFT;
        }
        if (metadata && format == IdentifyNamespace.formatIndex(namespace)) {
            settings |= (Wire.u8(namespace, IdentifyNamespace.DPS_OFFSET) & 0xF) << PROTECTION_SHIFT;
        }
        return settings;
    }

    private MemorySegment identify(final String what, final int cns, final int nsid) {
        return channel.read(what, Opcode.IDENTIFY, nsid, SubmissionEntry.dwords(cns, 0));
    }

    private MemorySegment log(final String what, final int page, final int lengthBytes) {
        return channel.read(what, Opcode.GET_LOG_PAGE, LogPage.CONTROLLER, LogPage.dwords(page, lengthBytes));
    }

    /** Shuts the controller down in order, or leaves it to the kernel that had it. */
    @Override
    public void close() {
        channel.close();
    }
}

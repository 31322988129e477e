package io.ringvault.nvme.vfiouser;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The wire layout of the vfio-user protocol, version 0.2 (libvfio-user's specification), as far as an NVMe controller
 * needs it. Little-endian; each message is a header and a payload.
 *
 * <pre>
 *  header (16)       0 id (16)   2 command (16)   4 size, header included   8 flags   12 errno
 *  flags             bits 0-3: 0 command, 1 reply   bit 4: no reply wanted   bit 5: error, errno is valid
 *
 *  VERSION           0 major (16)   2 minor (16)   4 JSON text with a NUL at its end, or nothing
 *  DMA_MAP           0 argsz   4 flags (1 read, 2 write)   8 file offset (64)   16 address (64)   24 size (64)
 *  DMA_UNMAP         0 argsz   4 flags (2 all)   8 address (64)   16 size (64)
 *  GET_INFO          0 argsz   4 flags (1 reset, 2 PCI)   8 regions   12 interrupt types
 *  GET_REGION_INFO   0 argsz   4 flags (1 r, 2 w, 4 mmap, 8 caps)   8 index   12 cap offset   16 size   24 offset
 *    capability      0 id (16; 1 = sparse mmap)   2 version (16)   4 next, from the payload's start
 *    sparse mmap     8 areas   12 reserved   16.. offset (64), size (64) of each area
 *  GET_IRQ_INFO      0 argsz   4 flags   8 index   12 count
 *  SET_IRQS          0 argsz   4 flags   8 index   12 start   16 count   20.. data
 *  REGION_READ       0 offset (64)   8 region   12 count   (reply) 16.. data
 *  REGION_WRITE      0 offset (64)   8 region   12 count   16.. data
 *  DEVICE_RESET      nothing
 * </pre>
 */
public final class VfioUserWire {
    /** Name of the socket in an endpoint's directory. */
    public static final String SOCKET_NAME = "cntrl";

    /** The header's length and fields. */
    public static final int HEADER_BYTES = 16;
    public static final int ID_OFFSET = 0;
    public static final int COMMAND_OFFSET = 2;
    public static final int SIZE_OFFSET = 4;
    public static final int FLAGS_OFFSET = 8;
    public static final int ERRNO_OFFSET = 12;

    /** Flags. */
    public static final int TYPE_MASK = 0xF;
    public static final int TYPE_COMMAND = 0;
    public static final int TYPE_REPLY = 1;
    public static final int FLAG_NO_REPLY = 1 << 4;
    public static final int FLAG_ERROR = 1 << 5;

    /** Commands. */
    public static final int VERSION = 1;
    public static final int DMA_MAP = 2;
    public static final int DMA_UNMAP = 3;
    public static final int GET_INFO = 4;
    public static final int GET_REGION_INFO = 5;
    public static final int GET_IRQ_INFO = 7;
    public static final int SET_IRQS = 8;
    public static final int REGION_READ = 9;
    public static final int REGION_WRITE = 10;
    public static final int DEVICE_RESET = 13;

    /** Version of the protocol. */
    public static final int MAJOR = 0;
    public static final int MINOR = 2;

    /** Payload lengths. */
    public static final int VERSION_BYTES = 4;
    public static final int DMA_MAP_BYTES = 32;
    public static final int DMA_UNMAP_BYTES = 24;
    public static final int INFO_BYTES = 16;
    public static final int REGION_INFO_BYTES = 32;
    public static final int IRQ_INFO_BYTES = 16;
    public static final int SET_IRQS_BYTES = 20;
    public static final int REGION_ACCESS_BYTES = 16;
    public static final int CAPABILITY_BYTES = 8;
    public static final int SPARSE_HEAD_BYTES = 16;
    public static final int SPARSE_AREA_BYTES = 16;

    /** Payload fields that several messages have at the same place, and those that do not. */
    public static final int ARGSZ = 0;
    public static final int ARG_FLAGS = 4;
    public static final int INFO_REGIONS = 8;
    public static final int INFO_IRQS = 12;
    public static final int INDEX = 8;
    public static final int REGION_CAP_OFFSET = 12;
    public static final int REGION_SIZE = 16;
    public static final int REGION_FILE_OFFSET = 24;
    public static final int MAP_FILE_OFFSET = 8;
    public static final int MAP_ADDRESS = 16;
    public static final int MAP_SIZE = 24;
    public static final int UNMAP_ADDRESS = 8;
    public static final int UNMAP_SIZE = 16;
    public static final int IRQ_COUNT = 12;
    public static final int SET_IRQS_COUNT = 16;
    public static final int ACCESS_OFFSET = 0;
    public static final int ACCESS_REGION = 8;
    public static final int ACCESS_COUNT = 12;
    public static final int ACCESS_DATA = 16;

    /** Values of flags in payloads. */
    public static final int DEVICE_RESETTABLE = 1;
    public static final int DEVICE_PCI = 2;
    public static final int REGION_READABLE = 1;
    public static final int REGION_WRITABLE = 2;
    public static final int REGION_MAPPABLE = 4;
    public static final int REGION_HAS_CAPABILITIES = 8;
    public static final int MAP_READ = 1;
    public static final int MAP_WRITE = 2;
    public static final int UNMAP_ALL = 2;
    public static final int IRQ_DATA_NONE = 1;
    public static final int CAPABILITY_SPARSE_MMAP = 1;

    /** Regions of a PCI device: BAR 0 to 5, the expansion ROM, the configuration space, VGA. */
    public static final int REGION_BAR0 = 0;
    public static final int REGION_CONFIG = 7;
    public static final int REGIONS = 9;
    /** Interrupt types: INTx, MSI, MSI-X, error, request. */
    public static final int IRQ_TYPES = 5;

    /** The most data of one access, and so the longest payload. */
    public static final int MAX_DATA_BYTES = 1 << 20;
    public static final int MAX_PAYLOAD_BYTES = MAX_DATA_BYTES + REGION_ACCESS_BYTES;

    /** Little-endian, unaligned. */
    public static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private VfioUserWire() {
    }

    /** A command's name, for messages. */
    public static String name(final int command) {
        return switch (command) {
            case VERSION -> "VERSION";
            case DMA_MAP -> "DMA_MAP";
            case DMA_UNMAP -> "DMA_UNMAP";
            case GET_INFO -> "DEVICE_GET_INFO";
            case GET_REGION_INFO -> "GET_REGION_INFO";
            case GET_IRQ_INFO -> "GET_IRQ_INFO";
            case SET_IRQS -> "SET_IRQS";
            case REGION_READ -> "REGION_READ";
            case REGION_WRITE -> "REGION_WRITE";
            case DEVICE_RESET -> "DEVICE_RESET";
            default -> "command " + command;
        };
    }
}

package io.ringvault.sys;

/**
 * Numbers of {@code linux/vfio.h} (Linux 6.12), as far as they are used: requests, flags, and the offsets of each
 * structure's fields. All little-endian as the machine is; capability chains are aligned to 4 bytes only.
 */
final class LinuxVfio {
    static final int VFIO_API_VERSION = 0;

    // Kinds of IOMMU for VFIO_SET_IOMMU.
    static final int VFIO_TYPE1V2_IOMMU = 3;
    static final int VFIO_NOIOMMU_IOMMU = 8;

    // _IO(';', 100 + n): requests of the container, the group and the device.
    static final long VFIO_GET_API_VERSION = 0x3B64;
    static final long VFIO_CHECK_EXTENSION = 0x3B65;
    static final long VFIO_SET_IOMMU = 0x3B66;
    static final long VFIO_GROUP_GET_STATUS = 0x3B67;
    static final long VFIO_GROUP_SET_CONTAINER = 0x3B68;
    static final long VFIO_GROUP_GET_DEVICE_FD = 0x3B6A;
    static final long VFIO_DEVICE_GET_INFO = 0x3B6B;
    static final long VFIO_DEVICE_GET_REGION_INFO = 0x3B6C;
    static final long VFIO_DEVICE_GET_IRQ_INFO = 0x3B6D;
    static final long VFIO_DEVICE_SET_IRQS = 0x3B6E;
    static final long VFIO_DEVICE_RESET = 0x3B6F;
    static final long VFIO_IOMMU_GET_INFO = 0x3B70;
    static final long VFIO_IOMMU_MAP_DMA = 0x3B71;
    static final long VFIO_IOMMU_UNMAP_DMA = 0x3B72;
    static final long VFIO_DEVICE_BIND_IOMMUFD = 0x3B76;
    static final long VFIO_DEVICE_ATTACH_IOMMUFD_PT = 0x3B77;

    /** struct vfio_group_status. */
    static final class GroupStatus {
        static final long ARGSZ_OFFSET = 0;
        static final long FLAGS_OFFSET = 4;
        static final long LENGTH = 8;
        static final int FLAGS_VIABLE = 1;

        private GroupStatus() {
        }
    }

    /** struct vfio_device_info. */
    static final class DeviceInfo {
        static final long ARGSZ_OFFSET = 0;
        static final long FLAGS_OFFSET = 4;
        static final long NUM_REGIONS_OFFSET = 8;
        static final long NUM_IRQS_OFFSET = 12;
        static final long CAP_OFFSET_OFFSET = 16;
        static final long LENGTH = 24;
        static final int FLAGS_RESET = 1;
        static final int FLAGS_PCI = 2;

        private DeviceInfo() {
        }
    }

    /** struct vfio_region_info. */
    static final class RegionInfo {
        static final long ARGSZ_OFFSET = 0;
        static final long FLAGS_OFFSET = 4;
        static final long INDEX_OFFSET = 8;
        static final long CAP_OFFSET_OFFSET = 12;
        static final long SIZE_OFFSET = 16;
        static final long OFFSET_OFFSET = 24;
        static final long LENGTH = 32;
        static final int FLAG_MMAP = 4;
        static final int FLAG_CAPS = 8;

        private RegionInfo() {
        }
    }

    /** struct vfio_info_cap_header. */
    static final class CapHeader {
        static final long ID_OFFSET = 0;
        static final long VERSION_OFFSET = 2;
        static final long NEXT_OFFSET = 4;
        static final long LENGTH = 8;

        private CapHeader() {
        }
    }

    /** struct vfio_region_info_cap_sparse_mmap and vfio_region_sparse_mmap_area. */
    static final class SparseMmap {
        static final int ID = 1;
        static final long NR_AREAS_OFFSET = 8;
        static final long AREAS_OFFSET = 16;
        static final long AREA_OFFSET_OFFSET = 0;
        static final long AREA_SIZE_OFFSET = 8;
        static final long AREA_LENGTH = 16;

        private SparseMmap() {
        }
    }

    /** struct vfio_irq_info. */
    static final class IrqInfo {
        static final long ARGSZ_OFFSET = 0;
        static final long FLAGS_OFFSET = 4;
        static final long INDEX_OFFSET = 8;
        static final long COUNT_OFFSET = 12;
        static final long LENGTH = 16;

        private IrqInfo() {
        }
    }

    /** struct vfio_irq_set with one descriptor as data. */
    static final class IrqSet {
        static final long ARGSZ_OFFSET = 0;
        static final long FLAGS_OFFSET = 4;
        static final long INDEX_OFFSET = 8;
        static final long START_OFFSET = 12;
        static final long COUNT_OFFSET = 16;
        static final long DATA_OFFSET = 20;
        static final int DATA_EVENTFD = 4;
        static final int ACTION_TRIGGER = 32;

        private IrqSet() {
        }
    }

    /** struct vfio_iommu_type1_info. */
    static final class IommuInfo {
        static final long ARGSZ_OFFSET = 0;
        static final long FLAGS_OFFSET = 4;
        static final long IOVA_PGSIZES_OFFSET = 8;
        static final long CAP_OFFSET_OFFSET = 16;
        static final long LENGTH = 24;
        static final int FLAG_PGSIZES = 1;
        static final int FLAG_CAPS = 2;

        private IommuInfo() {
        }
    }

    /** struct vfio_iommu_type1_info_cap_iova_range and vfio_iova_range. */
    static final class IovaRangeCap {
        static final int ID = 1;
        static final long NR_IOVAS_OFFSET = 8;
        static final long RANGES_OFFSET = 16;
        static final long RANGE_START_OFFSET = 0;
        static final long RANGE_END_OFFSET = 8;
        static final long RANGE_LENGTH = 16;

        private IovaRangeCap() {
        }
    }

    /** struct vfio_iommu_type1_info_dma_avail. */
    static final class DmaAvailCap {
        static final int ID = 3;
        static final long AVAIL_OFFSET = 8;

        private DmaAvailCap() {
        }
    }

    /** struct vfio_iommu_type1_dma_map. */
    static final class DmaMap {
        static final long ARGSZ_OFFSET = 0;
        static final long FLAGS_OFFSET = 4;
        static final long VADDR_OFFSET = 8;
        static final long IOVA_OFFSET = 16;
        static final long SIZE_OFFSET = 24;
        static final long LENGTH = 32;
        static final int FLAG_READ = 1;
        static final int FLAG_WRITE = 2;

        private DmaMap() {
        }
    }

    /** struct vfio_iommu_type1_dma_unmap. */
    static final class DmaUnmap {
        static final long ARGSZ_OFFSET = 0;
        static final long FLAGS_OFFSET = 4;
        static final long IOVA_OFFSET = 8;
        static final long SIZE_OFFSET = 16;
        static final long LENGTH = 24;

        private DmaUnmap() {
        }
    }

    /** struct vfio_device_bind_iommufd. */
    static final class BindIommufd {
        static final long ARGSZ_OFFSET = 0;
        static final long FLAGS_OFFSET = 4;
        static final long IOMMUFD_OFFSET = 8;
        static final long OUT_DEVID_OFFSET = 12;
        static final long LENGTH = 16;

        private BindIommufd() {
        }
    }

    /** struct vfio_device_attach_iommufd_pt, up to the field that every kernel with it knows. */
    static final class AttachIommufdPt {
        static final long ARGSZ_OFFSET = 0;
        static final long FLAGS_OFFSET = 4;
        static final long PT_ID_OFFSET = 8;
        static final long LENGTH = 12;

        private AttachIommufdPt() {
        }
    }

    // PCI devices: regions and interrupts by index.
    static final int VFIO_PCI_BAR0_REGION_INDEX = 0;
    static final int VFIO_PCI_CONFIG_REGION_INDEX = 7;
    static final int VFIO_PCI_REQ_IRQ_INDEX = 4;

    private LinuxVfio() {
    }
}

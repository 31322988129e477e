package io.ringvault.sys;

/** Numbers of {@code linux/iommufd.h} (Linux 6.12), as far as they are used. */
final class LinuxIommufd {
    // _IO(';', 0x80 + n).
    static final long IOMMU_IOAS_ALLOC = 0x3B81;
    static final long IOMMU_IOAS_IOVA_RANGES = 0x3B84;
    static final long IOMMU_IOAS_MAP = 0x3B85;
    static final long IOMMU_IOAS_UNMAP = 0x3B86;

    /** struct iommu_ioas_alloc. */
    static final class IoasAlloc {
        static final long SIZE_OFFSET = 0;
        static final long FLAGS_OFFSET = 4;
        static final long OUT_IOAS_ID_OFFSET = 8;
        static final long LENGTH = 12;

        private IoasAlloc() {
        }
    }

    /** struct iommu_ioas_iova_ranges and iommu_iova_range. */
    static final class IovaRanges {
        static final long SIZE_OFFSET = 0;
        static final long IOAS_ID_OFFSET = 4;
        static final long NUM_IOVAS_OFFSET = 8;
        static final long ALLOWED_IOVAS_OFFSET = 16;
        static final long OUT_IOVA_ALIGNMENT_OFFSET = 24;
        static final long LENGTH = 32;
        static final long RANGE_START_OFFSET = 0;
        static final long RANGE_LAST_OFFSET = 8;
        static final long RANGE_LENGTH = 16;

        private IovaRanges() {
        }
    }

    /** struct iommu_ioas_map. */
    static final class IoasMap {
        static final long SIZE_OFFSET = 0;
        static final long FLAGS_OFFSET = 4;
        static final long IOAS_ID_OFFSET = 8;
        static final long USER_VA_OFFSET = 16;
        static final long LENGTH_OFFSET = 24;
        static final long IOVA_OFFSET = 32;
        static final long LENGTH = 40;
        static final int FIXED_IOVA = 1;
        static final int WRITEABLE = 2;
        static final int READABLE = 4;

        private IoasMap() {
        }
    }

    /** struct iommu_ioas_unmap. */
    static final class IoasUnmap {
        static final long SIZE_OFFSET = 0;
        static final long IOAS_ID_OFFSET = 4;
        static final long IOVA_OFFSET = 8;
        static final long LENGTH_OFFSET = 16;
        static final long LENGTH = 24;

        private IoasUnmap() {
        }
    }

    private LinuxIommufd() {
    }
}

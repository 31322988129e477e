/*
 * Prints sizes, offsets, constants and ioctl numbers as this machine's headers have them, one "Class.FIELD value" to a
 * line under the names of the Java constants in io.ringvault.sys. Never shipped and never run by the product.
 *
 *   cc -o layout native/src/probe/layout.c && ./layout > native/src/test/resources/io/ringvault/sys/layout-x86_64.txt
 *
 * What the headers are too old for is printed as "absent". LayoutProbeTest compares the checked-in output with the
 * constants and, where there is a compiler, with a fresh run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <linux/nvme_ioctl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#if __has_include(<linux/iommufd.h>)
#include <linux/iommufd.h>
#endif

#define VALUE(name, value) printf("%s %lld\n", name, (long long) (value))
/* Newer headers name the padding at the end of some structures; the kernel takes either length. */
#define EIGHTS(bytes) (((bytes) + 7) / 8 * 8)
#define ABSENT(name) printf("%s absent\n", name)

static void print_Libc(void)
{
    VALUE("Libc.O_RDONLY", O_RDONLY);
    VALUE("Libc.O_RDWR", O_RDWR);
    VALUE("Libc.O_CREAT", O_CREAT);
    VALUE("Libc.O_EXCL", O_EXCL);
    VALUE("Libc.O_DSYNC", O_DSYNC);
    VALUE("Libc.O_CLOEXEC", O_CLOEXEC);
    VALUE("Libc.O_DIRECT", O_DIRECT);
    VALUE("Libc.O_DIRECTORY", O_DIRECTORY);
    VALUE("Libc.O_NOFOLLOW", O_NOFOLLOW);
    VALUE("Libc.SEEK_END", SEEK_END);
    VALUE("Libc.LOCK_SH", LOCK_SH);
    VALUE("Libc.LOCK_EX", LOCK_EX);
    VALUE("Libc.LOCK_NB", LOCK_NB);
    VALUE("Libc.LOCK_UN", LOCK_UN);
    VALUE("Libc.FALLOC_FL_KEEP_SIZE", FALLOC_FL_KEEP_SIZE);
    VALUE("Libc.FALLOC_FL_PUNCH_HOLE", FALLOC_FL_PUNCH_HOLE);
    VALUE("Libc.FALLOC_FL_ZERO_RANGE", FALLOC_FL_ZERO_RANGE);
    VALUE("Libc.BLKGETSIZE64", BLKGETSIZE64);
    VALUE("Libc.BLKSSZGET", BLKSSZGET);
    VALUE("Libc.PROT_READ", PROT_READ);
    VALUE("Libc.PROT_WRITE", PROT_WRITE);
    VALUE("Libc.MAP_SHARED", MAP_SHARED);
    VALUE("Libc.MAP_PRIVATE", MAP_PRIVATE);
    VALUE("Libc.MAP_ANONYMOUS", MAP_ANONYMOUS);
    VALUE("Libc.MAP_HUGETLB", MAP_HUGETLB);
    VALUE("Libc.MAP_HUGE_SHIFT", MAP_HUGE_SHIFT);
    VALUE("Libc.MADV_DONTFORK", MADV_DONTFORK);
    VALUE("Libc.MADV_HUGEPAGE", MADV_HUGEPAGE);
    VALUE("Libc.MADV_DONTDUMP", MADV_DONTDUMP);
#if defined(MADV_POPULATE_WRITE)
    VALUE("Libc.MADV_POPULATE_WRITE", MADV_POPULATE_WRITE);
#else
    ABSENT("Libc.MADV_POPULATE_WRITE");
#endif
    VALUE("Libc.MFD_CLOEXEC", MFD_CLOEXEC);
    VALUE("Libc.MFD_ALLOW_SEALING", MFD_ALLOW_SEALING);
    VALUE("Libc.MFD_HUGETLB", MFD_HUGETLB);
    VALUE("Libc.POLLIN", POLLIN);
}

static void print_LibcSockets(void)
{
    VALUE("LibcSockets.AF_UNIX", AF_UNIX);
    VALUE("LibcSockets.SOCK_STREAM", SOCK_STREAM);
    VALUE("LibcSockets.SOCK_NONBLOCK", SOCK_NONBLOCK);
    VALUE("LibcSockets.SOCK_CLOEXEC", SOCK_CLOEXEC);
    VALUE("LibcSockets.SOL_SOCKET", SOL_SOCKET);
    VALUE("LibcSockets.SCM_RIGHTS", SCM_RIGHTS);
    VALUE("LibcSockets.MSG_CTRUNC", MSG_CTRUNC);
    VALUE("LibcSockets.MSG_DONTWAIT", MSG_DONTWAIT);
    VALUE("LibcSockets.MSG_NOSIGNAL", MSG_NOSIGNAL);
    VALUE("LibcSockets.MSG_CMSG_CLOEXEC", MSG_CMSG_CLOEXEC);
    VALUE("LibcSockets.SHUT_RDWR", SHUT_RDWR);
    VALUE("LibcSockets.POLLIN", POLLIN);
    VALUE("LibcSockets.POLLOUT", POLLOUT);
    VALUE("LibcSockets.POLLERR", POLLERR);
    VALUE("LibcSockets.POLLHUP", POLLHUP);
    VALUE("LibcSockets.POLLRDHUP", POLLRDHUP);
    VALUE("LibcSockets.F_DUPFD_CLOEXEC", F_DUPFD_CLOEXEC);
    VALUE("LibcSockets.F_ADD_SEALS", F_ADD_SEALS);
    VALUE("LibcSockets.F_SEAL_SEAL", F_SEAL_SEAL);
    VALUE("LibcSockets.F_SEAL_SHRINK", F_SEAL_SHRINK);
    VALUE("LibcSockets.F_SEAL_GROW", F_SEAL_GROW);
    VALUE("LibcSockets.AT_EMPTY_PATH", AT_EMPTY_PATH);
    VALUE("LibcSockets.STATX_TYPE_MODE_SIZE", STATX_TYPE | STATX_MODE | STATX_SIZE);
    VALUE("LibcSockets.MSGHDR_BYTES", sizeof(struct msghdr));
    VALUE("LibcSockets.MSGHDR_IOV", offsetof(struct msghdr, msg_iov));
    VALUE("LibcSockets.MSGHDR_IOVLEN", offsetof(struct msghdr, msg_iovlen));
    VALUE("LibcSockets.MSGHDR_CONTROL", offsetof(struct msghdr, msg_control));
    VALUE("LibcSockets.MSGHDR_CONTROLLEN", offsetof(struct msghdr, msg_controllen));
    VALUE("LibcSockets.MSGHDR_FLAGS", offsetof(struct msghdr, msg_flags));
    VALUE("LibcSockets.IOVEC_BYTES", sizeof(struct iovec));
    VALUE("LibcSockets.CMSG_LEVEL", offsetof(struct cmsghdr, cmsg_level));
    VALUE("LibcSockets.CMSG_TYPE", offsetof(struct cmsghdr, cmsg_type));
    VALUE("LibcSockets.CMSG_DATA", CMSG_LEN(0));
    VALUE("LibcSockets.SUN_PATH", offsetof(struct sockaddr_un, sun_path));
    VALUE("LibcSockets.SUN_PATH_BYTES", sizeof(((struct sockaddr_un *) 0)->sun_path));
    VALUE("LibcSockets.POLLFD_BYTES", sizeof(struct pollfd));
    VALUE("LibcSockets.POLLFD_EVENTS", offsetof(struct pollfd, events));
    VALUE("LibcSockets.POLLFD_REVENTS", offsetof(struct pollfd, revents));
    VALUE("LibcSockets.STATX_BYTES", sizeof(struct statx));
    VALUE("LibcSockets.STATX_BLKSIZE", offsetof(struct statx, stx_blksize));
    VALUE("LibcSockets.STATX_MODE", offsetof(struct statx, stx_mode));
    VALUE("LibcSockets.STATX_SIZE", offsetof(struct statx, stx_size));
}

static void print_LinuxPci(void)
{
    VALUE("LinuxPci.PCI_COMMAND", PCI_COMMAND);
    VALUE("LinuxPci.PCI_COMMAND_MEMORY", PCI_COMMAND_MEMORY);
    VALUE("LinuxPci.PCI_COMMAND_MASTER", PCI_COMMAND_MASTER);
    VALUE("LinuxPci.PCI_COMMAND_INTX_DISABLE", PCI_COMMAND_INTX_DISABLE);
}

static void print_LinuxVfio(void)
{
    VALUE("LinuxVfio.VFIO_API_VERSION", VFIO_API_VERSION);
    VALUE("LinuxVfio.VFIO_TYPE1V2_IOMMU", VFIO_TYPE1v2_IOMMU);
    VALUE("LinuxVfio.VFIO_NOIOMMU_IOMMU", VFIO_NOIOMMU_IOMMU);
    VALUE("LinuxVfio.VFIO_GET_API_VERSION", VFIO_GET_API_VERSION);
    VALUE("LinuxVfio.VFIO_CHECK_EXTENSION", VFIO_CHECK_EXTENSION);
    VALUE("LinuxVfio.VFIO_SET_IOMMU", VFIO_SET_IOMMU);
    VALUE("LinuxVfio.VFIO_GROUP_GET_STATUS", VFIO_GROUP_GET_STATUS);
    VALUE("LinuxVfio.VFIO_GROUP_SET_CONTAINER", VFIO_GROUP_SET_CONTAINER);
    VALUE("LinuxVfio.VFIO_GROUP_GET_DEVICE_FD", VFIO_GROUP_GET_DEVICE_FD);
    VALUE("LinuxVfio.VFIO_DEVICE_GET_INFO", VFIO_DEVICE_GET_INFO);
    VALUE("LinuxVfio.VFIO_DEVICE_GET_REGION_INFO", VFIO_DEVICE_GET_REGION_INFO);
    VALUE("LinuxVfio.VFIO_DEVICE_GET_IRQ_INFO", VFIO_DEVICE_GET_IRQ_INFO);
    VALUE("LinuxVfio.VFIO_DEVICE_SET_IRQS", VFIO_DEVICE_SET_IRQS);
    VALUE("LinuxVfio.VFIO_DEVICE_RESET", VFIO_DEVICE_RESET);
    VALUE("LinuxVfio.VFIO_IOMMU_GET_INFO", VFIO_IOMMU_GET_INFO);
    VALUE("LinuxVfio.VFIO_IOMMU_MAP_DMA", VFIO_IOMMU_MAP_DMA);
    VALUE("LinuxVfio.VFIO_IOMMU_UNMAP_DMA", VFIO_IOMMU_UNMAP_DMA);
#if defined(VFIO_DEVICE_BIND_IOMMUFD)
    VALUE("LinuxVfio.VFIO_DEVICE_BIND_IOMMUFD", VFIO_DEVICE_BIND_IOMMUFD);
    VALUE("LinuxVfio.VFIO_DEVICE_ATTACH_IOMMUFD_PT", VFIO_DEVICE_ATTACH_IOMMUFD_PT);
#else
    ABSENT("LinuxVfio.VFIO_DEVICE_BIND_IOMMUFD");
    ABSENT("LinuxVfio.VFIO_DEVICE_ATTACH_IOMMUFD_PT");
#endif
    VALUE("LinuxVfio.GroupStatus.ARGSZ_OFFSET", offsetof(struct vfio_group_status, argsz));
    VALUE("LinuxVfio.GroupStatus.FLAGS_OFFSET", offsetof(struct vfio_group_status, flags));
    VALUE("LinuxVfio.GroupStatus.LENGTH", sizeof(struct vfio_group_status));
    VALUE("LinuxVfio.GroupStatus.FLAGS_VIABLE", VFIO_GROUP_FLAGS_VIABLE);
    VALUE("LinuxVfio.DeviceInfo.ARGSZ_OFFSET", offsetof(struct vfio_device_info, argsz));
    VALUE("LinuxVfio.DeviceInfo.FLAGS_OFFSET", offsetof(struct vfio_device_info, flags));
    VALUE("LinuxVfio.DeviceInfo.NUM_REGIONS_OFFSET", offsetof(struct vfio_device_info, num_regions));
    VALUE("LinuxVfio.DeviceInfo.NUM_IRQS_OFFSET", offsetof(struct vfio_device_info, num_irqs));
    VALUE("LinuxVfio.DeviceInfo.CAP_OFFSET_OFFSET", offsetof(struct vfio_device_info, cap_offset));
    VALUE("LinuxVfio.DeviceInfo.LENGTH", EIGHTS(sizeof(struct vfio_device_info)));
    VALUE("LinuxVfio.DeviceInfo.FLAGS_RESET", VFIO_DEVICE_FLAGS_RESET);
    VALUE("LinuxVfio.DeviceInfo.FLAGS_PCI", VFIO_DEVICE_FLAGS_PCI);
    VALUE("LinuxVfio.RegionInfo.ARGSZ_OFFSET", offsetof(struct vfio_region_info, argsz));
    VALUE("LinuxVfio.RegionInfo.FLAGS_OFFSET", offsetof(struct vfio_region_info, flags));
    VALUE("LinuxVfio.RegionInfo.INDEX_OFFSET", offsetof(struct vfio_region_info, index));
    VALUE("LinuxVfio.RegionInfo.CAP_OFFSET_OFFSET", offsetof(struct vfio_region_info, cap_offset));
    VALUE("LinuxVfio.RegionInfo.SIZE_OFFSET", offsetof(struct vfio_region_info, size));
    VALUE("LinuxVfio.RegionInfo.OFFSET_OFFSET", offsetof(struct vfio_region_info, offset));
    VALUE("LinuxVfio.RegionInfo.LENGTH", sizeof(struct vfio_region_info));
    VALUE("LinuxVfio.RegionInfo.FLAG_MMAP", VFIO_REGION_INFO_FLAG_MMAP);
    VALUE("LinuxVfio.RegionInfo.FLAG_CAPS", VFIO_REGION_INFO_FLAG_CAPS);
    VALUE("LinuxVfio.CapHeader.ID_OFFSET", offsetof(struct vfio_info_cap_header, id));
    VALUE("LinuxVfio.CapHeader.VERSION_OFFSET", offsetof(struct vfio_info_cap_header, version));
    VALUE("LinuxVfio.CapHeader.NEXT_OFFSET", offsetof(struct vfio_info_cap_header, next));
    VALUE("LinuxVfio.CapHeader.LENGTH", sizeof(struct vfio_info_cap_header));
    VALUE("LinuxVfio.SparseMmap.ID", VFIO_REGION_INFO_CAP_SPARSE_MMAP);
    VALUE("LinuxVfio.SparseMmap.NR_AREAS_OFFSET", offsetof(struct vfio_region_info_cap_sparse_mmap, nr_areas));
    VALUE("LinuxVfio.SparseMmap.AREAS_OFFSET", offsetof(struct vfio_region_info_cap_sparse_mmap, areas));
    VALUE("LinuxVfio.SparseMmap.AREA_OFFSET_OFFSET", offsetof(struct vfio_region_sparse_mmap_area, offset));
    VALUE("LinuxVfio.SparseMmap.AREA_SIZE_OFFSET", offsetof(struct vfio_region_sparse_mmap_area, size));
    VALUE("LinuxVfio.SparseMmap.AREA_LENGTH", sizeof(struct vfio_region_sparse_mmap_area));
    VALUE("LinuxVfio.IrqInfo.ARGSZ_OFFSET", offsetof(struct vfio_irq_info, argsz));
    VALUE("LinuxVfio.IrqInfo.FLAGS_OFFSET", offsetof(struct vfio_irq_info, flags));
    VALUE("LinuxVfio.IrqInfo.INDEX_OFFSET", offsetof(struct vfio_irq_info, index));
    VALUE("LinuxVfio.IrqInfo.COUNT_OFFSET", offsetof(struct vfio_irq_info, count));
    VALUE("LinuxVfio.IrqInfo.LENGTH", sizeof(struct vfio_irq_info));
    VALUE("LinuxVfio.IrqSet.ARGSZ_OFFSET", offsetof(struct vfio_irq_set, argsz));
    VALUE("LinuxVfio.IrqSet.FLAGS_OFFSET", offsetof(struct vfio_irq_set, flags));
    VALUE("LinuxVfio.IrqSet.INDEX_OFFSET", offsetof(struct vfio_irq_set, index));
    VALUE("LinuxVfio.IrqSet.START_OFFSET", offsetof(struct vfio_irq_set, start));
    VALUE("LinuxVfio.IrqSet.COUNT_OFFSET", offsetof(struct vfio_irq_set, count));
    VALUE("LinuxVfio.IrqSet.DATA_OFFSET", offsetof(struct vfio_irq_set, data));
    VALUE("LinuxVfio.IrqSet.DATA_EVENTFD", VFIO_IRQ_SET_DATA_EVENTFD);
    VALUE("LinuxVfio.IrqSet.ACTION_TRIGGER", VFIO_IRQ_SET_ACTION_TRIGGER);
    VALUE("LinuxVfio.IommuInfo.ARGSZ_OFFSET", offsetof(struct vfio_iommu_type1_info, argsz));
    VALUE("LinuxVfio.IommuInfo.FLAGS_OFFSET", offsetof(struct vfio_iommu_type1_info, flags));
    VALUE("LinuxVfio.IommuInfo.IOVA_PGSIZES_OFFSET", offsetof(struct vfio_iommu_type1_info, iova_pgsizes));
    VALUE("LinuxVfio.IommuInfo.CAP_OFFSET_OFFSET", offsetof(struct vfio_iommu_type1_info, cap_offset));
    VALUE("LinuxVfio.IommuInfo.LENGTH", EIGHTS(sizeof(struct vfio_iommu_type1_info)));
    VALUE("LinuxVfio.IommuInfo.FLAG_PGSIZES", VFIO_IOMMU_INFO_PGSIZES);
    VALUE("LinuxVfio.IommuInfo.FLAG_CAPS", VFIO_IOMMU_INFO_CAPS);
    VALUE("LinuxVfio.IovaRangeCap.ID", VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
    VALUE("LinuxVfio.IovaRangeCap.NR_IOVAS_OFFSET", offsetof(struct vfio_iommu_type1_info_cap_iova_range, nr_iovas));
    VALUE("LinuxVfio.IovaRangeCap.RANGES_OFFSET", offsetof(struct vfio_iommu_type1_info_cap_iova_range, iova_ranges));
    VALUE("LinuxVfio.IovaRangeCap.RANGE_START_OFFSET", offsetof(struct vfio_iova_range, start));
    VALUE("LinuxVfio.IovaRangeCap.RANGE_END_OFFSET", offsetof(struct vfio_iova_range, end));
    VALUE("LinuxVfio.IovaRangeCap.RANGE_LENGTH", sizeof(struct vfio_iova_range));
    VALUE("LinuxVfio.DmaAvailCap.ID", VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL);
    VALUE("LinuxVfio.DmaAvailCap.AVAIL_OFFSET", offsetof(struct vfio_iommu_type1_info_dma_avail, avail));
    VALUE("LinuxVfio.DmaMap.ARGSZ_OFFSET", offsetof(struct vfio_iommu_type1_dma_map, argsz));
    VALUE("LinuxVfio.DmaMap.FLAGS_OFFSET", offsetof(struct vfio_iommu_type1_dma_map, flags));
    VALUE("LinuxVfio.DmaMap.VADDR_OFFSET", offsetof(struct vfio_iommu_type1_dma_map, vaddr));
    VALUE("LinuxVfio.DmaMap.IOVA_OFFSET", offsetof(struct vfio_iommu_type1_dma_map, iova));
    VALUE("LinuxVfio.DmaMap.SIZE_OFFSET", offsetof(struct vfio_iommu_type1_dma_map, size));
    VALUE("LinuxVfio.DmaMap.LENGTH", sizeof(struct vfio_iommu_type1_dma_map));
    VALUE("LinuxVfio.DmaMap.FLAG_READ", VFIO_DMA_MAP_FLAG_READ);
    VALUE("LinuxVfio.DmaMap.FLAG_WRITE", VFIO_DMA_MAP_FLAG_WRITE);
    VALUE("LinuxVfio.DmaUnmap.ARGSZ_OFFSET", offsetof(struct vfio_iommu_type1_dma_unmap, argsz));
    VALUE("LinuxVfio.DmaUnmap.FLAGS_OFFSET", offsetof(struct vfio_iommu_type1_dma_unmap, flags));
    VALUE("LinuxVfio.DmaUnmap.IOVA_OFFSET", offsetof(struct vfio_iommu_type1_dma_unmap, iova));
    VALUE("LinuxVfio.DmaUnmap.SIZE_OFFSET", offsetof(struct vfio_iommu_type1_dma_unmap, size));
    VALUE("LinuxVfio.DmaUnmap.LENGTH", sizeof(struct vfio_iommu_type1_dma_unmap));
#if defined(VFIO_DEVICE_BIND_IOMMUFD)
    VALUE("LinuxVfio.BindIommufd.ARGSZ_OFFSET", offsetof(struct vfio_device_bind_iommufd, argsz));
    VALUE("LinuxVfio.BindIommufd.FLAGS_OFFSET", offsetof(struct vfio_device_bind_iommufd, flags));
    VALUE("LinuxVfio.BindIommufd.IOMMUFD_OFFSET", offsetof(struct vfio_device_bind_iommufd, iommufd));
    VALUE("LinuxVfio.BindIommufd.OUT_DEVID_OFFSET", offsetof(struct vfio_device_bind_iommufd, out_devid));
    VALUE("LinuxVfio.BindIommufd.LENGTH", sizeof(struct vfio_device_bind_iommufd));
    VALUE("LinuxVfio.AttachIommufdPt.ARGSZ_OFFSET", offsetof(struct vfio_device_attach_iommufd_pt, argsz));
    VALUE("LinuxVfio.AttachIommufdPt.FLAGS_OFFSET", offsetof(struct vfio_device_attach_iommufd_pt, flags));
    VALUE("LinuxVfio.AttachIommufdPt.PT_ID_OFFSET", offsetof(struct vfio_device_attach_iommufd_pt, pt_id));
    VALUE("LinuxVfio.AttachIommufdPt.LENGTH", offsetof(struct vfio_device_attach_iommufd_pt, pt_id) + sizeof(__u32));
#else
    ABSENT("LinuxVfio.BindIommufd.ARGSZ_OFFSET");
    ABSENT("LinuxVfio.BindIommufd.FLAGS_OFFSET");
    ABSENT("LinuxVfio.BindIommufd.IOMMUFD_OFFSET");
    ABSENT("LinuxVfio.BindIommufd.OUT_DEVID_OFFSET");
    ABSENT("LinuxVfio.BindIommufd.LENGTH");
    ABSENT("LinuxVfio.AttachIommufdPt.ARGSZ_OFFSET");
    ABSENT("LinuxVfio.AttachIommufdPt.FLAGS_OFFSET");
    ABSENT("LinuxVfio.AttachIommufdPt.PT_ID_OFFSET");
    ABSENT("LinuxVfio.AttachIommufdPt.LENGTH");
#endif
    VALUE("LinuxVfio.VFIO_PCI_BAR0_REGION_INDEX", VFIO_PCI_BAR0_REGION_INDEX);
    VALUE("LinuxVfio.VFIO_PCI_CONFIG_REGION_INDEX", VFIO_PCI_CONFIG_REGION_INDEX);
    VALUE("LinuxVfio.VFIO_PCI_REQ_IRQ_INDEX", VFIO_PCI_REQ_IRQ_INDEX);
}

static void print_LinuxIommufd(void)
{
#if defined(IOMMU_IOAS_ALLOC)
    VALUE("LinuxIommufd.IOMMU_IOAS_ALLOC", IOMMU_IOAS_ALLOC);
    VALUE("LinuxIommufd.IOMMU_IOAS_IOVA_RANGES", IOMMU_IOAS_IOVA_RANGES);
    VALUE("LinuxIommufd.IOMMU_IOAS_MAP", IOMMU_IOAS_MAP);
    VALUE("LinuxIommufd.IOMMU_IOAS_UNMAP", IOMMU_IOAS_UNMAP);
    VALUE("LinuxIommufd.IoasAlloc.SIZE_OFFSET", offsetof(struct iommu_ioas_alloc, size));
    VALUE("LinuxIommufd.IoasAlloc.FLAGS_OFFSET", offsetof(struct iommu_ioas_alloc, flags));
    VALUE("LinuxIommufd.IoasAlloc.OUT_IOAS_ID_OFFSET", offsetof(struct iommu_ioas_alloc, out_ioas_id));
    VALUE("LinuxIommufd.IoasAlloc.LENGTH", sizeof(struct iommu_ioas_alloc));
    VALUE("LinuxIommufd.IovaRanges.SIZE_OFFSET", offsetof(struct iommu_ioas_iova_ranges, size));
    VALUE("LinuxIommufd.IovaRanges.IOAS_ID_OFFSET", offsetof(struct iommu_ioas_iova_ranges, ioas_id));
    VALUE("LinuxIommufd.IovaRanges.NUM_IOVAS_OFFSET", offsetof(struct iommu_ioas_iova_ranges, num_iovas));
    VALUE("LinuxIommufd.IovaRanges.ALLOWED_IOVAS_OFFSET", offsetof(struct iommu_ioas_iova_ranges, allowed_iovas));
    VALUE("LinuxIommufd.IovaRanges.OUT_IOVA_ALIGNMENT_OFFSET",
        offsetof(struct iommu_ioas_iova_ranges, out_iova_alignment));
    VALUE("LinuxIommufd.IovaRanges.LENGTH", sizeof(struct iommu_ioas_iova_ranges));
    VALUE("LinuxIommufd.IovaRanges.RANGE_START_OFFSET", offsetof(struct iommu_iova_range, start));
    VALUE("LinuxIommufd.IovaRanges.RANGE_LAST_OFFSET", offsetof(struct iommu_iova_range, last));
    VALUE("LinuxIommufd.IovaRanges.RANGE_LENGTH", sizeof(struct iommu_iova_range));
    VALUE("LinuxIommufd.IoasMap.SIZE_OFFSET", offsetof(struct iommu_ioas_map, size));
    VALUE("LinuxIommufd.IoasMap.FLAGS_OFFSET", offsetof(struct iommu_ioas_map, flags));
    VALUE("LinuxIommufd.IoasMap.IOAS_ID_OFFSET", offsetof(struct iommu_ioas_map, ioas_id));
    VALUE("LinuxIommufd.IoasMap.USER_VA_OFFSET", offsetof(struct iommu_ioas_map, user_va));
    VALUE("LinuxIommufd.IoasMap.LENGTH_OFFSET", offsetof(struct iommu_ioas_map, length));
    VALUE("LinuxIommufd.IoasMap.IOVA_OFFSET", offsetof(struct iommu_ioas_map, iova));
    VALUE("LinuxIommufd.IoasMap.LENGTH", sizeof(struct iommu_ioas_map));
    VALUE("LinuxIommufd.IoasMap.FIXED_IOVA", IOMMU_IOAS_MAP_FIXED_IOVA);
    VALUE("LinuxIommufd.IoasMap.WRITEABLE", IOMMU_IOAS_MAP_WRITEABLE);
    VALUE("LinuxIommufd.IoasMap.READABLE", IOMMU_IOAS_MAP_READABLE);
    VALUE("LinuxIommufd.IoasUnmap.SIZE_OFFSET", offsetof(struct iommu_ioas_unmap, size));
    VALUE("LinuxIommufd.IoasUnmap.IOAS_ID_OFFSET", offsetof(struct iommu_ioas_unmap, ioas_id));
    VALUE("LinuxIommufd.IoasUnmap.IOVA_OFFSET", offsetof(struct iommu_ioas_unmap, iova));
    VALUE("LinuxIommufd.IoasUnmap.LENGTH_OFFSET", offsetof(struct iommu_ioas_unmap, length));
    VALUE("LinuxIommufd.IoasUnmap.LENGTH", sizeof(struct iommu_ioas_unmap));
#else
    ABSENT("LinuxIommufd.IOMMU_IOAS_ALLOC");
    ABSENT("LinuxIommufd.IOMMU_IOAS_IOVA_RANGES");
    ABSENT("LinuxIommufd.IOMMU_IOAS_MAP");
    ABSENT("LinuxIommufd.IOMMU_IOAS_UNMAP");
    ABSENT("LinuxIommufd.IoasAlloc.SIZE_OFFSET");
    ABSENT("LinuxIommufd.IoasAlloc.FLAGS_OFFSET");
    ABSENT("LinuxIommufd.IoasAlloc.OUT_IOAS_ID_OFFSET");
    ABSENT("LinuxIommufd.IoasAlloc.LENGTH");
    ABSENT("LinuxIommufd.IovaRanges.SIZE_OFFSET");
    ABSENT("LinuxIommufd.IovaRanges.IOAS_ID_OFFSET");
    ABSENT("LinuxIommufd.IovaRanges.NUM_IOVAS_OFFSET");
    ABSENT("LinuxIommufd.IovaRanges.ALLOWED_IOVAS_OFFSET");
    ABSENT("LinuxIommufd.IovaRanges.OUT_IOVA_ALIGNMENT_OFFSET");
    ABSENT("LinuxIommufd.IovaRanges.LENGTH");
    ABSENT("LinuxIommufd.IovaRanges.RANGE_START_OFFSET");
    ABSENT("LinuxIommufd.IovaRanges.RANGE_LAST_OFFSET");
    ABSENT("LinuxIommufd.IovaRanges.RANGE_LENGTH");
    ABSENT("LinuxIommufd.IoasMap.SIZE_OFFSET");
    ABSENT("LinuxIommufd.IoasMap.FLAGS_OFFSET");
    ABSENT("LinuxIommufd.IoasMap.IOAS_ID_OFFSET");
    ABSENT("LinuxIommufd.IoasMap.USER_VA_OFFSET");
    ABSENT("LinuxIommufd.IoasMap.LENGTH_OFFSET");
    ABSENT("LinuxIommufd.IoasMap.IOVA_OFFSET");
    ABSENT("LinuxIommufd.IoasMap.LENGTH");
    ABSENT("LinuxIommufd.IoasMap.FIXED_IOVA");
    ABSENT("LinuxIommufd.IoasMap.WRITEABLE");
    ABSENT("LinuxIommufd.IoasMap.READABLE");
    ABSENT("LinuxIommufd.IoasUnmap.SIZE_OFFSET");
    ABSENT("LinuxIommufd.IoasUnmap.IOAS_ID_OFFSET");
    ABSENT("LinuxIommufd.IoasUnmap.IOVA_OFFSET");
    ABSENT("LinuxIommufd.IoasUnmap.LENGTH_OFFSET");
    ABSENT("LinuxIommufd.IoasUnmap.LENGTH");
#endif
}

static void print_DmaHeap(void)
{
    VALUE("DmaHeap.ALLOCATION_DATA_LENGTH", sizeof(struct dma_heap_allocation_data));
    VALUE("DmaHeap.LEN_OFFSET", offsetof(struct dma_heap_allocation_data, len));
    VALUE("DmaHeap.FD_OFFSET", offsetof(struct dma_heap_allocation_data, fd));
    VALUE("DmaHeap.FD_FLAGS_OFFSET", offsetof(struct dma_heap_allocation_data, fd_flags));
    VALUE("DmaHeap.HEAP_FLAGS_OFFSET", offsetof(struct dma_heap_allocation_data, heap_flags));
    VALUE("DmaHeap.IOCTL_ALLOC", DMA_HEAP_IOCTL_ALLOC);
    VALUE("DmaHeap.IOCTL_SYNC", DMA_BUF_IOCTL_SYNC);
    VALUE("DmaHeap.SYNC_START", DMA_BUF_SYNC_START);
    VALUE("DmaHeap.SYNC_END", DMA_BUF_SYNC_END);
    VALUE("DmaHeap.SYNC_READ", DMA_BUF_SYNC_READ);
    VALUE("DmaHeap.SYNC_WRITE", DMA_BUF_SYNC_WRITE);
}

static void print_NvmePassthrough(void)
{
    VALUE("NvmePassthrough.COMMAND_LENGTH", sizeof(struct nvme_passthru_cmd));
    VALUE("NvmePassthrough.OPCODE_OFFSET", offsetof(struct nvme_passthru_cmd, opcode));
    VALUE("NvmePassthrough.NSID_OFFSET", offsetof(struct nvme_passthru_cmd, nsid));
    VALUE("NvmePassthrough.ADDR_OFFSET", offsetof(struct nvme_passthru_cmd, addr));
    VALUE("NvmePassthrough.DATA_LEN_OFFSET", offsetof(struct nvme_passthru_cmd, data_len));
    VALUE("NvmePassthrough.CDW10_OFFSET", offsetof(struct nvme_passthru_cmd, cdw10));
    VALUE("NvmePassthrough.TIMEOUT_OFFSET", offsetof(struct nvme_passthru_cmd, timeout_ms));
    VALUE("NvmePassthrough.RESULT_OFFSET", offsetof(struct nvme_passthru_cmd, result));
    VALUE("NvmePassthrough.IOCTL_ADMIN_CMD", NVME_IOCTL_ADMIN_CMD);
}

static void print_Errno(void)
{
    VALUE("Errno.EPERM", EPERM);
    VALUE("Errno.ENOENT", ENOENT);
    VALUE("Errno.EINTR", EINTR);
    VALUE("Errno.EIO", EIO);
    VALUE("Errno.EBADF", EBADF);
    VALUE("Errno.EAGAIN", EAGAIN);
    VALUE("Errno.ENOMEM", ENOMEM);
    VALUE("Errno.EACCES", EACCES);
    VALUE("Errno.EFAULT", EFAULT);
    VALUE("Errno.EBUSY", EBUSY);
    VALUE("Errno.EEXIST", EEXIST);
    VALUE("Errno.ENODEV", ENODEV);
    VALUE("Errno.EINVAL", EINVAL);
    VALUE("Errno.ENOTTY", ENOTTY);
    VALUE("Errno.ENOSPC", ENOSPC);
    VALUE("Errno.EROFS", EROFS);
    VALUE("Errno.EPIPE", EPIPE);
    VALUE("Errno.ENAMETOOLONG", ENAMETOOLONG);
    VALUE("Errno.ENOSYS", ENOSYS);
    VALUE("Errno.EMSGSIZE", EMSGSIZE);
    VALUE("Errno.EOPNOTSUPP", EOPNOTSUPP);
    VALUE("Errno.EADDRINUSE", EADDRINUSE);
    VALUE("Errno.ECONNABORTED", ECONNABORTED);
    VALUE("Errno.ECONNRESET", ECONNRESET);
    VALUE("Errno.ETIMEDOUT", ETIMEDOUT);
    VALUE("Errno.ECONNREFUSED", ECONNREFUSED);
    VALUE("Errno.EHWPOISON", EHWPOISON);
}

int main(void)
{
    print_Libc();
    print_LibcSockets();
    print_LinuxPci();
    print_LinuxVfio();
    print_LinuxIommufd();
    print_DmaHeap();
    print_NvmePassthrough();
    print_Errno();
    return 0;
}

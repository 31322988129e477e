package io.ringvault.sys;

/**
 * One device opened through VFIO, with an I/O address space of its own. Two ways lead here: {@link VfioGroup}
 * (container and group) and {@link VfioCdev} (iommufd and the device's own node).
 *
 * <p>Control plane, one thread at a time.
 */
public interface VfioAccess extends AutoCloseable {

    /** The device. */
    VfioDevice device();

    /** What can be mapped; null without an IOMMU. */
    IoAddressSpace addressSpace();

    /**
     * Lets the device reach memory, which the kernel pins.
     *
     * @param address     of the memory in this process
     * @param ioAddress   at which the device sees it
     * @param lengthBytes a multiple of {@link IoAddressSpace#unitBytes()}, as both addresses are
     * @throws NativeIoException ENOMEM when the limit on locked memory is reached, EEXIST for a range in use
     */
    void map(long address, long ioAddress, long lengthBytes) throws NativeIoException;

    /** Takes a mapping back, exactly as it was made. */
    void unmap(long ioAddress, long lengthBytes) throws NativeIoException;

    /** Closes the device first, then what it was reached through; the kernel takes back what is still mapped. */
    @Override
    void close();
}

package io.ringvault.block;

/** Opens devices of one URI scheme. Found through {@link java.util.ServiceLoader}. Control plane only. */
public interface BlockDeviceProvider {

    /** The scheme without colon, for example {@code nvme+model}. */
    String scheme();

    /**
     * Opens an existing device.
     *
     * @throws StorageException CONFIGURATION for a bad URI or a device in use, IO when it cannot be opened
     */
    BlockDevice open(DeviceUri uri, OpenMode mode);

    /** Whether {@link #create} can make a device of a wanted size (a file or memory) rather than use one as it is. */
    boolean creatable();

    /**
     * Creates the backing of a device, or grows an existing one, to at least {@code sizeBytes}. Existing content stays.
     *
     * @throws StorageException CONFIGURATION when this kind of device has a size of its own
     */
    void create(DeviceUri uri, long sizeBytes);
}

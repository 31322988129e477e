package io.ringvault.nvme.vfiouser;

import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.NvmeTransport;
import io.ringvault.sys.Errno;
import io.ringvault.sys.NativeDescriptor;
import io.ringvault.sys.NativeIoException;
import io.ringvault.sys.NativeMapping;
import io.ringvault.sys.NativeMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Reaches a controller in another process: registers by messages, doorbells through a mapped page, DMA memory in
 * regions that were passed over.
 *
 * <p>A server takes up to a millisecond for a message, so queues' owners never send one: a thread of this class reads
 * CSTS ten times a second and sees at once when the server closes or dies; {@link #status()} is what it saw. When the
 * connection has ended, for whatever reason, every register reads as all ones, as if the device had been pulled out,
 * and {@link #lossReason()} says why.
 *
 * <p>Security: the server reaches the regions of DMA memory, which hold ciphertext and queues, and nothing else of this
 * process. It can stop answering, or shrink the file behind the doorbells, which ends in an {@link InternalError} in
 * the thread that rings; it cannot make the driver read or write elsewhere.
 */
public final class VfioUserTransport implements NvmeTransport {
    private static final int CSTS = 0x1C;
    private static final int GONE = -1;
    private static final int PCI_COMMAND = 4;
    private static final int BUS_MASTER_AND_NO_INTX = 0x404;
    private static final int REGION_REPLY_BYTES = 4096;
    private static final long WATCH_MS = 100;
    private static final long LARGEST_RELAY_BYTES = 64 << 10;
    private static final Runnable NOTHING = () -> { };
    private static final String HELLO =
        "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576}}\0";

    private final String uri;
    private final VfioUserConnection connection;
    private final DmaRegions regions;
    private final Arena arena = Arena.ofShared();
    private final Thread watcher;
    private NativeMapping mapping;
    private MemorySegment doorbells;
    private Runnable onPoll = NOTHING;
    private boolean closed;
    private volatile boolean closing;
    private volatile int status;

    private VfioUserTransport(final String uri, final VfioUserOptions options, final VfioUserConnection connection)
        throws IOException {
        this.uri = uri;
        this.connection = connection;
        this.regions = new DmaRegions(options.regionBytes(), options.pages(), this::map);
        this.watcher = Thread.ofPlatform().name("ringvault-vfio-user-watch").daemon(true).unstarted(this::watch);
        try {
            agreeOnVersion();
            checkDevice();
            mapDoorbells();
            regions.open();
            disableInterrupts();
        } catch (final IOException | RuntimeException failed) {
            releaseAll();
            throw failed;
        }
        watcher.start();
    }

    /**
     * Connects to the server whose directory the URI names, and prepares everything short of the controller itself.
     *
     * @throws StorageException CONFIGURATION when nobody serves there, or the server serves somebody else; IO when it
     *                          breaks the protocol
     */
    public static VfioUserTransport open(final DeviceUri uri) {
        final VfioUserOptions options = VfioUserOptions.parse(uri);
        VfioUserConnection connection = null;
        try {
            connection = VfioUserConnection.connect(options.socket(), options.timeoutMs());
            return new VfioUserTransport(uri.text(), options, connection);
        } catch (final IOException failed) {
            if (connection != null) {
                connection.close();
            }
            throw failure(uri, options, failed);
        }
    }

    private static StorageException failure(final DeviceUri uri, final VfioUserOptions options,
        final IOException cause) {
        final int errno = cause instanceof final NativeIoException known ? known.errno() : 0;
        final String prefix = "device '" + uri.text() + "': ";
        final String text = cause.getMessage();
        if (errno == Errno.ENOENT || errno == Errno.EACCES || errno == Errno.ECONNREFUSED) {
            return new StorageException(StorageException.Category.CONFIGURATION, prefix + "no vfio-user server at "
                + options.socket() + " (" + text + "); start one, or correct the directory", cause);
        }
        if (errno == Errno.ETIMEDOUT) {
            return new StorageException(StorageException.Category.CONFIGURATION, prefix + "the server does not answer"
                + " within " + options.timeoutMs() + " ms; it serves one client at a time, so another may be attached"
                + " (" + text + ")", cause);
        }
        return new StorageException(StorageException.Category.IO, prefix + text, cause);
    }

    private void agreeOnVersion() throws IOException {
        final byte[] text = HELLO.getBytes(StandardCharsets.US_ASCII);
        final MemorySegment reply = connection.exchange(VfioUserWire.VERSION, VfioUserWire.VERSION_BYTES + text.length,
            payload -> {
                payload.set(VfioUserWire.U16, 0, (short) VfioUserWire.MAJOR);
                payload.set(VfioUserWire.U16, 2, (short) VfioUserWire.MINOR);
                MemorySegment.copy(MemorySegment.ofArray(text), 0, payload, VfioUserWire.VERSION_BYTES, text.length);
            }, VfioUserWire.VERSION_BYTES, VfioUserWire.VERSION_BYTES + CapabilityText.MAX_BYTES, null);
        final int major = reply.get(VfioUserWire.U16, 0) & 0xFFFF;
        final int minor = reply.get(VfioUserWire.U16, 2) & 0xFFFF;
        if (major != VfioUserWire.MAJOR || minor > VfioUserWire.MINOR) {
            throw new IOException("the server speaks vfio-user " + major + "." + minor + "; " + VfioUserWire.MAJOR
                + "." + VfioUserWire.MINOR + " was offered");
        }
        final long length = reply.byteSize() - VfioUserWire.VERSION_BYTES;
        if (length == 0) {
            return;
        }
        final byte[] bytes = reply.asSlice(VfioUserWire.VERSION_BYTES).toArray(
            java.lang.foreign.ValueLayout.JAVA_BYTE);
        if (bytes[bytes.length - 1] != 0) {
            throw new IOException("the server's capabilities do not end with a NUL");
        }
        final Map<String, Object> capabilities =
            CapabilityText.parse(new String(bytes, 0, bytes.length - 1, StandardCharsets.UTF_8));
        if (capabilities.getOrDefault("capabilities.max_msg_fds", 1L) instanceof final Long most && most < 1) {
            throw new IOException("the server takes no descriptors with a message (max_msg_fds " + most
                + "), so it could not reach any memory");
        }
    }

    private void checkDevice() throws IOException {
        final MemorySegment info = connection.exchange(VfioUserWire.GET_INFO, VfioUserWire.INFO_BYTES,
            payload -> payload.set(VfioUserWire.U32, VfioUserWire.ARGSZ, VfioUserWire.INFO_BYTES),
            VfioUserWire.INFO_BYTES, VfioUserConnection.PAYLOAD_BYTES, null);
        final int flags = info.get(VfioUserWire.U32, VfioUserWire.ARG_FLAGS);
        final int count = info.get(VfioUserWire.U32, VfioUserWire.INFO_REGIONS);
        if ((flags & VfioUserWire.DEVICE_PCI) == 0 || count <= VfioUserWire.REGION_CONFIG) {
            throw new IOException("the server's device is no PCI device: flags 0x" + Integer.toHexString(flags) + ", "
                + count + " regions");
        }
    }

    private void mapDoorbells() throws IOException {
        final List<NativeDescriptor> descriptors = new ArrayList<>();
        try {
            final MemorySegment reply = connection.exchange(VfioUserWire.GET_REGION_INFO,
                VfioUserWire.REGION_INFO_BYTES, payload -> {
                    payload.set(VfioUserWire.U32, VfioUserWire.ARGSZ, REGION_REPLY_BYTES);
                    payload.set(VfioUserWire.U32, VfioUserWire.INDEX, VfioUserWire.REGION_BAR0);
                }, VfioUserWire.REGION_INFO_BYTES, REGION_REPLY_BYTES, descriptors);
            final RegionInfo info = RegionInfo.parse(reply);
            if (!info.mappable()) {
                relayDoorbells(info);
                return;
            }
            if (descriptors.size() != 1 || !descriptors.getFirst().isRegularFile()) {
                throw new IOException("GET_REGION_INFO: BAR0 can be mapped, but " + (descriptors.isEmpty()
                    ? "no descriptor came" : "the descriptor is not memory"));
            }
            mapping = NativeMapping.map(descriptors.getFirst(), info.fileOffset(), info.mapBytes(), true);
            doorbells = mapping.segment();
        } finally {
            descriptors.forEach(NativeDescriptor::close);
        }
    }

    private void relayDoorbells(final RegionInfo info) {
        final long bytes = Math.min(info.sizeBytes() - RegionInfo.DOORBELLS, LARGEST_RELAY_BYTES) & -Long.BYTES;
        doorbells = arena.allocate(bytes, 4096);
        onPoll = new DoorbellRelay(connection, doorbells, arena.allocate(bytes, 4096))::run;
    }

    private void map(final NativeMemory memory, final long address) throws IOException {
        connection.exchange(VfioUserWire.DMA_MAP, VfioUserWire.DMA_MAP_BYTES, payload -> {
            payload.set(VfioUserWire.U32, VfioUserWire.ARGSZ, VfioUserWire.DMA_MAP_BYTES);
            payload.set(VfioUserWire.U32, VfioUserWire.ARG_FLAGS, VfioUserWire.MAP_READ | VfioUserWire.MAP_WRITE);
            payload.set(VfioUserWire.U64, VfioUserWire.MAP_ADDRESS, address);
            payload.set(VfioUserWire.U64, VfioUserWire.MAP_SIZE, memory.mappedBytes());
        }, 0, 0, null, memory.descriptor());
    }

    /** A polling client must say so: SPDK's target reports a fatal state when an interrupt finds no receiver. */
    private void disableInterrupts() throws IOException {
        final int before = (int) access(VfioUserWire.REGION_CONFIG, PCI_COMMAND, Short.BYTES);
        set(VfioUserWire.REGION_CONFIG, PCI_COMMAND, Short.BYTES, before | BUS_MASTER_AND_NO_INTX);
        final int after = (int) access(VfioUserWire.REGION_CONFIG, PCI_COMMAND, Short.BYTES);
        if ((after & BUS_MASTER_AND_NO_INTX) != BUS_MASTER_AND_NO_INTX) {
            throw new IOException("the PCI command register reads 0x" + Integer.toHexString(after)
                + " after bus mastering was enabled and INTx disabled; a polling driver needs both");
        }
    }

    private long access(final int region, final long offset, final int bytes) throws IOException {
        final int length = VfioUserWire.REGION_ACCESS_BYTES + bytes;
        final MemorySegment reply = connection.exchange(VfioUserWire.REGION_READ, VfioUserWire.REGION_ACCESS_BYTES,
            payload -> where(payload, region, offset, bytes), length, length, null);
        checkEcho("read", reply, region, offset, bytes);
        return switch (bytes) {
            case Short.BYTES -> reply.get(VfioUserWire.U16, VfioUserWire.ACCESS_DATA) & 0xFFFF;
            case Integer.BYTES -> reply.get(VfioUserWire.U32, VfioUserWire.ACCESS_DATA);
            default -> reply.get(VfioUserWire.U64, VfioUserWire.ACCESS_DATA);
        };
    }

    private void set(final int region, final long offset, final int bytes, final long value) throws IOException {
        final MemorySegment reply = connection.exchange(VfioUserWire.REGION_WRITE,
            VfioUserWire.REGION_ACCESS_BYTES + bytes, payload -> {
                where(payload, region, offset, bytes);
                switch (bytes) {
                    case Short.BYTES -> payload.set(VfioUserWire.U16, VfioUserWire.ACCESS_DATA, (short) value);
                    case Integer.BYTES -> payload.set(VfioUserWire.U32, VfioUserWire.ACCESS_DATA, (int) value);
                    default -> payload.set(VfioUserWire.U64, VfioUserWire.ACCESS_DATA, value);
                }
            }, VfioUserWire.REGION_ACCESS_BYTES, VfioUserWire.REGION_ACCESS_BYTES, null);
        checkEcho("write", reply, region, offset, bytes);
    }

    private static void where(final MemorySegment payload, final int region, final long offset, final int bytes) {
        payload.set(VfioUserWire.U64, VfioUserWire.ACCESS_OFFSET, offset);
        payload.set(VfioUserWire.U32, VfioUserWire.ACCESS_REGION, region);
        payload.set(VfioUserWire.U32, VfioUserWire.ACCESS_COUNT, bytes);
    }

    private void checkEcho(final String what, final MemorySegment reply, final int region, final long offset,
        final int bytes) throws IOException {
        if (reply.get(VfioUserWire.U64, VfioUserWire.ACCESS_OFFSET) != offset
            || reply.get(VfioUserWire.U32, VfioUserWire.ACCESS_REGION) != region
            || reply.get(VfioUserWire.U32, VfioUserWire.ACCESS_COUNT) != bytes) {
            connection.lose("the answer to the " + what + " of region " + region + " at 0x" + Long.toHexString(offset)
                + " speaks of another place");
            throw new IOException(connection.gone());
        }
    }

    private void watch() {
        try {
            while (!closing && connection.gone().isEmpty()) {
                if (connection.awaitHangUp(WATCH_MS)) {
                    connection.lose("the server closed the connection");
                } else {
                    look();
                }
            }
        } catch (final IOException failed) {
            connection.lose("CSTS cannot be read: " + failed.getMessage());
        }
    }

    /** Under the connection's lock, so that an older look never replaces a newer one. */
    private int look() throws IOException {
        synchronized (connection) {
            status = (int) access(VfioUserWire.REGION_BAR0, CSTS, Integer.BYTES);
            return status;
        }
    }

    /** Why the connection ended; empty while it works. Any thread. */
    public String lossReason() {
        return connection.gone();
    }

    /** Regions of DMA memory mapped so far. */
    synchronized int dmaRegions() {
        return regions.count();
    }

    @Override
    public int status() {
        return connection.gone().isEmpty() ? status : GONE;
    }

    @Override
    public int read32(final int offset) {
        return (int) register(offset, Integer.BYTES);
    }

    @Override
    public long read64(final int offset) {
        return register(offset, Long.BYTES);
    }

    private long register(final int offset, final int bytes) {
        try {
            return offset == CSTS ? look() : access(VfioUserWire.REGION_BAR0, offset, bytes);
        } catch (final IOException failed) {
            connection.lose(failed.getMessage());
            return GONE;
        }
    }

    @Override
    public void write32(final int offset, final int value) {
        register(offset, Integer.BYTES, value);
    }

    @Override
    public void write64(final int offset, final long value) {
        register(offset, Long.BYTES, value);
    }

    private void register(final int offset, final int bytes, final long value) {
        try {
            set(VfioUserWire.REGION_BAR0, offset, bytes, value);
        } catch (final IOException failed) {
            connection.lose(failed.getMessage());
        }
    }

    @Override
    public MemorySegment doorbells() {
        return doorbells;
    }

    @Override
    public synchronized DmaBuffer allocate(final long lengthBytes) {
        try {
            return regions.allocate(lengthBytes);
        } catch (final IOException failed) {
            throw new StorageException(StorageException.Category.IO, "device '" + uri + "': " + lengthBytes
                + " bytes of DMA memory: " + failed.getMessage(), failed);
        }
    }

    @Override
    public Runnable onPoll() {
        return onPoll;
    }

    @Override
    public boolean inline() {
        return false;
    }

    @Override
    public String isolation() {
        return "process";
    }

    private void releaseAll() {
        connection.close();
        if (mapping != null) {
            mapping.close();
        }
        regions.close();
        arena.close();
    }

    /** Closes the connection, upon which the server drops the mappings; then unmaps here. Also with a dead server. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        closing = true;
        connection.lose("closed here");
        boolean interrupted = false;
        while (watcher.isAlive()) {
            try {
                watcher.join();
            } catch (final InterruptedException again) {
                interrupted = true;
            }
        }
        releaseAll();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

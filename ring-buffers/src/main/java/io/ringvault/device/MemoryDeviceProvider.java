package io.ringvault.device;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDeviceProvider;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.OpenMode;
import io.ringvault.block.Sizes;
import io.ringvault.block.StorageException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code mem:SIZE?volatile=true&block=512&name=NAME}. Without a name every opening gives a new empty device; a named
 * one keeps its
 * content for the life of the process and can be opened again, once at a time.
 */
public final class MemoryDeviceProvider implements BlockDeviceProvider {
    private static final Map<String, Named> NAMED = new HashMap<>();

    private static final class Named {
        private final MemoryBlockDevice.Content content;
        private boolean open;

        private Named(final long sizeBytes) {
            content = new MemoryBlockDevice.Content(sizeBytes);
        }
    }

    @Override
    public String scheme() {
        return "mem";
    }

    @Override
    public BlockDevice open(final DeviceUri uri, final OpenMode mode) {
        UriParameters.known(uri, List.of("volatile", "block", "name"));
        final int block = UriParameters.blockSizeBytes(uri);
        final boolean volatileCache = UriParameters.flag(uri, "volatile");
        final boolean readOnly = mode == OpenMode.READ_ONLY;
        final long size = size(uri, block);
        final String name = uri.parameters().get("name");
        if (name == null) {
            return new MemoryBlockDevice(uri.text(), new MemoryBlockDevice.Content(size), volatileCache, readOnly,
                block,
                () -> { });
        }
        synchronized (NAMED) {
            final Named named = NAMED.computeIfAbsent(name, key -> new Named(size));
            if (named.open) {
                throw StorageException.configuration("device '" + uri.text() + "' is in use; close it first");
            }
            if (named.content.sizeBytes() != size) {
                throw StorageException.configuration("device '" + uri.text() + "' exists with "
                    + Sizes.format(named.content.sizeBytes()) + "; open it with that size");
            }
            named.open = true;
            return new MemoryBlockDevice(uri.text(), named.content, volatileCache, readOnly, block, () ->
                release(named));
        }
    }

    private static void release(final Named named) {
        synchronized (NAMED) {
            named.open = false;
        }
    }

    private static long size(final DeviceUri uri, final int block) {
        final long size = Sizes.parse(uri.path());
        if (size <= 0 || size % block != 0) {
            throw StorageException.configuration("device '" + uri.text() + "': " + size
                + " bytes are not whole blocks of " + block);
        }
        return size;
    }

    /** The size is in the URI. */
    @Override
    public boolean creatable() {
        return false;
    }

    @Override
    public void create(final DeviceUri uri, final long sizeBytes) {
        throw StorageException.configuration("device '" + uri.text() + "' has the size that its URI says; write mem:"
            + Sizes.format(sizeBytes));
    }
}

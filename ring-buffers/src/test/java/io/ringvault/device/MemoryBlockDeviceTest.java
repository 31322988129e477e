package io.ringvault.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockDevices;
import io.ringvault.block.BlockQueue;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import org.junit.jupiter.api.Test;

class MemoryBlockDeviceTest {

    @Test
    void shouldKeepThePortsRules() {
        try (BlockDevice device = BlockDevices.open("mem:3M", OpenMode.READ_WRITE)) {
            assertEquals(3 << 20, device.sizeBytes());
            assertFalse(device.volatileCache());
            PortContract.behavesLikeAnArray(device, Long.getLong("seed", 1));
            PortContract.keepsTheQueueRules(device);
        }
        try (BlockDevice device = BlockDevices.open("mem:1M?volatile=true&block=512", OpenMode.READ_ONLY)) {
            assertTrue(device.volatileCache());
            assertEquals(512, device.blockSizeBytes());
            PortContract.refusesChanges(device);
        }
    }

    @Test
    void shouldKeepNamedContentAndAdmitOneOpenerAtATime() {
        final byte[] one = new byte[1];
        try (BlockDevice device = BlockDevices.open("mem:1M?name=kept", OpenMode.READ_WRITE)) {
            final BlockQueue queue = device.openQueue(1);
            final DmaBuffer buffer = device.allocate(4096);
            buffer.copyIn(new byte[] {42}, 0, 0, 1);
            queue.write(1, 8192, 4096, buffer, 0, false);
            PortContract.finish(queue);
            final StorageException inUse = assertThrows(StorageException.class,
                () -> BlockDevices.open("mem:1M?name=kept", OpenMode.READ_WRITE));
            assertTrue(inUse.getMessage().contains("in use"), inUse.getMessage());
        }
        assertThrows(StorageException.class, () -> BlockDevices.open("mem:2M?name=kept", OpenMode.READ_WRITE));
        try (BlockDevice device = BlockDevices.open("mem:1M?name=kept", OpenMode.READ_WRITE)) {
            final BlockQueue queue = device.openQueue(1);
            final DmaBuffer buffer = device.allocate(4096);
            queue.read(1, 8192, 4096, buffer, 0);
            PortContract.finish(queue);
            buffer.copyOut(0, one, 0, 1);
            assertEquals(42, one[0]);
        }
    }

    @Test
    void shouldRefuseBadUrisByName() {
        for (final String wrong : new String[] {"mem:", "mem:0", "mem:1000", "mem:1M?volatile=yes", "mem:1M?block=1024",
            "mem:1M?colour=red"}) {
            final StorageException thrown =
                assertThrows(StorageException.class, () -> BlockDevices.open(wrong, OpenMode.READ_WRITE), wrong);
            assertEquals(StorageException.Category.CONFIGURATION, thrown.category());
        }
        final MemoryDeviceProvider provider = new MemoryDeviceProvider();
        assertFalse(provider.creatable());
        assertThrows(StorageException.class, () -> provider.create(DeviceUri.parse("mem:1M"), 1 << 20));
    }
}

package io.ringvault.nvme;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.BlockStatus;
import io.ringvault.block.DeviceUri;
import io.ringvault.block.DmaBuffer;
import io.ringvault.block.OpenMode;
import io.ringvault.block.StorageException;
import io.ringvault.nvme.model.ModelEndpoint;
import io.ringvault.nvme.model.NvmeModelProvider;
import io.ringvault.nvme.vfiouser.VfioUserTransport;
import io.ringvault.nvme.vfiouser.server.ServerLimits;
import io.ringvault.nvme.vfiouser.server.VfioUserServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The whole driver through a socket, against the controller model in a server. */
class DriverOverVfioUserTest {
    private static final int DEVICE_BYTES = 8 << 20;
    private static final int SLOTS = 8;
    private static final int SLOT_BYTES = 2 << 20;

    @TempDir
    private Path folder;
    private final Map<Long, Integer> done = new HashMap<>();
    private long tokens;

    private ModelEndpoint endpoint(final String parameters) {
        final DeviceUri uri = DeviceUri.parse("nvme+model:" + folder.resolve("image")
            + (parameters.isEmpty() ? "" : "?" + parameters));
        new NvmeModelProvider().create(uri, DEVICE_BYTES);
        return ModelEndpoint.open(uri, OpenMode.READ_WRITE);
    }

    private VfioUserServer serve(final ModelEndpoint endpoint, final boolean mappable) {
        return VfioUserServer.start(folder.resolve("endpoint"), endpoint, new ServerLimits(5_000, 5_000, mappable),
            line -> { });
    }

    private NvmeBlockDevice open(final VfioUserServer server, final NvmeOptions options) {
        return NvmeBlockDevice.open(server.uri(), VfioUserTransport.open(DeviceUri.parse(server.uri() + "?dma=4M")),
            OpenMode.READ_WRITE, options);
    }

    private void drain(final NvmeBlockQueue queue) {
        queue.submit();
        final long deadline = System.nanoTime() + 60_000_000_000L;
        while (queue.inFlight() > 0) {
            queue.poll((token, status) -> assertEquals(null, done.put(token, status)), 64);
            assertTrue(System.nanoTime() < deadline, queue.inFlight() + " requests never completed");
        }
    }

    @ParameterizedTest
    @CsvSource({"'',true", "block=512&mdts=8k,true", "mqes=2&mdts=16k,true", "dstrd=4&mdts=8k,true",
        "cache=1m&block=512,true", "zeroes=off&deallocate=off&mdts=32k,true", "mdts=16k,false", "mqes=3&dstrd=2,false"})
    void shouldReadBackWhatWasWrittenWhenSizesAndOffsetsAreRandom(final String parameters, final boolean mappable) {
        final long seed = Long.getLong("seed", System.nanoTime());
        try (ModelEndpoint endpoint = endpoint(parameters); VfioUserServer server = serve(endpoint, mappable);
            NvmeBlockDevice device = open(server, NvmeOptions.DEFAULTS)) {
            assertEquals("process", device.isolation());
            randomWorkload(device, new Random(seed), mappable ? 25 : 8);
        } catch (final AssertionError | RuntimeException failed) {
            throw new AssertionError("-Dseed=" + seed + " with '" + parameters + "'", failed);
        }
    }

    private void randomWorkload(final NvmeBlockDevice device, final Random random, final int rounds) {
        final byte[] expected = new byte[DEVICE_BYTES];
        final int block = device.blockSizeBytes();
        final DmaBuffer arena = device.allocate((long) SLOTS * SLOT_BYTES);
        try (NvmeBlockQueue queue = device.openQueue(16)) {
            for (int round = 0; round < rounds; round++) {
                final List<Runnable> checks = new ArrayList<>();
                final int requests = 1 + random.nextInt(SLOTS);
                for (int slot = 0; slot < requests; slot++) {
                    final int share = DEVICE_BYTES / requests / block * block;
                    final int most = Math.min(share, SLOT_BYTES / 2) / block;
                    final int length = block * (1 + random.nextInt(random.nextBoolean() ? Math.min(16, most) : most));
                    final int offset = slot * share + block * random.nextInt((share - length) / block + 1);
                    final long at = (long) slot * SLOT_BYTES + 4096L * random.nextInt(32);
                    final byte[] bytes = new byte[length];
                    switch (random.nextInt(8)) {
                        case 0, 1, 2 -> {
                            random.nextBytes(bytes);
                            arena.copyIn(bytes, 0, at, length);
                            System.arraycopy(bytes, 0, expected, offset, length);
                            assertTrue(queue.write(tokens++, offset, length, arena, at, random.nextInt(20) == 0));
                        }
                        case 3 -> {
                            Arrays.fill(expected, offset, offset + length, (byte) 0);
                            assertTrue(queue.writeZeroes(tokens++, offset, length));
                        }
                        case 4 -> assertTrue(queue.flush(tokens++));
                        default -> {
                            assertTrue(queue.read(tokens++, offset, length, arena, at));
                            checks.add(() -> {
                                arena.copyOut(at, bytes, 0, length);
                                assertArrayEquals(Arrays.copyOfRange(expected, offset, offset + length), bytes);
                            });
                        }
                    }
                }
                drain(queue);
                done.values().forEach(status -> assertEquals(BlockStatus.OK, status, BlockStatus.describe(status)));
                assertEquals(requests, done.size());
                done.clear();
                checks.forEach(Runnable::run);
            }
        }
    }

    @Test
    void shouldMakeQueuesAnewOnOneConnectionAndFindTheDataOnTheNext() {
        try (ModelEndpoint endpoint = endpoint(""); VfioUserServer server = serve(endpoint, false)) {
            for (int connect = 0; connect < 3; connect++) {
                try (NvmeBlockDevice device = open(server, NvmeOptions.DEFAULTS)) {
                    final DmaBuffer buffer = device.allocate(4096);
                    for (int round = 0; round < 3; round++) {
                        try (NvmeBlockQueue queue = device.openQueue(4)) {
                            final byte[] found = new byte[1];
                            assertTrue(queue.read(tokens++, 4096, 4096, buffer, 0));
                            drain(queue);
                            buffer.copyOut(0, found, 0, 1);
                            assertEquals(connect * 3 + round, found[0]);
                            buffer.segment().fill((byte) (connect * 3 + round + 1));
                            assertTrue(queue.write(tokens++, 4096, 4096, buffer, 0, true));
                            drain(queue);
                        }
                    }
                }
            }
            done.values().forEach(status -> assertEquals(BlockStatus.OK, status));
            assertEquals(3, server.clients());
        }
    }

    @Test
    void shouldSayThatTheControllerIsGoneWhenTheServerEnds() {
        try (ModelEndpoint endpoint = endpoint(""); VfioUserServer server = serve(endpoint, true)) {
            final NvmeBlockDevice device = open(server, NvmeOptions.DEFAULTS);
            final NvmeBlockQueue queue = device.openQueue(4);
            final DmaBuffer buffer = device.allocate(4096);
            assertTrue(queue.read(1, 0, 4096, buffer, 0));
            drain(queue);
            server.close();
            assertTrue(queue.read(2, 0, 4096, buffer, 0));
            drain(queue);
            assertEquals(BlockStatus.OK, done.get(1L));
            assertEquals(BlockStatus.ORIGIN_DRIVER, BlockStatus.origin(done.get(2L)));
            assertEquals(BlockStatus.DRIVER_GONE, BlockStatus.code(done.get(2L)), BlockStatus.describe(done.get(2L)));
            queue.close();
            device.close();
            assertThrows(StorageException.class, () -> open(server, NvmeOptions.DEFAULTS).close());
        }
    }

    @Test
    void shouldDriveTwoQueuesOfTwoThreadsAtOnce() throws Exception {
        try (ModelEndpoint endpoint = endpoint("mdts=16k"); VfioUserServer server = serve(endpoint, true);
            NvmeBlockDevice device = open(server, NvmeOptions.DEFAULTS)) {
            final List<java.util.concurrent.FutureTask<Void>> tasks = new ArrayList<>();
            for (int half = 0; half < 2; half++) {
                final int mine = half;
                final java.util.concurrent.FutureTask<Void> task = new java.util.concurrent.FutureTask<>(() -> {
                    overwrite(device, mine);
                    return null;
                });
                tasks.add(task);
                Thread.ofPlatform().start(task);
            }
            for (final java.util.concurrent.FutureTask<Void> task : tasks) {
                task.get();
            }
        }
    }

    private static void overwrite(final NvmeBlockDevice device, final int half) {
        final DmaBuffer buffer = device.allocate(128 << 10);
        final byte[] found = new byte[64 << 10];
        try (NvmeBlockQueue queue = device.openQueue(4)) {
            for (int round = 0; round < 100; round++) {
                final long at = half * (DEVICE_BYTES / 2L) + (round % 50) * 65536L;
                final byte[] bytes = new byte[64 << 10];
                Arrays.fill(bytes, (byte) (round + 128 * half));
                buffer.copyIn(bytes, 0, 0, bytes.length);
                finish(queue, queue.write(1, at, bytes.length, buffer, 0, false));
                finish(queue, queue.read(2, at, bytes.length, buffer, 64 << 10));
                buffer.copyOut(64 << 10, found, 0, found.length);
                assertArrayEquals(bytes, found);
            }
        }
    }

    private static void finish(final NvmeBlockQueue queue, final boolean accepted) {
        assertTrue(accepted);
        queue.submit();
        while (queue.inFlight() > 0) {
            queue.poll((token, status) -> assertEquals(BlockStatus.OK, status), 8);
        }
    }
}

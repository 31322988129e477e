package io.ringvault.disk.volume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.crypto.KeySecret;
import io.ringvault.crypto.SunJceProvider;
import io.ringvault.disk.TestDisk;
import io.ringvault.disk.engine.Engine;
import io.ringvault.disk.engine.EngineConfig;
import io.ringvault.log.Anchor;
import io.ringvault.log.AnchorValue;
import io.ringvault.log.MemoryAnchor;
import io.ringvault.log.Place;
import io.ringvault.log.Superblock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SessionStartTest {
    private static final int BLOCKS = 96;
    private static final long SEED = Long.getLong("seed", 5);
    private final Random random = new Random(SEED);
    private final int[] expected = new int[BLOCKS];

    @Test
    void shouldRecoverTheSameStateWhenAnyWriteOfTheOpenIsTorn() {
        final SimulatedDevice device = crashedAt(0);
        tearEveryWrite(device, "after a crash");
    }

    @Test
    void shouldRecoverTheSameStateWhenTheSlotsNameTwoCheckpointsAndAnyWriteOfTheOpenIsTorn() {
        final SimulatedDevice device = crashedAt(1);
        try (VolumeAccess access = access(device)) {
            assertNotEquals(access.superblocks.current().checkpointRoot(), access.superblocks.other().checkpointRoot());
        }
        tearEveryWrite(device, "after one checkpoint");
    }

    /** The good checkpoint is named by one slot alone, and that is the one which an ordinary open overwrites first. */
    @Test
    void shouldRecoverTheSameStateWhenTheNewestCheckpointIsDamagedAndAnyWriteOfTheOpenIsTorn() {
        final SimulatedDevice device = crashedAt(2);
        try (VolumeAccess access = access(device)) {
            final Place root = access.superblocks.current().checkpointRoot();
            device.flipBit(access.header.geometry().blockOf(root.segment(), root.slot()) * 4096 + 99, 3);
        }
        tearEveryWrite(device, "with a damaged checkpoint");
    }

    @Test
    void shouldMakeBothSlotsNameOneCheckpointBeforeItUsesWhatTheOlderOneNeeded() {
        final SimulatedDevice device = crashedAt(1);
        final List<SimulatedDevice.Operation> writes = new ArrayList<>();
        device.observe(new SimulatedDevice.Observer() {
            @Override
            public void beforeOperation(final SimulatedDevice of, final SimulatedDevice.Operation operation) {
                if (operation.kind() == SimulatedDevice.Kind.WRITE) {
                    writes.add(operation);
                }
            }
        });
        try (VolumeAccess access = access(device)) {
            final Superblock before = access.superblocks.current();
            final long other = access.header.geometry().slotBlock(1 - before.which());
            assertTrue(VolumeReplay.replay(access, false, 1 << 20).levelSlots());
            begin(access);
            assertEquals(other * 4096, writes.getFirst().offsetBytes());
            assertTrue(writes.getFirst().fua());
        }
    }

    @Test
    void shouldLeaveNothingFreeableClosedWhenItStartsFromOneCheckpointOfACrashedSession() {
        try (VolumeAccess access = access(crashedAt(1))) {
            final VolumeState state = VolumeReplay.replay(access, false, 1 << 20);
            final List<Integer> segments = state.log().chunks().stream().map(chunk -> chunk.segment()).toList();
            for (int segment = 0; segment < state.table().segmentCount(); segment++) {
                final boolean dead = state.table().state(segment) == io.ringvault.log.SegmentState.CLOSED
                    && state.table().tableRefs(segment) + state.table().memRefs(segment) == 0
                    && !state.lately().get(segment) && !segments.contains(segment);
                assertFalse(dead, "segment " + segment + " is dead and still not free");
            }
            state.keys().destroy();
        }
    }

    @Test
    void shouldRefuseAndWriteNothingWhenTheAnchorMovedDuringTheOpen() {
        final MemoryAnchor anchor = new MemoryAnchor(TestDisk.KEY);
        final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, anchor);
        try (VolumeAccess access = access(device, anchor)) {
            final VolumeState state = VolumeReplay.replay(access, false, 1 << 20);
            final AnchorValue now = anchor.read();
            assertTrue(anchor.advance(now, new AnchorValue(now.session() + 7, now.epoch(), now.tag0(), now.tag1())));
            final SimulatedDevice.Snapshot before = device.imageSnapshot();
            assertEquals(StorageException.Category.FRESHNESS, assertThrows(StorageException.class,
                () -> SessionStart.begin(access, state, tiny(), random::nextBytes)).category());
            assertTrue(before.sameAs(device.imageSnapshot()));
        }
    }

    /** Whoever opens next advances the anchor; taking its value for ours would let two writers go on. */
    @Test
    void shouldExpectItsOwnAnchorValueWhenAnotherOpenerAdvancedItMeanwhile() {
        final MemoryAnchor anchor = new MemoryAnchor(TestDisk.KEY);
        final SimulatedDevice device = TestDisk.format(BLOCKS, 8 << 20, anchor);
        final List<AnchorValue> ours = new ArrayList<>();
        final Anchor overtaken = overtaken(anchor, ours);
        try (VolumeAccess access = access(device, overtaken)) {
            final AnchorValue taken = begin(access).anchored();
            assertEquals(ours.getFirst(), taken);
            assertNotEquals(ours.getFirst(), anchor.read());
        }
    }

    private static Anchor overtaken(final MemoryAnchor anchor, final List<AnchorValue> ours) {
        return (Anchor) java.lang.reflect.Proxy.newProxyInstance(Anchor.class.getClassLoader(),
            new Class<?>[] {Anchor.class}, (proxy, method, arguments) -> {
                final Object result = method.invoke(anchor, arguments);
                if (method.getName().equals("advance")) {
                    final AnchorValue own = (AnchorValue) arguments[1];
                    ours.add(own);
                    anchor.force(new AnchorValue(own.session() + 1, own.epoch(), own.tag0(), own.tag1()));
                }
                return result;
            });
    }

    private Engine.Start begin(final VolumeAccess access) {
        return VolumeOpener.openForWriting(access, tiny(), random::nextBytes);
    }

    private void tearEveryWrite(final SimulatedDevice device, final String what) {
        final List<SimulatedDevice> crashed = new ArrayList<>();
        final SimulatedDevice medium = device.crash(CrashPolicy.ALL, 1);
        medium.observe(new SimulatedDevice.Observer() {
            @Override
            public void beforeOperation(final SimulatedDevice of, final SimulatedDevice.Operation operation) {
                final long slots = operation.offsetBytes() / 4096;
                final boolean slot = slots == 1 || slots == of.sizeBytes() / 4096 - 2;
                for (int i = 0; i < (slot ? 12 : 1) && operation.kind() != SimulatedDevice.Kind.READ; i++) {
                    crashed.add(of.crash(CrashPolicy.RANDOM_TORN, random.nextLong()));
                }
                if (slot && operation.kind() == SimulatedDevice.Kind.WRITE) {
                    final SimulatedDevice torn = of.crash(CrashPolicy.ALL, 1);
                    torn.edit(operation.offsetBytes() + 512, new byte[512]);
                    crashed.add(torn);
                }
            }
        });
        try (VolumeAccess access = access(medium)) {
            begin(access);
        }
        assertTrue(crashed.size() > 10);
        for (int i = 0; i < crashed.size(); i++) {
            check(crashed.get(i), "seed " + SEED + ", " + what + ", crash " + i);
        }
        check(medium, what);
    }

    private void check(final SimulatedDevice device, final String what) {
        final TestDisk disk;
        try {
            disk = TestDisk.open(device);
        } catch (final StorageException refused) {
            throw new AssertionError(what + ": refused", refused);
        }
        for (int lba = 0; lba < BLOCKS; lba++) {
            assertEquals((byte) expected[lba], disk.bytes(lba * 4096L, 1)[0], what + ", block " + lba);
        }
        disk.disk.abandon();
    }

    /** A volume whose session wrote for a while, made so many checkpoints or a few more, synced, and was killed. */
    private SimulatedDevice crashedAt(final int checkpoints) {
        final SimulatedDevice device = TestDisk.format(BLOCKS, 4 << 20, null);
        TestDisk disk = TestDisk.open(device);
        writes(disk, 150);
        disk.disk.close();
        disk = TestDisk.open(device);
        while (disk.disk.counters().checkpoints() < checkpoints) {
            writes(disk, 1);
        }
        writes(disk, 1);
        final SimulatedDevice crashed = device.crash(CrashPolicy.ALL, SEED);
        disk.disk.abandon();
        return crashed;
    }

    private void writes(final TestDisk disk, final int count) {
        for (int i = 0; i < count; i++) {
            final int lba = random.nextInt(BLOCKS);
            expected[lba] = random.nextInt(1, 100);
            assertEquals(0, disk.await(disk.write(lba * 4096L, TestDisk.filled(4096, expected[lba]))));
        }
        assertEquals(0, disk.await(disk.sync()));
    }

    private static EngineConfig tiny() {
        final EngineConfig config = new EngineConfig();
        TestDisk.tiny(config);
        return config;
    }

    private static VolumeAccess access(final SimulatedDevice device) {
        return access(device, null);
    }

    private static VolumeAccess access(final SimulatedDevice device, final Anchor anchor) {
        return VolumeAccess.open(device, KeySecret.key(TestDisk.KEY), null, anchor, new SunJceProvider());
    }

}

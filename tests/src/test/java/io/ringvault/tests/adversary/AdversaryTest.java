package io.ringvault.tests.adversary;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.StorageException;
import io.ringvault.block.StorageException.Category;
import io.ringvault.log.Geometry;
import io.ringvault.tests.adversary.Volume.Outcome;
import io.ringvault.tests.harness.EngineDisk;
import io.ringvault.tests.harness.EngineKind;
import io.ringvault.tests.harness.Recorder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Many small attacks on one volume: whatever is changed, each block is right or reported, or the open is refused. */
class AdversaryTest {
    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final Pattern PLACE = Pattern.compile(
        "(?s).*(block|segment|slot|superblock|header|table|LBA|lba|chunk|checkpoint|volume|byte).*");

    private final long seed = Long.getLong("seed", 1);
    private final Random random = new Random(seed);
    private final EngineKind kind = EngineKind.tiny(seed);
    private final Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);

    @Test
    void shouldGiveRightDataOrNameThePlaceWhenAnyBlockHasOneFlippedBit() {
        final Volume volume = filled(true);
        for (long block = 0; block < kind.deviceBytes() / BLOCK; block++) {
            final SimulatedDevice medium = volume.medium();
            if (isZero(medium, block)) {
                continue;
            }
            final int bit = random.nextInt(BLOCK * 8);
            medium.flipBit(block * BLOCK + bit / 8, bit % 8);
            judge(volume, medium, "bit " + bit + " of block " + block);
        }
        report("one flipped bit in each block");
        assertTrue(outcomes.getOrDefault(Outcome.BLOCK_ERRORS, 0) > 20 && outcomes.getOrDefault(Outcome.INTACT, 0) > 20,
            "few attacks hit anything: " + outcomes);
    }

    @Test
    void shouldNeverServeAnythingElseWhenBlocksAreZeroedSwappedOrCopied() {
        final Volume volume = filled(true);
        final long blocks = kind.deviceBytes() / BLOCK;
        for (int i = 0; i < 250; i++) {
            final SimulatedDevice medium = volume.medium();
            final long first = random.nextLong(blocks);
            final long second = random.nextLong(blocks);
            final int attack = random.nextInt(3);
            if (attack == 0) {
                medium.edit(first * BLOCK, new byte[BLOCK]);
            } else {
                final byte[] kept = medium.content(second * BLOCK, BLOCK);
                medium.copyRange(first * BLOCK, second * BLOCK, BLOCK);
                if (attack == 1) {
                    medium.edit(first * BLOCK, kept);
                }
            }
            judge(volume, medium, "attack " + attack + " on blocks " + first + " and " + second);
        }
        report("blocks zeroed, swapped or copied");
    }

    @Test
    void shouldNeverServeAnOlderRegion() {
        final Volume volume = filled(true);
        final List<SimulatedDevice> older = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            older.add(volume.medium());
            volume.fill(60, seed + 10 + i);
        }
        final long blocks = kind.deviceBytes() / BLOCK;
        for (int i = 0; i < 250; i++) {
            final SimulatedDevice medium = volume.medium();
            final SimulatedDevice from = older.get(random.nextInt(older.size()));
            final int count = 1 << random.nextInt(8);
            final long first = random.nextLong(Math.max(1, blocks - count));
            medium.edit(first * BLOCK, from.content(first * BLOCK, count * BLOCK));
            judge(volume, medium, "blocks " + first + "+" + count + " from an older image");
        }
        report("older regions");
    }

    @Test
    void shouldNeverServeWrongDataFromATwoFacedDevice() {
        final Volume volume = filled(true);
        final SimulatedDevice old = volume.medium();
        volume.fill(80, seed + 20);
        for (int i = 0; i < 150; i++) {
            final SimulatedDevice medium = volume.medium();
            final Random faces = new Random(seed + i);
            final int mode = i % 3;
            medium.filterReads((nth, offset, data) -> {
                if (faces.nextInt(12) == 0) {
                    changeFace(mode, faces, old.content(offset, data.length), data);
                }
            });
            judge(volume, medium, "two faces, mode " + mode + " round " + i);
        }
        report("two-faced devices");
    }

    private static void changeFace(final int mode, final Random faces, final byte[] old, final byte[] data) {
        if (mode == 0) {
            System.arraycopy(old, 0, data, 0, data.length);
        } else if (mode == 1) {
            data[faces.nextInt(data.length)] ^= (byte) (1 << faces.nextInt(8));
        } else {
            Arrays.fill(data, (byte) 0);
        }
    }

    @Test
    void shouldReportDamageUnderAnOpenVolumeAndHealABlockByOverwritingIt() {
        final Volume volume = filled(false);
        final SimulatedDevice medium = volume.medium();
        final EngineDisk disk = kind.open(medium, null, Recorder.opening());
        for (long block = Geometry.FIRST_SEGMENT_BLOCK; block < kind.deviceBytes() / BLOCK - 2; block++) {
            medium.flipBit(block * BLOCK + random.nextInt(BLOCK), random.nextInt(8));
        }
        final byte[] data = new byte[BLOCK];
        int damaged = 0;
        for (long lba = 0; lba < kind.userBytes() / BLOCK; lba++) {
            try {
                disk.read(lba * BLOCK, data, 0, BLOCK);
            } catch (final StorageException reported) {
                assertEquals(Category.INTEGRITY, reported.category(), reported.getMessage());
                damaged++;
            }
        }
        assertTrue(damaged > 0, "nothing was damaged");
        for (long lba = 0; lba < 4; lba++) {
            final byte[] fresh = new byte[BLOCK];
            fresh[7] = (byte) (lba + 1);
            disk.write(lba * BLOCK, fresh, 0, BLOCK);
            disk.read(lba * BLOCK, data, 0, BLOCK);
            assertEquals(lba + 1, data[7]);
        }
        disk.abandon();
    }

    private Volume filled(final boolean anchored) {
        final Volume volume = new Volume(kind, seed, anchored);
        volume.fill(150, seed);
        return volume;
    }

    private void judge(final Volume volume, final SimulatedDevice medium, final String attack) {
        final Outcome outcome = volume.judge(medium, volume.anchor.copy(), "seed " + seed + ", " + attack);
        outcomes.merge(outcome, 1, Integer::sum);
        if (outcome == Outcome.REFUSED) {
            assertTrue(PLACE.matcher(volume.lastError).matches(), attack + ": no place in: " + volume.lastError);
        }
    }

    private void report(final String attack) {
        System.out.println("adversary, " + attack + ", seed " + seed + ": "
            + outcomes.values().stream().mapToInt(Integer::intValue).sum() + " edited images " + outcomes);
    }

    private static boolean isZero(final SimulatedDevice medium, final long block) {
        return Arrays.equals(medium.content(block * BLOCK, BLOCK), new byte[BLOCK]);
    }
}

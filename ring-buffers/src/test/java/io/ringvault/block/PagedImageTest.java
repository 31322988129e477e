package io.ringvault.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PagedImageTest {

    @Test
    void shouldBehaveLikeAnArrayAndKeepCopiesApart() {
        final long seed = Long.getLong("seed", 3);
        final Random random = new Random(seed);
        final int size = 5 * 4096 + 512;
        final byte[] model = new byte[size];
        final PagedImage image = new PagedImage(size);
        PagedImage earlier = image.copy();
        byte[] earlierModel = model.clone();
        for (int i = 0; i < 2000; i++) {
            final int offset = random.nextInt(size);
            final int length = random.nextInt(Math.min(9000, size - offset) + 1);
            switch (random.nextInt(3)) {
                case 0 -> {
                    final byte[] data = new byte[length + 3];
                    random.nextBytes(data);
                    image.write(offset, data, 3, length);
                    System.arraycopy(data, 3, model, offset, length);
                }
                case 1 -> {
                    image.zero(offset, length);
                    Arrays.fill(model, offset, offset + length, (byte) 0);
                }
                default -> {
                    final byte[] read = new byte[length];
                    image.read(offset, read, 0, length);
                    assertArrayEquals(Arrays.copyOfRange(model, offset, offset + length), read, "seed " + seed);
                }
            }
            if (i % 100 == 0) {
                final byte[] all = new byte[size];
                earlier.read(0, all, 0, size);
                assertArrayEquals(earlierModel, all, "seed " + seed);
                assertEquals(Arrays.equals(earlierModel, model), earlier.sameAs(image));
                earlier = image.copy();
                earlierModel = model.clone();
            }
        }
    }

    @Test
    void shouldCompareByContent() {
        final PagedImage one = new PagedImage(8192);
        final PagedImage other = new PagedImage(8192);
        one.write(4096, new byte[4096], 0, 4096);
        assertTrue(one.sameAs(other));
        one.write(4097, new byte[] {1}, 0, 1);
        assertFalse(one.sameAs(other));
    }
}

package io.ringvault.tests.oracle;

import io.ringvault.block.DmaBuffer;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.tests.crash.CrashOracle;
import io.ringvault.tests.harness.SimAnchor;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.TestDisk;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.BitSet;
import org.agrona.collections.LongHashSet;

/**
 * No plaintext and no key in anything that a device is given, nor, now and then, in any memory that it can see: every
 * window of 8 bytes of each secret is looked for at every offset. One thread.
 */
public final class SecretOracle implements CrashOracle {
    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int FILTER_BITS = 20;
    private static final int MEMORY_EVERY = 64;

    private final LongHashSet windows = new LongHashSet(0);
    private final BitSet filter = new BitSet(1 << FILTER_BITS);
    private long searchedBytes;
    private long examinations;
    private String violation;

    /** Looks for every 8 bytes of this from now on; words of few different bytes say nothing and are left out. */
    public void add(final byte[] secret) {
        for (int at = 0; at + Long.BYTES <= secret.length; at++) {
            final long word = (long) WORD.get(secret, at);
            if (word != 0 && Long.rotateLeft(word, 8) != word) {
                windows.add(word);
                filter.set(slot(word));
            }
        }
    }

    /** Bytes looked at so far. */
    public long searchedBytes() {
        return searchedBytes;
    }

    @Override
    public void watch(final SimRig rig) {
        rig.whenWritten((device, operation) -> search(
            device.content(operation.offsetBytes(), (int) operation.lengthBytes()), operation.toString()));
    }

    @Override
    public void afterOpen(final SimRig rig, final SimAnchor anchor, final TestDisk disk, final byte[] content) {
        if (++examinations % MEMORY_EVERY == 0) {
            searchMemory(rig.device());
        }
    }

    /** Searches all memory that the device can see. */
    public void searchMemory(final SimulatedDevice device) {
        for (final DmaBuffer buffer : device.dmaBuffers()) {
            final byte[] bytes = new byte[(int) buffer.lengthBytes()];
            buffer.copyOut(0, bytes, 0, bytes.length);
            search(bytes, "memory that the device can see");
        }
    }

    private void search(final byte[] bytes, final String where) {
        searchedBytes += bytes.length;
        for (int at = 0; at + Long.BYTES <= bytes.length; at++) {
            final long word = (long) WORD.get(bytes, at);
            if (filter.get(slot(word)) && windows.contains(word) && violation == null) {
                violation = "8 bytes of a secret at byte " + at + " of " + where;
            }
        }
    }

    private static int slot(final long word) {
        return (int) (word & (1 << FILTER_BITS) - 1);
    }

    @Override
    public void check() {
        if (violation != null) {
            throw new AssertionError(violation);
        }
    }
}

package io.ringvault.tests.nonce;

import io.ringvault.block.DmaBuffer;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.SimulatedDevice.Operation;
import io.ringvault.log.Geometry;
import io.ringvault.tests.crash.CrashOracle;
import io.ringvault.tests.harness.SimRig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Holds each block that a device is given against what the AEAD sealed: in a segment there are prefaces at slot 0 and
 * sealed
 * blocks, nothing else; outside there are headers and superblock slots. One thread.
 */
public final class DeviceOracle implements CrashOracle {
    private static final int BLOCK_BYTES = Geometry.BLOCK_BYTES;
    private static final long PREFACE_MAGIC = magic("RVSEG001");
    private static final long HEADER_MAGIC = magic("RINGVALT");

    private final NonceOracle seals;
    private final Geometry geometry;
    private long blocks;
    private String violation;

    /** For volumes of one geometry. */
    public DeviceOracle(final NonceOracle seals, final Geometry geometry) {
        this.seals = seals;
        this.geometry = geometry;
    }

    @Override
    public void watch(final SimRig rig) {
        rig.whenWritten(this::written);
    }

    @Override
    public void check() {
        seals.check();
        if (violation != null) {
            throw new AssertionError(violation);
        }
    }

    /** Blocks held against the seals. */
    public long blocks() {
        return blocks;
    }

    /** Throws when the 8 bytes occur anywhere in memory that the device can see, or on its medium. */
    public static void checkAbsent(final SimulatedDevice device, final long pattern, final String what) {
        for (final DmaBuffer buffer : device.dmaBuffers()) {
            search(buffer.segment(), pattern, what + " in memory that the device can see");
        }
        final int piece = 1 << 20;
        for (long at = 0; at < device.sizeBytes(); at += piece) {
            final int length = (int) Math.min(piece, device.sizeBytes() - at);
            search(MemorySegment.ofArray(device.content(at, length)), pattern, what + " on the medium, after byte "
                + at);
        }
    }

    private static void search(final MemorySegment memory, final long pattern, final String what) {
        for (long at = 0; at + 8 <= memory.byteSize(); at++) {
            if (memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at) == pattern) {
                throw new AssertionError(what + " at " + at);
            }
        }
    }

    private void written(final SimulatedDevice device, final Operation operation) {
        final byte[] data = device.content(operation.offsetBytes(), (int) operation.lengthBytes());
        for (int at = 0; at < data.length; at += BLOCK_BYTES) {
            blocks++;
            final long block = (operation.offsetBytes() + at) / BLOCK_BYTES;
            if (violation == null && !allowed(block, data, at)) {
                violation = operation + " brought block " + block + " to the device, which was never sealed";
            }
        }
    }

    private boolean allowed(final long block, final byte[] data, final int at) {
        final long first = ByteBuffer.wrap(data, at, 8).order(ByteOrder.LITTLE_ENDIAN).getLong();
        final long inSegments = block - Geometry.FIRST_SEGMENT_BLOCK;
        if (inSegments >= 0 && inSegments < (long) geometry.segmentBlocks() * geometry.segmentCount()) {
            return inSegments % geometry.segmentBlocks() == 0 ? first == PREFACE_MAGIC : seals.wasSealed(data, at);
        }
        if (block == geometry.headerBlock(0) || block == geometry.headerBlock(1)) {
            return first == HEADER_MAGIC || first == 0;
        }
        return block == geometry.slotBlock(0) || block == geometry.slotBlock(1);
    }

    private static long magic(final String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }
}

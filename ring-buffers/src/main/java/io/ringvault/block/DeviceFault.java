package io.ringvault.block;

/**
 * One planned misbehaviour of a {@link SimulatedDevice}: the n-th operation of a kind, counted from {@link
 * SimulatedDevice#inject} in order of submission, reports {@code status} and does {@code effect} instead of what it
 * should.
 *
 * @param kind       the operations counted
 * @param nth        from 1
 * @param persistent whether every later operation of the kind is hit as well
 * @param status     reported; {@link BlockStatus#OK} for a lie
 * @param effect     what really happens
 * @param argument   where a misdirected or duplicated write goes; else 0
 */
public record DeviceFault(SimulatedDevice.Kind kind, long nth, boolean persistent, int status, Effect effect,
    long argument) {

    /** What really happens to the medium or the buffer. */
    public enum Effect {
        /** Nothing: the write is lost, the flush makes nothing durable, the read leaves the buffer as it was. */
        NOTHING,
        /** What was asked for, whatever is reported. */
        NORMAL,
        /** Some sectors of the write, drawn by the seed. */
        TORN,
        /** The write goes to {@code argument} instead. */
        MISDIRECTED,
        /** The write goes to its place and to {@code argument} as well. */
        DUPLICATED
    }

    /** An error that the device may be asked again about or not, as a device would report it. */
    public static final int DEFAULT_STATUS = BlockStatus.error(BlockStatus.ORIGIN_DRIVER, 0,
        BlockStatus.DRIVER_INJECTED, false);

    /** The n-th operation fails and does nothing. */
    public static DeviceFault fail(final SimulatedDevice.Kind kind, final long nth, final int status) {
        return new DeviceFault(kind, nth, false, status, Effect.NOTHING, 0);
    }

    /** As {@link #fail}, with a final status. */
    public static DeviceFault fail(final SimulatedDevice.Kind kind, final long nth) {
        return fail(kind, nth, DEFAULT_STATUS);
    }

    /** The n-th write reports success and is lost. */
    public static DeviceFault loseWrite(final long nth) {
        return new DeviceFault(SimulatedDevice.Kind.WRITE, nth, false, BlockStatus.OK, Effect.NOTHING, 0);
    }

    /** The n-th flush reports success and makes nothing durable. */
    public static DeviceFault dropFlush(final long nth) {
        return new DeviceFault(SimulatedDevice.Kind.FLUSH, nth, false, BlockStatus.OK, Effect.NOTHING, 0);
    }

    /** The n-th write reports success and lands in part. */
    public static DeviceFault tearWrite(final long nth) {
        return new DeviceFault(SimulatedDevice.Kind.WRITE, nth, false, BlockStatus.OK, Effect.TORN, 0);
    }

    /** The n-th write reports success and lands at {@code offsetBytes}. */
    public static DeviceFault misdirectWrite(final long nth, final long offsetBytes) {
        return new DeviceFault(SimulatedDevice.Kind.WRITE, nth, false, BlockStatus.OK, Effect.MISDIRECTED, offsetBytes);
    }

    /** The n-th write lands where it should and at {@code offsetBytes}. */
    public static DeviceFault duplicateWrite(final long nth, final long offsetBytes) {
        return new DeviceFault(SimulatedDevice.Kind.WRITE, nth, false, BlockStatus.OK, Effect.DUPLICATED, offsetBytes);
    }

    /** The same fault for the n-th operation and every later one. */
    public DeviceFault persistently() {
        return new DeviceFault(kind, nth, true, status, effect, argument);
    }

    /** The same report, but the operation is really done: "the write fails but the data landed". */
    public DeviceFault landed() {
        return new DeviceFault(kind, nth, persistent, status, Effect.NORMAL, 0);
    }

    /** The same report, but the write is done in part. */
    public DeviceFault torn() {
        return new DeviceFault(kind, nth, persistent, status, Effect.TORN, 0);
    }
}

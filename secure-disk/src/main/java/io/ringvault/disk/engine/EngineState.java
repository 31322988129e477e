package io.ringvault.disk.engine;

import io.ringvault.block.BlockStatus;
import io.ringvault.ring.OpStatus;
import java.util.function.Supplier;

/**
 * What all stages of the data agent share: the volume's health, the cached clock and the counters.
 * Written by the data agent only; {@link #poisonReason()} and the counters may be read by any thread.
 */
final class EngineState {
    final EngineConfig config;
    final EngineCounters counters = new EngineCounters();
    final AgentHints hints = new AgentHints();
    final boolean readOnly;
    /** Blocks that one write may touch: what a memtable and the chunk buffers can take as a whole, at most 1 MiB. */
    int requestBlocks;
    /** Cached clock, refreshed once per duty cycle. */
    long nowNs;
    /** A checkpoint is written and its slot is not: the anchor does not say what it holds. */
    boolean anchorStalled;
    /** The volume key was rotated, writes are held until the anchor follows, and it does not answer. */
    boolean rekeyStalled;
    /** A checkpoint or a roll waits for a sync, since epochs are strict and users wrote something. */
    boolean syncAwaited;
    /** The session table is far too long: writes wait until the oldest sessions are empty. */
    boolean sessionsFull;
    private final Supplier<String> deviceFailure;
    private volatile String poisonReason;

    EngineState(final EngineConfig config, final boolean readOnly) {
        this(config, readOnly, () -> "");
    }

    /** @param deviceFailure what happened to the device, or empty; for messages */
    EngineState(final EngineConfig config, final boolean readOnly, final Supplier<String> deviceFailure) {
        this.deviceFailure = deviceFailure;
        this.config = config;
        this.readOnly = readOnly;
    }

    /** A device status with what the device says about itself. */
    String describe(final int status) {
        final String failure = deviceFailure.get();
        return BlockStatus.describe(status) + (failure.isEmpty() ? "" : ": " + failure);
    }

    /** From now on nothing is written: the first reason is kept, reads go on. */
    void poison(final String reason) {
        if (poisonReason == null) {
            poisonReason = reason;
        }
    }

    boolean poisoned() {
        return poisonReason != null;
    }

    /** OK when writes are possible, otherwise the status that refuses them. */
    int writeRefusal() {
        return readOnly ? OpStatus.READ_ONLY : poisoned() ? OpStatus.POISONED : OpStatus.OK;
    }

    /** Null while healthy. Any thread. */
    String poisonReason() {
        return poisonReason;
    }
}

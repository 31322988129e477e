package io.ringvault.tests.harness;

import io.ringvault.block.BlockDevice;
import io.ringvault.block.BlockStatus;
import io.ringvault.block.CrashPolicy;
import io.ringvault.block.SimulatedDevice;
import io.ringvault.block.SimulatedDevice.Kind;
import io.ringvault.block.SimulatedDevice.Operation;
import java.util.function.BiConsumer;

/**
 * A simulated device over its whole life: opened and closed again, its process killed, its power cut. Each opening
 * after the first
 * takes over what the device held, volatile content included. One thread.
 */
public final class SimRig {
    /** What a crash keeps of what was not durable. */
    public enum Keep {
        /** Power failure: nothing. */
        NONE(CrashPolicy.NONE),
        /** Power failure that spares everything, in flight too. */
        ALL(CrashPolicy.ALL),
        /** Power failure: a prefix. */
        PREFIX(CrashPolicy.PREFIX),
        /** Power failure: any subset. */
        SUBSET(CrashPolicy.RANDOM),
        /** Power failure: any subset, torn by sectors. */
        TORN(CrashPolicy.RANDOM_TORN),
        /** Power failure: any subset, torn by sectors, with noise in the tears. */
        NOISE(CrashPolicy.RANDOM_TORN_GARBAGE),
        /** The process ends, the power stays: what was volatile is readable and still volatile. */
        PROCESS_DEATH(null);

        private final CrashPolicy policy;

        Keep(final CrashPolicy policy) {
            this.policy = policy;
        }
    }

    private SimulatedDevice device;
    private boolean used;
    private long deaths;
    private Runnable atOperation;
    private BiConsumer<SimulatedDevice, Operation> whenWritten = (source, operation) -> { };

    private SimRig(final SimulatedDevice device) {
        this.device = device;
    }

    /** An empty device. */
    public static SimRig create(final long sizeBytes, final long seed) {
        return new SimRig(new SimulatedDevice(SimulatedDevice.Settings.of(sizeBytes), seed));
    }

    /** A device of another kind. */
    public static SimRig create(final SimulatedDevice.Settings settings, final long seed) {
        return new SimRig(new SimulatedDevice(settings, seed));
    }

    /** The device for the next disk to use; the one before must have been closed or abandoned. */
    public BlockDevice open() {
        if (used) {
            device = device.processDeath(++deaths);
        }
        used = true;
        watch();
        return device;
    }

    /** The device now. */
    public SimulatedDevice device() {
        return device;
    }

    /** An independent device in the state after a crash at this moment. */
    public SimRig crash(final Keep keep, final long seed) {
        return new SimRig(keep == Keep.PROCESS_DEATH ? device.processDeath(seed) : device.crash(keep.policy, seed));
    }

    /** An independent device that holds the same, volatile or not; nothing may be in flight. */
    public SimRig copy() {
        return new SimRig(device.processDeath(false));
    }

    /** An independent device after a power failure that kept exactly the volatile writes whose bit is set. */
    public SimRig crashSubset(final long mask) {
        return new SimRig(device.crashSubset(mask));
    }

    /** As {@link #crashSubset}, with one write torn: see {@link SimulatedDevice#crashTorn}. */
    public SimRig crashTorn(final long mask, final int torn, final int sectors, final boolean head) {
        return new SimRig(device.crashTorn(mask, torn, sectors, head));
    }

    /** An independent device after the end of the process, some of whose writes are still under way. */
    public SimRig processDeathWithLateWrites(final long seed) {
        return new SimRig(device.processDeathWithLateWrites(seed));
    }

    /** Runs whenever the device's state changes: after each submission and each completion other than of reads. */
    public void observe(final Runnable each) {
        atOperation = each;
        if (used) {
            watch();
        }
    }

    /** Sees each write when it has completed and is visible, beside those who see it already; for oracles. */
    public void whenWritten(final BiConsumer<SimulatedDevice, Operation> action) {
        whenWritten = whenWritten.andThen(action);
        if (used) {
            watch();
        }
    }

    /** Operations submitted to the device as opened last. */
    public long operations() {
        return device.operations();
    }

    private void watch() {
        final Runnable each = atOperation == null ? () -> { } : atOperation;
        device.observe(new SimulatedDevice.Observer() {
            @Override
            public void afterSubmission(final SimulatedDevice source, final Operation operation) {
                if (operation.kind() != Kind.READ) {
                    each.run();
                }
            }

            @Override
            public void afterCompletion(final SimulatedDevice source, final Operation operation, final int status) {
                if (operation.kind() == Kind.WRITE && status == BlockStatus.OK) {
                    whenWritten.accept(source, operation);
                }
                if (operation.kind() != Kind.READ) {
                    each.run();
                }
            }
        });
    }
}

package io.ringvault.tests.sim;

import io.ringvault.block.BlockDevice;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.SimRig.Keep;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/** A simulated device, of which any moment can be copied. One thread. */
final class SimulatedMachine implements Machine {
    private final Consumer<SimRig> watch;
    private SimRig rig;
    private LongConsumer digest = value -> { };

    /** @param watch sees each device that is used */
    SimulatedMachine(final SimRig rig, final Consumer<SimRig> watch) {
        this.rig = rig;
        this.watch = watch;
    }

    @Override
    public BlockDevice open() {
        final BlockDevice device = rig.open();
        watch.accept(rig);
        rig.observe(() -> digest.accept(rig.device().fingerprint() * 31 + rig.operations()));
        return device;
    }

    @Override
    public void crash(final Keep keep, final long seed, final Runnable abandon) {
        final SimRig next = rig.crash(keep, seed);
        become(next);
        abandon.run();
    }

    @Override
    public void trace(final LongConsumer each) {
        digest = each;
    }

    @Override
    public SimRig rig() {
        return rig;
    }

    @Override
    public void become(final SimRig other) {
        rig.observe(null);
        rig = other;
    }

    @Override
    public void close() {
        // Memory only.
    }
}

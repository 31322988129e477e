package io.ringvault.tests.sim;

import io.ringvault.block.BlockDevice;
import io.ringvault.tests.harness.SimRig;
import io.ringvault.tests.harness.SimRig.Keep;
import java.util.function.LongConsumer;

/** What a simulated disk lies on, over all its lives. One thread. */
interface Machine extends AutoCloseable {

    /** The device for the next life. */
    BlockDevice open();

    /** The life ends with a crash at this moment; {@code abandon} lets go of the disk. */
    void crash(Keep keep, long seed, Runnable abandon);

    /** Tells a digest of the device whenever it has changed. */
    void trace(LongConsumer digest);

    /** The device as it is simulated, where copies of it can be taken; otherwise null. */
    SimRig rig();

    /** Goes on with another device in its place. */
    void become(SimRig other);

    @Override
    void close();
}

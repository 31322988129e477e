package io.ringvault.block;

import java.util.ArrayList;
import java.util.List;

/** The faults that a {@link SimulatedDevice} is going to show. One thread. */
final class FaultPlan {
    private final List<Planned> faults = new ArrayList<>();

    private static final class Planned {
        private final DeviceFault fault;
        private long remaining;

        private Planned(final DeviceFault fault) {
            this.fault = fault;
            this.remaining = fault.nth();
        }
    }

    void add(final DeviceFault fault) {
        faults.add(new Planned(fault));
    }

    void clear() {
        faults.clear();
    }

    /** The fault of the next operation of this kind, or null; of several the one planned first. */
    DeviceFault draw(final SimulatedDevice.Kind kind) {
        DeviceFault hit = null;
        for (final Planned planned : faults) {
            if (planned.fault.kind() == kind) {
                planned.remaining--;
                final boolean now = planned.remaining == 0 || planned.fault.persistent() && planned.remaining < 0;
                hit = hit == null && now ? planned.fault : hit;
            }
        }
        return hit;
    }
}

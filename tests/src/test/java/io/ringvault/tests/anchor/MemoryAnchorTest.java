package io.ringvault.tests.anchor;

import java.util.concurrent.atomic.AtomicInteger;

/** The anchor in this process's memory under the contract. */
class MemoryAnchorTest extends AnchorContract {
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final AnchorPlace PLACE = new AnchorPlace() {
        @Override
        public String vacant() {
            return "memory:contract-" + NUMBER.incrementAndGet();
        }

        @Override
        public boolean reachable(final boolean now) {
            return false;
        }

        @Override
        public boolean damage(final String spec) {
            return false;
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    };

    @Override
    AnchorPlace place() {
        return PLACE;
    }
}

package io.ringvault.disk.engine;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** Gives table ids. The index agent takes them, the data agent records the next one in checkpoints. Any thread. */
public final class TableIds implements LongSupplier {
    private final AtomicLong next;

    public TableIds(final long first) {
        next = new AtomicLong(first);
    }

    @Override
    public long getAsLong() {
        return next.getAndIncrement();
    }

    /** The next id to be given: above every id in use. */
    public long next() {
        return next.get();
    }
}

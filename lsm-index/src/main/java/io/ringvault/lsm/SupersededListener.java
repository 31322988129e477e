package io.ringvault.lsm;

/** Told about each PRESENT record of a memtable that a later put, trim or loss in the same memtable replaces. */
@FunctionalInterface
public interface SupersededListener {
    /**
     * One record that named {@code generation} is gone from the memtable. Called on the memtable's owner thread,
     * inside the change.
     */
    void superseded(long generation);
}

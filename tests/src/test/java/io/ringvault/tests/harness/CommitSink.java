package io.ringvault.tests.harness;

/** Where a disk reports its commits; called on the thread that drives the disk. */
public interface CommitSink {

    /** The mark of a commit was sealed: it covers everything sequenced so far. */
    void sealed(long epoch, boolean engineStarted);

    /** The commit of this epoch survives a crash from now on. */
    void durable(long epoch);
}

package io.ringvault.tests.arch.planted.lsm;

/** A lawful class of the index. */
public final class Index {
}

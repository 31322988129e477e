package io.ringvault.tests.arch.planted.log;

/** A lawful class of the log. */
public final class Log {
}

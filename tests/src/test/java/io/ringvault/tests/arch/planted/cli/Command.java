package io.ringvault.tests.arch.planted.cli;

/** A lawful class of the command. */
public final class Command {
}

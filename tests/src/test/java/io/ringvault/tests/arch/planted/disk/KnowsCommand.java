package io.ringvault.tests.arch.planted.disk;

import io.ringvault.tests.arch.planted.cli.Command;

/** Planted: the disk stands above the command. */
final class KnowsCommand {
    private Command command;
}

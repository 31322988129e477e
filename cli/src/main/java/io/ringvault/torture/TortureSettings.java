package io.ringvault.torture;

import java.nio.file.Path;
import java.util.List;

/**
 * What a torture shall do.
 *
 * @param volume        where; its size is a multiple of {@code clients} x 4096
 * @param erase         whatever the device holds may be lost
 * @param modelCache    the device is the controller model over a file, so that its power can be cut too
 * @param clients       threads of a worker, 1..16
 * @param seed          of everything that is chosen; the moments of the kills also depend on the machine
 * @param durationNs    after which no further worker is started
 * @param workerCommand starts a JVM with this command; the worker's arguments are added
 * @param folder        for what a worker prints on its error stream
 */
public record TortureSettings(TortureVolume volume, boolean erase, boolean modelCache, int clients, long seed,
                              long durationNs, List<String> workerCommand, Path folder) {
}

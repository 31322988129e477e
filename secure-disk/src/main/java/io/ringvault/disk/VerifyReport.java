package io.ringvault.disk;

import java.util.List;

/**
 * What {@link Volumes#verify} found.
 *
 * @param blocksChecked blocks authenticated
 * @param damages       damaged blocks
 * @param damaged       the first of them, each naming its place
 * @param warnings      other things to know
 */
public record VerifyReport(long blocksChecked, long damages, List<String> damaged, List<String> warnings) {
}

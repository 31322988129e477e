package io.ringvault.disk;

import java.util.List;

/**
 * What an adoption did.
 *
 * @param refusal     what the anchor had against the image; null when it accepted it and only the anchor changed
 * @param imageEpoch  of the newest commit in the image
 * @param anchorEpoch that the anchor held; -1 when that could not be learned
 * @param newEpoch    at which the volume goes on
 * @param anchor      that is required from now on
 * @param warnings    what the user should know
 */
public record AdoptResult(String refusal, long imageEpoch, long anchorEpoch, long newEpoch, String anchor,
                          List<String> warnings) {
}

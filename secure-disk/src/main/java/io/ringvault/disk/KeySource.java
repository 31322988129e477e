package io.ringvault.disk;

import io.ringvault.crypto.KeySecret;

/**
 * Where a key or passphrase comes from. A plug: {@link KeySources} has files, commands, variables and descriptors; a
 * client of a key broker or a TPM implements this. Called once for each use, on the caller's thread; may block.
 */
@FunctionalInterface
public interface KeySource {

    /**
     * Fetches the secret; whoever asked closes it.
     *
     * @throws io.ringvault.block.StorageException CONFIGURATION when it is not to be had, saying why, and nothing about
     *     the secret
     */
    KeySecret obtain();
}

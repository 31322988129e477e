package io.ringvault.crypto;

import io.ringvault.block.StorageException;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/**
 * Argon2id version 1.3 (RFC 9106) by Bouncy Castle, whose working memory lies on the heap and is cleared by it. Slow on
 * purpose. Control plane, any thread.
 */
public final class Argon2id {
    /** Length of the salt. */
    public static final int SALT_BYTES = 32;
    /** Length of what is derived. */
    public static final int OUTPUT_BYTES = 32;

    private Argon2id() {
    }

    /**
     * Derives 32 bytes.
     *
     * @param passphrase stays the caller's to zero
     * @param parameters already checked by {@link KdfParameters#problem}
     * @return a new array; the caller zeroes it
     * @throws StorageException CONFIGURATION when the heap is too small for the parameters
     */
    public static byte[] derive(final byte[] passphrase, final byte[] salt, final KdfParameters parameters) {
        if (parameters.memoryKib() * 1024L > Runtime.getRuntime().maxMemory() / 4 * 3) {
            throw StorageException.configuration("deriving the key takes " + parameters.memoryKib() / 1024
                + " MiB of heap, and this JVM may use " + (Runtime.getRuntime().maxMemory() >> 20)
                + "; give it more with -Xmx");
        }
        final Argon2BytesGenerator generator = new Argon2BytesGenerator();
        generator.init(new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
            .withVersion(Argon2Parameters.ARGON2_VERSION_13).withSalt(salt).withMemoryAsKB(parameters.memoryKib())
            .withIterations(parameters.iterations()).withParallelism(parameters.parallelism()).build());
        final byte[] out = new byte[OUTPUT_BYTES];
        generator.generateBytes(passphrase, out);
        return out;
    }
}

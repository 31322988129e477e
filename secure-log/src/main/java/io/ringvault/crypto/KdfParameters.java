package io.ringvault.crypto;

import io.ringvault.block.StorageException;

/**
 * The cost of deriving a key from a passphrase: parameters of Argon2id (RFC 9106). Stored with the salt in the key
 * slot, so they come from a device that is not trusted: {@link #problem} says whether they are refused.
 *
 * <p>Security: whoever lowers stored parameters makes the slot useless, since they enter the derived key; whoever
 * raises them can waste at most {@link #WORK_MAX} of work for each slot. New slots never take over stored values.
 *
 * @param memoryKib   memory in KiB
 * @param iterations  passes over the memory
 * @param parallelism lanes; they are computed one after the other here
 */
public record KdfParameters(int memoryKib, int iterations, int parallelism) {
    /** Most memory: 1 GiB. */
    public static final int MEMORY_KIB_MAX = 1 << 20;
    /** Most passes. */
    public static final int ITERATIONS_MAX = 1 << 16;
    /** Most lanes. */
    public static final int PARALLELISM_MAX = 16;
    /** Most KiB times passes: 4 GiB once, or 64 MiB 64 times; some ten seconds of one core. */
    public static final long WORK_MAX = 4L << 20;
    /** Second recommended option of RFC 9106 in memory; one lane, since lanes help only who computes them at once. */
    public static final KdfParameters DEFAULT = new KdfParameters(64 << 10, 6, 1);

    private static final int MEMORY_KIB_PER_LANE_MIN = 8;
    private static final int ITERATIONS_MIN = 3;
    private static final long HEAP_SHARE = 4;

    /** Why values read from a device are refused; null when they are not. */
    public static String problem(final int memoryKib, final int iterations, final int parallelism) {
        if (parallelism < 1 || parallelism > PARALLELISM_MAX) {
            return parallelism + " lanes; allowed are 1 to " + PARALLELISM_MAX;
        }
        if (memoryKib < MEMORY_KIB_PER_LANE_MIN * parallelism || memoryKib > MEMORY_KIB_MAX) {
            return memoryKib + " KiB of memory; allowed are " + MEMORY_KIB_PER_LANE_MIN * parallelism + " to "
                + MEMORY_KIB_MAX;
        }
        if (iterations < 1 || iterations > ITERATIONS_MAX || (long) memoryKib * iterations > WORK_MAX) {
            return iterations + " passes over " + memoryKib + " KiB; allowed are 1 to "
                + Math.min(ITERATIONS_MAX, WORK_MAX / memoryKib);
        }
        return null;
    }

    /**
     * Checks what a user asks for.
     *
     * @throws StorageException CONFIGURATION
     */
    public KdfParameters checked() {
        final String problem = problem(memoryKib, iterations, parallelism);
        if (problem != null) {
            throw StorageException.configuration("key derivation with " + problem);
        }
        return this;
    }

    /**
     * Parameters that take about so long on this machine: at least three passes, over 64 MiB unless the heap is small.
     * Blocks for a few tenths of a second.
     *
     * @param targetNs time of one derivation
     */
    public static KdfParameters calibrated(final long targetNs) {
        final long share = Runtime.getRuntime().maxMemory() / HEAP_SHARE / 1024;
        int memory = DEFAULT.memoryKib;
        while (memory > share && memory > 1024) {
            memory /= 2;
        }
        final byte[] nothing = new byte[Argon2id.SALT_BYTES];
        Argon2id.derive(nothing, nothing, new KdfParameters(Math.min(memory, 16 << 10), 2, 1));
        final long start = System.nanoTime();
        Argon2id.derive(nothing, nothing, new KdfParameters(memory, 1, 1));
        final long passNs = Math.max(1, System.nanoTime() - start);
        final long most = WORK_MAX / memory;
        return new KdfParameters(memory, (int) Math.clamp(targetNs / passNs, ITERATIONS_MIN, most), 1);
    }
}

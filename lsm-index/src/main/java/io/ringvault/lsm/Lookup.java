package io.ringvault.lsm;

/** Result codes of a look-up. The first three are also the kinds of an index record, as stored. */
public final class Lookup {
    /** Nothing is known about the LBA here; look into what is older. At the very end it reads as zeros. */
    public static final int ABSENT = 0;
    /** The newest value lies at {@code Found.generation, slot} and has {@code Found.tag0, tag1}. */
    public static final int FOUND = 1;
    /** Trimmed: reads as zeros. */
    public static final int TRIMMED = 2;
    /** The value could not be kept: reads as an error until it is overwritten. */
    public static final int LOST = 3;
    /** A block is needed that is not cached; the cursor says which. Load and authenticate it, then go on. */
    public static final int NEED_BLOCK = 4;
    /** A block does not decode. Never falls through to an older value. */
    public static final int ERROR = 5;

    private Lookup() {
    }
}

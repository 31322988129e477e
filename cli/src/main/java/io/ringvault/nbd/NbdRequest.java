package io.ringvault.nbd;

/**
 * One request of the client, preallocated; in use from its header until its last reply is staged. Connection's thread
 * only.
 */
final class NbdRequest {
    final int index;
    long cookie;
    int type;
    int flags;
    long offset;
    int length;
    /** Operations issued for it and not completed. */
    int outstanding;
    /** Whether all its operations have been issued. */
    boolean issued;
    /** Whether its data leaves in several chunks. */
    boolean fragmented;
    /** Whether a flush must follow its writes before it is answered. */
    boolean flushAfter;
    /** The first error, or {@link NbdError#OK}. */
    int error;
    /** Where the first error happened, or -1 when the request itself was refused. */
    long errorOffset;

    NbdRequest(final int index) {
        this.index = index;
    }

    void begin(final long newCookie, final int newType, final int newFlags, final long newOffset, final int newLength) {
        cookie = newCookie;
        type = newType;
        flags = newFlags;
        offset = newOffset;
        length = newLength;
        outstanding = 0;
        issued = false;
        fragmented = false;
        flushAfter = false;
        error = NbdError.OK;
        errorOffset = -1;
    }

    /** Notes an error unless an earlier one stands. */
    void fail(final int newError, final long at) {
        if (error == NbdError.OK) {
            error = newError;
            errorOffset = at;
        }
    }

    boolean has(final int flag) {
        return (flags & flag) != 0;
    }
}

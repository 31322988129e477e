package io.ringvault.nbd;

/**
 * One operation on the disk: a request, or a piece of one. Preallocated; its index is its token. Connection's thread
 * only.
 */
final class NbdOperation {
    /** How its data is framed in the reply. */
    enum Framing {
        /** A simple reply's header, then the data. */
        SIMPLE,
        /** Data only: a simple reply's header has gone before. */
        BARE,
        /** A structured chunk that others follow. */
        CHUNK,
        /** The last structured chunk. */
        LAST_CHUNK
    }

    final int index;
    NbdRequest request;
    /** The command that it carries out, an {@code NbdProtocol.CMD_} value. */
    int type;
    long offset;
    int length;
    boolean fua;
    /** Its run in the pool, or {@link BufferPool#NONE}. */
    int buffer = BufferPool.NONE;
    Framing framing;

    NbdOperation(final int index) {
        this.index = index;
    }
}

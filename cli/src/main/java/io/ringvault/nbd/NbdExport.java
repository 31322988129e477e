package io.ringvault.nbd;

import java.lang.foreign.MemorySegment;

/**
 * What the server exports: a disk with polled clients. All methods of the export itself may be called from any
 * thread.
 */
public interface NbdExport {

    /** Size in bytes; constant. */
    long sizeBytes();

    /** Whether writes of any kind are refused. */
    boolean readOnly();

    /** One line for clients that ask for a description. */
    String description();

    /**
     * Opens a client for one connection; the calling thread owns it.
     *
     * @param depth operations that may be in flight at once, a power of two
     */
    Client openClient(int depth);

    /** Receives completions during {@link Client#poll}. */
    @FunctionalInterface
    interface Completion {

        /**
         * @param token as given at submission
         * @param error {@link NbdError#OK} or another of its values
         */
        void onCompletion(long token, int error);
    }

    /**
     * One owner thread's polled face of the disk. Offsets and lengths are bytes; the server has checked the range. A
     * buffer is lent until its completion has been polled. A flush covers every write completed before it was
     * submitted, on any client.
     */
    interface Client extends AutoCloseable {
        int ACCEPTED = 0;
        /** Nothing happened; poll and try again. */
        int BACK_PRESSURED = -1;
        /** The disk is closed; nothing will be accepted any more. */
        int CLOSED = -2;

        int submitRead(long token, long offset, MemorySegment target, long targetOffset, int length);

        int submitWrite(long token, long offset, MemorySegment source, long sourceOffset, int length, boolean fua);

        int submitFlush(long token);

        int submitTrim(long token, long offset, long length);

        int submitWriteZeroes(long token, long offset, long length, boolean fua);

        /** Delivers up to {@code limit} completions; returns how many. */
        int poll(Completion completion, int limit);

        @Override
        void close();
    }
}

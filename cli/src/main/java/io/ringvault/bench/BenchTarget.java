package io.ringvault.bench;

import io.ringvault.block.StorageException;
import java.lang.foreign.MemorySegment;

/**
 * Something that stores blocks, driven by one thread through numbered slots, each with a buffer of its own. The secure
 * disk and the raw device stand behind the same face so that both are measured by the same code.
 */
public interface BenchTarget extends AutoCloseable {

    /** Receives completions during {@link #poll}. */
    @FunctionalInterface
    interface Completion {

        /** The request of a slot has ended; 0 is success, anything else is for {@link #failure}. */
        void onCompletion(int slot, int status);
    }

    /** For headers and job names: {@code "ringvault"} or {@code "raw"}. */
    String name();

    long sizeBytes();

    /** The slot's buffer. */
    MemorySegment buffer(int slot);

    /** Reads into the slot's buffer; false when the target takes no more now. */
    boolean read(int slot, long offset, int length);

    /** Writes from the slot's buffer; false when the target takes no more now. */
    boolean write(int slot, long offset, int length);

    /** Makes durable every write completed before; false when the target takes no more now. */
    boolean sync(int slot);

    /** Hands over what was accepted, where that is a step of its own. */
    void submit();

    int poll(Completion completion, int limit);

    /** What a status other than 0 says, and in which category. */
    StorageException failure(int status, String what);

    /** Bytes that have reached the device so far. */
    long deviceBytesWritten();

    @Override
    void close();
}

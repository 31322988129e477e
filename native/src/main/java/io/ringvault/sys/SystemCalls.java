package io.ringvault.sys;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * The system calls that reach devices by file descriptor: the seam behind which a test puts a kernel of its own, so
 * that every order of calls and every refusal can be seen without the hardware.
 *
 * <p>Any thread; control plane only, calls may block. A failure is a {@link NativeIoException} with the errno. A
 * descriptor stays valid until it is closed; the caller never uses it afterwards.
 */
public interface SystemCalls {

    /** The operating system's own. */
    static SystemCalls real() {
        return LibcCalls.INSTANCE;
    }

    /** {@code open(path, O_RDWR | O_CLOEXEC)}, or read-only. */
    int open(Path path, boolean writable) throws NativeIoException;

    /** {@code close}; an error is not reported, since nothing is written back. */
    void close(int descriptor);

    /**
     * {@code ioctl} with a structure.
     *
     * @param what     the name of the request, for messages
     * @param argument off-heap, as long as the request demands
     * @return the result, 0 or more
     */
    int ioctl(String what, int descriptor, long request, MemorySegment argument) throws NativeIoException;

    /** {@code ioctl} with a number. */
    int ioctl(String what, int descriptor, long request, long argument) throws NativeIoException;

    /** {@code mmap(PROT_READ | PROT_WRITE, MAP_SHARED)} of a device's or file's range. */
    Mapping map(int descriptor, long offset, long lengthBytes) throws NativeIoException;

    /** {@code pread} of exactly the segment's length. */
    void read(int descriptor, long offset, MemorySegment target) throws NativeIoException;

    /** {@code pwrite} of exactly the segment's length. */
    void write(int descriptor, long offset, MemorySegment source) throws NativeIoException;

    /** {@code eventfd(0, EFD_CLOEXEC)}. */
    int eventDescriptor() throws NativeIoException;

    /** {@code poll} for POLLIN with a time-out of 0. */
    boolean readable(int descriptor) throws NativeIoException;
}

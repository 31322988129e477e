package io.ringvault.sys;

import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.Out;
import jnr.ffi.types.off_t;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;

/** The calls of {@link Libc} as jnr-ffi binds them: by interface, with its own marshalling and its own errno. */
public interface JnrLibc {
    /** The C library of this process. */
    JnrLibc LIBC = LibraryLoader.create(JnrLibc.class).load("c");
    /** Memory and errno of that library. */
    Runtime RUNTIME = Runtime.getRuntime(LIBC);

    int open(String path, int flags, int mode);

    int close(int fd);

    int flock(int fd, int operation);

    @ssize_t long pread(int fd, Pointer buffer, @size_t long count, @off_t long offset);

    @ssize_t long pwrite(int fd, Pointer buffer, @size_t long count, @off_t long offset);

    int fsync(int fd);

    int fdatasync(int fd);

    int ftruncate(int fd, @off_t long length);

    int fallocate(int fd, int mode, @off_t long offset, @off_t long length);

    @off_t long lseek(int fd, @off_t long offset, int whence);

    int ioctl(int fd, long request, Pointer argument);

    @size_t long mmap(Pointer address, @size_t long length, int protection, int flags, int fd, @off_t long offset);

    int munmap(@size_t long address, @size_t long length);

    int madvise(@size_t long address, @size_t long length, int advice);

    int mlock(@size_t long address, @size_t long length);

    int memfd_create(String name, int flags);

    int getpagesize();

    int sched_getaffinity(int pid, @size_t long length, @Out Pointer mask);

    int sched_setaffinity(int pid, @size_t long length, Pointer mask);

    @ssize_t long getrandom(Pointer buffer, @size_t long length, int flags);
}

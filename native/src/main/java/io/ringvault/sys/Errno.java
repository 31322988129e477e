package io.ringvault.sys;

/** Linux error numbers (asm-generic; the same on x86_64 and aarch64), by name and in words. Any thread. */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EFAULT = 14;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int ENODEV = 19;
    public static final int EINVAL = 22;
    public static final int ENOTTY = 25;
    public static final int ENOSPC = 28;
    public static final int EROFS = 30;
    public static final int EPIPE = 32;
    public static final int ENAMETOOLONG = 36;
    public static final int ENOSYS = 38;
    public static final int EMSGSIZE = 90;
    public static final int EOPNOTSUPP = 95;
    public static final int EADDRINUSE = 98;
    public static final int ECONNABORTED = 103;
    public static final int ECONNRESET = 104;
    public static final int ETIMEDOUT = 110;
    public static final int ECONNREFUSED = 111;
    public static final int EHWPOISON = 133;

    private Errno() {
    }

    /** The symbolic name, for example {@code EACCES}, or {@code errno 200}. */
    public static String name(final int errno) {
        return switch (errno) {
            case EPERM -> "EPERM";
            case ENOENT -> "ENOENT";
            case EINTR -> "EINTR";
            case EIO -> "EIO";
            case 6 -> "ENXIO";
            case 7 -> "E2BIG";
            case EBADF -> "EBADF";
            case EAGAIN -> "EAGAIN";
            case ENOMEM -> "ENOMEM";
            case EACCES -> "EACCES";
            case EFAULT -> "EFAULT";
            case 15 -> "ENOTBLK";
            case EBUSY -> "EBUSY";
            case EEXIST -> "EEXIST";
            case ENODEV -> "ENODEV";
            case 20 -> "ENOTDIR";
            case 21 -> "EISDIR";
            case EINVAL -> "EINVAL";
            case 23 -> "ENFILE";
            case 24 -> "EMFILE";
            case ENOTTY -> "ENOTTY";
            case 26 -> "ETXTBSY";
            case 27 -> "EFBIG";
            case ENOSPC -> "ENOSPC";
            case 29 -> "ESPIPE";
            case EROFS -> "EROFS";
            case EPIPE -> "EPIPE";
            case ENAMETOOLONG -> "ENAMETOOLONG";
            case 37 -> "ENOLCK";
            case ENOSYS -> "ENOSYS";
            case 40 -> "ELOOP";
            case 61 -> "ENODATA";
            case 75 -> "EOVERFLOW";
            case 84 -> "EILSEQ";
            case EMSGSIZE -> "EMSGSIZE";
            case EOPNOTSUPP -> "EOPNOTSUPP";
            case EADDRINUSE -> "EADDRINUSE";
            case ECONNABORTED -> "ECONNABORTED";
            case ECONNRESET -> "ECONNRESET";
            case 107 -> "ENOTCONN";
            case 108 -> "ESHUTDOWN";
            case ETIMEDOUT -> "ETIMEDOUT";
            case ECONNREFUSED -> "ECONNREFUSED";
            case 121 -> "EREMOTEIO";
            case 122 -> "EDQUOT";
            case EHWPOISON -> "EHWPOISON";
            default -> "errno " + errno;
        };
    }

    /** A few words on what the error means for a file or a device, or an empty text. */
    public static String meaning(final int errno) {
        return switch (errno) {
            case EPERM, EACCES -> "permission denied";
            case ENOENT -> "no such file";
            case EIO -> "the device failed";
            case EAGAIN -> "busy or over a limit";
            case ENOMEM -> "out of memory or over the locked-memory limit";
            case EBUSY -> "in use";
            case EEXIST -> "exists already";
            case ENODEV, 6 -> "no such device";
            case 20 -> "a part of the path is not a directory";
            case 21 -> "is a directory";
            case EINVAL -> "invalid argument, or not aligned for direct I/O";
            case 23, 24 -> "too many open files";
            case ENOSPC -> "no space left";
            case 27 -> "file too large";
            case EROFS -> "read-only file system";
            case ENOSYS, EOPNOTSUPP -> "not supported here";
            case EPIPE, ECONNRESET, ECONNABORTED -> "the peer closed the connection";
            case EADDRINUSE -> "in use, or left behind by a dead server";
            case ETIMEDOUT -> "no answer in time";
            case ECONNREFUSED -> "nobody listens";
            case 122 -> "quota exceeded";
            default -> "";
        };
    }
}

package io.ringvault.sys;

import java.io.IOException;

/** A system call failed. Carries the errno with its name, the operation, and what it was done to. */
public final class NativeIoException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;
    private final String operation;
    private final String path;

    /**
     * @param operation the system call, for example {@code pwrite}
     * @param path      the file or other object
     * @param errno     as the kernel returned it, or 0 for an unexpected end of file
     * @param detail    more for the message, or empty
     */
    public NativeIoException(final String operation, final String path, final int errno, final String detail) {
        super(text(operation, path, errno, detail));
        this.errno = errno;
        this.operation = operation;
        this.path = path;
    }

    private static String text(final String operation, final String path, final int errno, final String detail) {
        final StringBuilder text = new StringBuilder(operation).append(' ').append(path);
        if (errno != 0) {
            text.append(": ").append(Errno.name(errno));
            if (!Errno.meaning(errno).isEmpty()) {
                text.append(", ").append(Errno.meaning(errno));
            }
        }
        return detail.isEmpty() ? text.toString() : text.append(" (").append(detail).append(')').toString();
    }

    /** The kernel's error number; 0 for an unexpected end of file. */
    public int errno() {
        return errno;
    }

    /** The error's symbol, for example {@code EACCES}. */
    public String errnoName() {
        return errno == 0 ? "EOF" : Errno.name(errno);
    }

    /** The system call that failed. */
    public String operation() {
        return operation;
    }

    /** What it was done to. */
    public String path() {
        return path;
    }
}

package io.ringvault.block;

/**
 * The one exception of the control plane. Its message says what happened, to which thing, by which rule, and what to
 * do next; it never holds a secret. Each category has a stable exit code of the {@code ringvault} command.
 */
public final class StorageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What kind of failure, with the exit code that reports it. */
    public enum Category {
        /** Wrong use: arguments, sizes, a device in use. */
        CONFIGURATION(1),
        /** The device failed. */
        IO(2),
        /** Something stored does not verify: damage or tampering. */
        INTEGRITY(3),
        /** What is stored is authentic but not the newest: a rollback, a fork, a missing anchor. */
        FRESHNESS(4),
        /** The key does not open this volume. */
        WRONG_KEY(5),
        /** No space left. */
        OUT_OF_SPACE(6);

        private final int exitCode;

        Category(final int exitCode) {
            this.exitCode = exitCode;
        }

        /** The exit code of the command, stable for ever. */
        public int exitCode() {
            return exitCode;
        }
    }

    private final Category category;

    public StorageException(final Category category, final String message) {
        super(message);
        this.category = category;
    }

    public StorageException(final Category category, final String message, final Throwable cause) {
        super(message, cause);
        this.category = category;
    }

    public static StorageException configuration(final String message) {
        return new StorageException(Category.CONFIGURATION, message);
    }

    public static StorageException io(final String message) {
        return new StorageException(Category.IO, message);
    }

    public static StorageException integrity(final String message) {
        return new StorageException(Category.INTEGRITY, message);
    }

    public static StorageException freshness(final String message) {
        return new StorageException(Category.FRESHNESS, message);
    }

    public Category category() {
        return category;
    }
}

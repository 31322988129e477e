package io.ringvault.nvme.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.LongAdder;

/**
 * What the model remembers about the commands it served, and the log pages that show it: NVM Express Base 2.1, section
 * 5.1.12.1, written byte by byte. It counts since the model was opened. Any thread; a command that succeeds costs two
 * additions.
 */
final class ModelLog {
    /** Entries that the error log keeps: ELPE is one less. */
    static final int ERROR_ENTRIES = 64;

    private static final int ENTRY_BYTES = 64;
    private static final int UNIT_BYTES = 512_000;
    private static final int KELVIN = 273 + 31;

    /** One failed command. */
    private record Failure(long count, int queue, int command, int status, long lba, int namespace) {
    }

    private final LongAdder bytesRead = new LongAdder();
    private final LongAdder bytesWritten = new LongAdder();
    private final LongAdder reads = new LongAdder();
    private final LongAdder writes = new LongAdder();
    private final LongAdder mediaErrors = new LongAdder();
    private final Failure[] failures = new Failure[ERROR_ENTRIES];
    private long failed;

    /** A read ended well. */
    void read(final long lengthBytes) {
        reads.increment();
        bytesRead.add(lengthBytes);
    }

    /** A write ended well. */
    void written(final long lengthBytes) {
        writes.increment();
        bytesWritten.add(lengthBytes);
    }

    /** A command of any kind ended badly; {@code status} is a {@link ModelStatus}. */
    synchronized void failed(final int queue, final int command, final int status, final long lba,
        final int namespace) {
        failures[(int) (failed % ERROR_ENTRIES)] = new Failure(failed + 1, queue, command, status, lba, namespace);
        failed++;
        if ((status >>> 8 & 7) == 2) {
            mediaErrors.increment();
        }
    }

    /** Error Information, newest first, into zeroed bytes. */
    synchronized void errors(final MemorySegment page) {
        for (int i = 0; i < Math.min(failed, ERROR_ENTRIES) && (i + 1L) * ENTRY_BYTES <= page.byteSize(); i++) {
            final Failure failure = failures[(int) ((failed - 1 - i) % ERROR_ENTRIES)];
            final long at = (long) i * ENTRY_BYTES;
            page.set(Words.QWORD, at, failure.count);
            page.set(Words.DWORD, at + 8, failure.command << 16 | failure.queue);
            page.set(Words.DWORD, at + 12, failure.status << 1 & 0xFFFF | 0xFFFF << 16); // no parameter is blamed
            page.set(Words.QWORD, at + 16, failure.lba);
            page.set(Words.DWORD, at + 24, failure.namespace);
        }
    }

    /** SMART and Health Information, into zeroed bytes. */
    void smart(final MemorySegment page) {
        page.set(ValueLayout.JAVA_BYTE, 1, (byte) (KELVIN & 0xFF));
        page.set(ValueLayout.JAVA_BYTE, 2, (byte) (KELVIN >>> 8));
        page.set(ValueLayout.JAVA_BYTE, 3, (byte) 100);
        page.set(ValueLayout.JAVA_BYTE, 4, (byte) 10);
        page.set(Words.QWORD, 32, units(bytesRead.sum()));
        page.set(Words.QWORD, 48, units(bytesWritten.sum()));
        page.set(Words.QWORD, 64, reads.sum());
        page.set(Words.QWORD, 80, writes.sum());
        page.set(Words.QWORD, 112, 1);
        page.set(Words.QWORD, 160, mediaErrors.sum());
        synchronized (this) {
            page.set(Words.QWORD, 176, failed);
        }
    }

    private static long units(final long bytes) {
        return (bytes + UNIT_BYTES - 1) / UNIT_BYTES;
    }

    /** Firmware Slot Information: one slot, into zeroed bytes. */
    static void firmware(final MemorySegment page) {
        page.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        final byte[] revision = "1.0     ".getBytes(StandardCharsets.US_ASCII);
        MemorySegment.copy(revision, 0, page, ValueLayout.JAVA_BYTE, 8, revision.length);
    }
}

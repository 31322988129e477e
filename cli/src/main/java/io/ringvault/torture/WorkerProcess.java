package io.ringvault.torture;

import io.ringvault.block.StorageException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The parent's hold of one worker: starts it, writes its records into the histories, ends it. One thread's. */
final class WorkerProcess implements AutoCloseable {
    private static final int KILLED = 128 + 9;
    private static final int SECONDS_TO_OPEN = 180;
    private static final int SECONDS_TO_CLOSE = 180;

    private final Process process;
    private final Path errors;
    private final ClientHistories histories;
    private final TortureCounts counts;
    private final int[][] syncs;
    private final Thread reader;
    private final CountDownLatch openOrGone = new CountDownLatch(1);
    private final CountDownLatch heardOrGone = new CountDownLatch(1);
    private final long recordsWanted;
    private long records;
    private volatile boolean ready;
    private volatile boolean closed;
    private volatile Throwable failure;

    private WorkerProcess(final Process process, final Path errors, final long recordsWanted,
        final ClientHistories histories, final TortureCounts counts) {
        this.process = process;
        this.errors = errors;
        this.recordsWanted = recordsWanted;
        this.histories = histories;
        this.counts = counts;
        this.syncs = new int[histories.clients()][];
        this.reader = Thread.ofPlatform().daemon().name("torture-pipe").start(this::read);
    }

    static WorkerProcess start(final TortureSettings settings, final TortureVolume volume, final long run,
        final long seed, final long recordsWanted, final ClientHistories histories, final TortureCounts counts)
        throws IOException {
        final List<String> command = new ArrayList<>(settings.workerCommand());
        command.addAll(List.of(volume.uri(), "--anchor=" + volume.anchor(), "--size=" + volume.sizeBytes(),
            "--run=" + run, "--seed=" + seed, "--versions=" + IntStream.range(0, histories.clients())
                .mapToObj(client -> Long.toString(histories.nextVersion(client))).collect(Collectors.joining(","))));
        final Path errors = settings.folder().resolve("worker.log");
        final Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        return new WorkerProcess(process, errors, recordsWanted, histories, counts);
    }

    /** Waits until it has the volume open; throws when it ends before that. */
    void awaitReady() throws InterruptedException {
        if (!openOrGone.await(SECONDS_TO_OPEN, TimeUnit.SECONDS)) {
            throw new HistoryViolation("the volume did not open within " + SECONDS_TO_OPEN + " s");
        }
        if (!ready) {
            endedByItself();
        }
    }

    /** Waits until it has said as much as was wanted, or for so long. */
    void awaitRecords(final long limitMs) throws InterruptedException {
        heardOrGone.await(limitMs, TimeUnit.MILLISECONDS);
    }

    /** Whether it had the volume open. */
    boolean wasReady() {
        return ready;
    }

    /** SIGKILL; returns when it is gone and everything it said is in the histories. */
    void kill() throws InterruptedException {
        // Not Process.destroyForcibly: that closes the pipe as well, and with it goes what the worker said last.
        process.toHandle().destroyForcibly();
        final int exit = process.waitFor();
        joined();
        if (exit != KILLED) {
            endedByItself();
        }
    }

    /** Lets it end in order. */
    void end() throws InterruptedException {
        try {
            final OutputStream toWorker = process.getOutputStream();
            toWorker.write(TortureWorker.CLOSE);
            toWorker.flush();
        } catch (final IOException gone) {
            endedByItself();
        }
        if (!process.waitFor(SECONDS_TO_CLOSE, TimeUnit.SECONDS)) {
            throw new HistoryViolation("the volume did not close within " + SECONDS_TO_CLOSE + " s");
        }
        joined();
        if (process.exitValue() != 0 || !closed) {
            endedByItself();
        }
        histories.closed();
    }

    private void joined() throws InterruptedException {
        reader.join();
        if (failure != null) {
            throw new IllegalStateException("what the worker said cannot be understood: " + failure.getMessage(),
                failure);
        }
    }

    /** It ended though nobody killed it: what it said last tells why. */
    private void endedByItself() throws InterruptedException {
        final int exit = process.waitFor();
        final String text = "the worker ended by itself with code " + exit + ": " + lastWords();
        if (exit == StorageException.Category.IO.exitCode()) {
            throw StorageException.io(text);
        }
        throw new HistoryViolation(text);
    }

    private String lastWords() {
        try {
            final List<String> lines = Files.readAllLines(errors);
            return String.join("; ", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
        } catch (final IOException unreadable) {
            return "(" + errors + " cannot be read: " + unreadable.getMessage() + ")";
        }
    }

    private void read() {
        try {
            for (WorkerRecord record = WorkerRecord.receive(process.getInputStream()); record != null;
                record = WorkerRecord.receive(process.getInputStream())) {
                apply(record);
                if (++records >= recordsWanted) {
                    heardOrGone.countDown();
                }
            }
        } catch (final IOException | RuntimeException failed) {
            failure = failed;
        } finally {
            openOrGone.countDown();
            heardOrGone.countDown();
        }
    }

    private void apply(final WorkerRecord record) {
        switch (record.type()) {
            case WorkerRecord.READY -> {
                ready = true;
                openOrGone.countDown();
            }
            case WorkerRecord.WRITE, WorkerRecord.ZERO, WorkerRecord.TRIM -> begin(record);
            case WorkerRecord.END -> histories.end(record.client(), Math.toIntExact(record.a()), record.flag());
            case WorkerRecord.SYNC_BEGIN -> syncs[record.client()] = histories.syncBegin();
            case WorkerRecord.SYNC_END -> {
                histories.syncAcknowledged(syncs[record.client()]);
                counts.syncs++;
            }
            case WorkerRecord.READ -> counts.blocksRead += record.count();
            default -> closed = true;
        }
    }

    private void begin(final WorkerRecord record) {
        if (histories.nextVersion(record.client()) != record.b()) {
            throw new IllegalStateException("client " + record.client() + " numbers its operation " + record.b()
                + " instead of " + histories.nextVersion(record.client()));
        }
        histories.begin(record.client(), record.type() == WorkerRecord.WRITE ? History.Kind.WRITE : History.Kind.ZERO,
            record.a(), record.count());
        switch (record.type()) {
            case WorkerRecord.WRITE -> {
                counts.writes++;
                counts.bytesWritten += (long) record.count() * TortureVolume.GRANULE_BYTES;
            }
            case WorkerRecord.ZERO -> counts.zeroes++;
            default -> counts.trims++;
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}

package io.ringvault.torture;

import io.ringvault.block.StorageException;
import io.ringvault.disk.SecureDisk;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The process that works on the volume until it is killed: some clients, each on a thread and an area of its own.
 * What it is about to do it says first, and what was answered it says afterwards, through a pipe that outlives it.
 */
public final class TortureWorker {
    /** The byte on the worker's standard input that asks for an orderly end; the end of the input means: die. */
    static final int CLOSE = 'C';

    private final TortureVolume volume;
    private final long[] versions;
    private final long run;
    private final long seed;
    private final OutputStream out;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile boolean stopping;

    /**
     * @param volume   the volume, formatted
     * @param versions for each client the version that its next operation carries
     * @param run      see {@link ClientHistories}
     * @param seed     of this life
     * @param out      the pipe
     */
    public TortureWorker(final TortureVolume volume, final long[] versions, final long run, final long seed,
        final OutputStream out) {
        this.volume = volume;
        this.versions = versions.clone();
        this.run = run;
        this.seed = seed;
        this.out = out;
    }

    /**
     * Works until it is told to end.
     *
     * @param in  {@link #CLOSE} asks for an orderly end
     * @param die ends this process at once: the parent is gone
     * @throws StorageException when the volume does not open, a request is refused or a read returns something else
     */
    public void work(final InputStream in, final Runnable die) throws InterruptedException {
        final Thread watch = new Thread(() -> watch(in, die), "torture-watch");
        watch.setDaemon(true);
        watch.start();
        try (SecureDisk disk = SecureDisk.open(volume.context())) {
            tell(new WorkerRecord(WorkerRecord.READY, 0, false, 0, disk.sizeBytes(), 0));
            final List<Thread> threads = new ArrayList<>();
            for (int client = 0; client < versions.length; client++) {
                final TortureClient worker = new TortureClient(this, disk, client, versions.length,
                    volume.sizeBytes() / versions.length, versions[client], ClientHistories.runOf(run, client), seed);
                threads.add(Thread.ofPlatform().name("torture-client-" + client).start(() -> guarded(worker)));
            }
            for (final Thread thread : threads) {
                thread.join();
            }
            rethrow();
        }
        tell(new WorkerRecord(WorkerRecord.CLOSED, 0, false, 0, 0, 0));
    }

    private void watch(final InputStream in, final Runnable die) {
        try {
            if (in.read() == CLOSE) {
                stopping = true;
                return;
            }
        } catch (final IOException gone) {
            failure.compareAndSet(null, gone);
        }
        die.run();
    }

    private void guarded(final TortureClient client) {
        try {
            client.run();
        } catch (final RuntimeException | Error failed) {
            failure.compareAndSet(null, failed);
            stopping = true;
        }
    }

    private void rethrow() {
        switch (failure.get()) {
            case null -> { }
            case RuntimeException failed -> throw failed;
            case Error failed -> throw failed;
            case Throwable failed -> throw new IllegalStateException(failed);
        }
    }

    /** Whether the clients shall end. */
    boolean stopping() {
        return stopping;
    }

    /** One write, so that records of two threads never mix, in an order that agrees with time. */
    void tell(final WorkerRecord record) {
        synchronized (out) {
            try {
                record.send(out);
            } catch (final IOException broken) {
                throw new StorageException(StorageException.Category.IO, "the pipe to the parent is broken: "
                    + broken.getMessage(), broken);
            }
        }
    }
}

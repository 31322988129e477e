package io.ringvault.torture;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** A worker on a disk that acknowledges and writes nothing; waits to be killed. */
final class LyingWorker {

    private LyingWorker() {
    }

    /** Its arguments are a worker's. */
    public static void main(final String[] arguments) throws IOException {
        try (OutputStream out = new FileOutputStream(FileDescriptor.out)) {
            new WorkerRecord(WorkerRecord.READY, 0, false, 0, 0, 0).send(out);
            new WorkerRecord(WorkerRecord.WRITE, 0, false, 8, 16, 1).send(out);
            new WorkerRecord(WorkerRecord.END, 0, false, 0, 0, 0).send(out);
            new WorkerRecord(WorkerRecord.SYNC_BEGIN, 0, false, 0, 0, 0).send(out);
            new WorkerRecord(WorkerRecord.SYNC_END, 0, false, 0, 0, 0).send(out);
            while (System.in.read() >= 0) {
                out.flush();
            }
        }
    }
}

package io.ringvault.cli;

import io.ringvault.torture.TortureVolume;
import io.ringvault.torture.TortureWorker;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The process that {@code torture} starts and kills. Its output is for its parent alone. */
@Command(name = "torture-worker", hidden = true, description = "Started by torture.")
final class TortureWorkerCommand implements Callable<Integer> {
    private static final int PARENT_GONE = 1;

    @Parameters(paramLabel = "DEVICE")
    private String device;

    @Option(names = "--anchor", required = true)
    private String anchor;

    @Option(names = "--size", required = true)
    private long size;

    @Option(names = "--versions", required = true, split = ",", converter = BenchCommand.PlainNumber.class)
    private Long[] versions;

    @Option(names = "--run", required = true, converter = BenchCommand.PlainNumber.class)
    private Long run;

    @Option(names = "--seed", required = true, converter = BenchCommand.PlainNumber.class)
    private Long seed;

    @Override
    public Integer call() throws IOException, InterruptedException {
        final long[] first = java.util.Arrays.stream(versions).mapToLong(Long::longValue).toArray();
        try (OutputStream pipe = new FileOutputStream(FileDescriptor.out)) {
            new TortureWorker(new TortureVolume(device, anchor, size), first, run, seed, pipe)
                .work(System.in, () -> Runtime.getRuntime().halt(PARENT_GONE));
        }
        return 0;
    }
}

package io.ringvault.benchmarks;

import io.ringvault.ring.RequestHandler;
import io.ringvault.ring.RequestRing;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;

/**
 * What a request costs on its way from a client to the data agent, both ends on one thread: claim, encode, commit,
 * then decode. The cost of moving a cache line between cores comes on top. Read it with {@code -prof gc}: the ring
 * allocates nothing.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = "--sun-misc-unsafe-memory-access=allow")
public class RequestRingBenchmark {
    private static final int CAPACITY = 1024;
    private static final int BATCH = 32;
    private static final int OPCODE = 1;
    private static final int BLOCK_BYTES = 4096;

    /** Clients that take turns; the record holds the number, so that nothing folds to a constant. */
    @Param("4")
    private int clients;

    private RequestRing ring;
    private RequestHandler handler;
    private long sum;
    private long position;

    /** Makes an empty ring and a handler that uses every field. */
    @Setup
    public void prepare() {
        ring = new RequestRing(CAPACITY);
        handler = (clientId, opSlot, opcode, flags, offsetBytes, lengthBytes) ->
            sum += clientId + opSlot + opcode + flags + offsetBytes + lengthBytes;
    }

    /**
     * A batch of requests offered, then drained; the figure is per request.
     *
     * @return a sum over all fields, so that nothing is dead code.
     */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long offerAndDrain() {
        for (int i = 0; i < BATCH; i++) {
            if (!ring.offer(i % clients, i, OPCODE, 0, position, BLOCK_BYTES)) {
                throw new IllegalStateException("the ring is full after " + i + " requests");
            }
            position += BLOCK_BYTES;
        }
        final int drained = ring.drain(handler, BATCH);
        if (drained != BATCH) {
            throw new IllegalStateException(drained + " requests of " + BATCH + " came out");
        }
        return sum;
    }
}

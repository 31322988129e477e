package io.ringvault.nvme.model;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The I/O queues of the controller, by identifier, and who serves each: a thread of its own, or whoever steps the
 * model. Under the controller's lock but for the workers themselves, which never take it.
 */
final class ModelQueues {
    private static final int PAGE = 4096;
    private static final long IO_PARK_NS = 1_000_000;

    private final ModelOptions options;
    private final DeviceMemory memory;
    private final MemorySegment doorbells;
    private final Function<SubmissionRing, IoWorker> workerOf;
    private final Consumer<RuntimeException> onFailure;
    private final CompletionRing[] completions;
    private final IoWorker[] workers;
    private final Stage[] stages;
    private MemorySegment shadow;
    private MemorySegment eventIndex;
    private int badDoorbells;

    /**
     * @param workerOf  what serves a submission queue
     * @param onFailure hears, on a worker's thread, of what a real controller would call a firmware fault
     */
    ModelQueues(final ModelOptions options, final DeviceMemory memory, final MemorySegment doorbells,
                final Function<SubmissionRing, IoWorker> workerOf,
                final Consumer<RuntimeException> onFailure) {
        this.options = options;
        this.memory = memory;
        this.doorbells = doorbells;
        this.workerOf = workerOf;
        this.onFailure = onFailure;
        this.completions = new CompletionRing[options.queues() + 1];
        this.workers = new IoWorker[options.queues() + 1];
        this.stages = new Stage[options.queues() + 1];
    }

    /** The host's shadow doorbells and event indexes, a page each, for queues created from now on. */
    int shadowDoorbells(final long shadowAddress, final long eventIndexAddress) {
        shadow = memory.slice(shadowAddress, PAGE);
        eventIndex = memory.slice(eventIndexAddress, PAGE);
        return shadow == null || eventIndex == null ? ModelStatus.DATA_TRANSFER_ERROR : ModelStatus.OK;
    }

    /** Register {@code number} of all doorbells, two for each queue, without a shadow. */
    DoorbellView register(final int number) {
        return new DoorbellView(doorbells, offset(number), null, null);
    }

    private DoorbellView view(final int number) {
        return new DoorbellView(doorbells, offset(number), shadow, eventIndex);
    }

    private long offset(final int number) {
        return (long) number << 2 + options.strideShift();
    }

    int createCompletionQueue(final int queue, final int size, final long address) {
        if (queue < 1 || queue >= completions.length || completions[queue] != null) {
            return ModelStatus.INVALID_QUEUE_ID;
        }
        final MemorySegment ring = memory.slice(address, 16L * size);
        if (ring == null) {
            return ModelStatus.DATA_TRANSFER_ERROR;
        }
        completions[queue] = new CompletionRing(queue, ring, size, view(2 * queue + 1));
        return ModelStatus.OK;
    }

    int createSubmissionQueue(final int queue, final int size, final long address, final int completionQueue) {
        if (queue < 1 || queue >= workers.length || workers[queue] != null) {
            return ModelStatus.INVALID_QUEUE_ID;
        }
        if (completionQueue < 1 || completionQueue >= completions.length || completions[completionQueue] == null) {
            return ModelStatus.COMPLETION_QUEUE_INVALID;
        }
        final MemorySegment ring = memory.slice(address, 64L * size);
        if (ring == null) {
            return ModelStatus.DATA_TRANSFER_ERROR;
        }
        workers[queue] =
            workerOf.apply(new SubmissionRing(queue, ring, size, view(2 * queue), completions[completionQueue]));
        serve(queue);
        return ModelStatus.OK;
    }

    int deleteSubmissionQueue(final int queue) {
        if (queue < 1 || queue >= workers.length || workers[queue] == null) {
            return ModelStatus.INVALID_QUEUE_ID;
        }
        stop(queue);
        return ModelStatus.OK;
    }

    int deleteCompletionQueue(final int queue) {
        if (queue < 1 || queue >= completions.length || completions[queue] == null) {
            return ModelStatus.INVALID_QUEUE_ID;
        }
        for (final IoWorker worker : workers) {
            if (worker != null && worker.ring().completions() == completions[queue]) {
                return ModelStatus.INVALID_QUEUE_DELETION;
            }
        }
        completions[queue] = null;
        return ModelStatus.OK;
    }

    /** Ends a command that hangs; whether it did. */
    boolean abort(final int queue, final int commandId) {
        final IoWorker worker = queue > 0 && queue < workers.length ? workers[queue] : null;
        return worker != null && (options.inline() ? worker.abortNow(commandId) : worker.abort(commandId));
    }

    /** Serves all queues in the caller's thread; returns how much was done. */
    int step() {
        int done = 0;
        for (final IoWorker worker : workers) {
            done += worker == null ? 0 : worker.step();
        }
        return done;
    }

    /** The controller is being reset: commands that are as late as they can be happen now, all workers have stopped. */
    void executeLate() {
        for (int queue = 1; queue < workers.length; queue++) {
            final IoWorker worker = workers[queue];
            if (worker != null) {
                stop(queue);
                worker.executeLate();
            }
        }
    }

    /** No queue is left, and no shadow. */
    void reset() {
        for (int queue = 1; queue < workers.length; queue++) {
            stop(queue);
            completions[queue] = null;
        }
        shadow = null;
        eventIndex = null;
    }

    /** Lets no worker run until {@link #resume}. */
    void pause() {
        for (final Stage stage : stages) {
            if (stage != null) {
                stage.stop();
            }
        }
    }

    /** Goes on with the queues whose memory is still there; false when one was dropped. */
    boolean resume() {
        boolean all = true;
        for (int queue = 1; queue < workers.length; queue++) {
            stages[queue] = null;
            if (workers[queue] != null && !workers[queue].ring().isReachable()) {
                workers[queue] = null;
                all = false;
            } else if (workers[queue] != null) {
                serve(queue);
            }
        }
        return all;
    }

    private void serve(final int queue) {
        if (!options.inline()) {
            stages[queue] = new Stage("nvme-model-" + queue, IO_PARK_NS, workers[queue]::step, onFailure);
        }
    }

    private void stop(final int queue) {
        if (stages[queue] != null) {
            stages[queue].stop();
            stages[queue] = null;
        }
        if (workers[queue] != null) {
            badDoorbells += workers[queue].ring().badDoorbells();
            workers[queue] = null;
        }
    }

    /** Doorbell values that the host should not have written, over all queues so far. */
    int badDoorbells() {
        int sum = badDoorbells;
        for (final IoWorker worker : workers) {
            sum += worker == null ? 0 : worker.ring().badDoorbells();
        }
        return sum;
    }
}
